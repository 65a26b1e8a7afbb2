use super::*;

const NOISE: u8 = 0x5a;

fn limits() -> RangeProbeLimits {
    RangeProbeLimits::default()
}

/// Returns a box: size, type and content.
fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 8).unwrap();
    [&length.to_be_bytes()[..], kind, content].concat()
}

/// Returns MPEG-1 layer III frames of 417 bytes at 128 kbit/s and 44.1 kHz, without a Xing header.
fn mp3(frames: usize) -> Vec<u8> {
    let frame = [&[0xff, 0xfb, 0x90, 0x00][..], &[0; 413]].concat();
    frame.repeat(frames)
}

/// Performs every step on a file in memory, as a server with range requests does.
fn read(file: &[u8], limits: RangeProbeLimits) -> (RangeProbe, Step) {
    let mut probe = RangeProbe::new(limits);
    loop {
        match probe.next_step() {
            Step::Range { offset, length } => {
                probe.record_request();
                let from = usize::try_from(offset).unwrap();
                let to = file.len().min(from + usize::try_from(length).unwrap());
                assert!(probe.set_size(file.len() as u64));
                probe.insert(offset, Bytes::copy_from_slice(&file[from..to]));
            }
            end => return (probe, end),
        }
    }
}

#[test]
fn starts_with_a_range_and_queries_the_size_only_if_it_is_unknown() {
    let mut probe = RangeProbe::new(limits());
    assert_eq!(probe.next_step(), Step::Range { offset: 0, length: SMALLEST_RANGE });
    probe.record_request();
    probe.insert(0, Bytes::from(vec![NOISE; 100]));
    assert_eq!(probe.next_step(), Step::QuerySize);
    probe.record_request();
    probe.record_size_query();
    assert!(probe.set_size(100));
    assert!(!probe.set_size(101), "a different size is a different file");
}

#[test]
fn raw_audio_is_fetched_with_one_request() {
    let file = mp3(4000);
    let (probe, end) = read(&file, limits());
    let Step::Done(info) = end else { panic!("{end:?}") };
    assert_eq!(info.container, Container::Mp3);
    assert!(info.duration.is_some_and(|it| (it.as_secs_f64() - 104.49).abs() < 0.1), "{info:?}");
    assert_eq!(probe.requests, 2);
    assert_eq!(probe.received, file.len() as u64);
}

#[test]
fn raw_audio_beyond_the_limit_keeps_its_kind_and_size() {
    let (probe, end) = read(&mp3(20_000), limits());
    assert_eq!(end, Step::Stop("its headers are further into the file than is fetched"));
    assert_eq!(probe.requests, 1, "counting part of the frames proves nothing");
    let info = probe.partial_info().unwrap();
    assert_eq!((info.container, info.bytes), (Container::Mp3, Some(8_340_000)));
    assert_eq!((info.duration, info.corruption), (None, None));
}

#[test]
fn a_file_of_many_distant_boxes_stops_at_the_request_limit() {
    let part = [boxed(b"free", &[]), boxed(b"mdat", &[NOISE; 200_000])].concat();
    let file = [boxed(b"ftyp", b"isom\0\0\0\0"), part.repeat(20)].concat();
    let (probe, end) = read(&file, limits());
    assert_eq!(end, Step::Stop("its headers are spread over more ranges than are fetched"));
    assert_eq!(probe.requests, limits().max_requests);
    let info = probe.partial_info().unwrap();
    assert_eq!((info.container, info.bytes), (Container::Mp4, Some(file.len() as u64)));
    assert_eq!(
        (info.duration, info.corruption),
        (None, None),
        "whether it has an index is unknown"
    );
}

#[test]
fn no_kind_is_reported_from_too_few_bytes() {
    for (bytes, size, is_named) in [
        (&b""[..], None, false),
        (&b"{\"code\""[..], Some(100_000), false),
        (&b"{\"code\":500}"[..], Some(12), true),
    ] {
        let mut probe = RangeProbe::new(limits());
        if let Some(size) = size {
            probe.set_size(size);
        }
        probe.insert(0, Bytes::copy_from_slice(bytes));
        assert_eq!(probe.partial_info().is_some(), is_named, "{bytes:?}");
    }
    // The bytes that follow may still show the kind.
    let mut probe = RangeProbe::new(limits());
    probe.set_size(1_000_000);
    probe.insert(0, Bytes::from(vec![0; 20_000]));
    assert_eq!(probe.partial_info(), None);
}

#[test]
fn a_whole_response_body_is_read_as_far_as_needed() {
    let file = mp3(4000);
    let mut probe = RangeProbe::new(limits());
    probe.record_request();
    probe.set_size(file.len() as u64);
    probe.set_whole_body();
    let mut steps = 0;
    let info = loop {
        match probe.next_step() {
            Step::ReadBody { to } => {
                let from = probe.end();
                assert!(to > from, "it makes progress");
                let range = usize::try_from(from).unwrap()..usize::try_from(to).unwrap();
                probe.insert(from, Bytes::copy_from_slice(&file[range]));
                steps += 1;
            }
            Step::Done(info) => break info,
            other => panic!("{other:?}"),
        }
    };
    assert!(info.duration.is_some() && info.corruption.is_none(), "{info:?}");
    assert!(steps <= 3, "{steps} steps");
    assert_eq!(probe.requests, 1);
}

#[test]
fn impossible_sizes_do_no_harm() {
    let mut probe = RangeProbe::new(limits());
    probe.record_request();
    probe.set_size(u64::MAX);
    let head = [boxed(b"ftyp", b"isom\0\0\0\0"), b"\0\0\0\x01mdat".to_vec()].concat();
    let far = (u64::MAX - 100).to_be_bytes();
    let mut head = [head, far.to_vec()].concat();
    head.resize(65_536, NOISE);
    probe.insert(0, Bytes::from(head));
    for _ in 0..10 {
        match probe.next_step() {
            Step::Range { offset, length } => {
                assert!(offset.checked_add(length).is_some());
                probe.record_request();
            }
            Step::Stop(_) | Step::Done(_) => return,
            other => panic!("{other:?}"),
        }
    }
    panic!("no end");
}
