use super::*;

const NOISE: u8 = 0x5a;

fn bounds() -> ReadingBounds {
    ReadingBounds::default()
}

/// A box with its length and type before its content.
fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 8).unwrap();
    [&length.to_be_bytes()[..], kind, content].concat()
}

/// MPEG-1 layer III at 128 kbit/s and 44.1 kHz: frames of 417 bytes, without a header that tells
/// their number.
fn mp3(frames: usize) -> Vec<u8> {
    let frame = [&[0xff, 0xfb, 0x90, 0x00][..], &[0; 413]].concat();
    frame.repeat(frames)
}

/// Answers every step from a file at hand, as a server with ranges does.
fn read(file: &[u8], bounds: ReadingBounds) -> (Reading, Step) {
    let mut reading = Reading::new(bounds);
    loop {
        match reading.step() {
            Step::Range { offset, length } => {
                reading.requested();
                let from = usize::try_from(offset).unwrap();
                let to = file.len().min(from + usize::try_from(length).unwrap());
                assert!(reading.set_size(file.len() as u64));
                reading.insert(offset, Bytes::copy_from_slice(&file[from..to]));
            }
            end => return (reading, end),
        }
    }
}

#[test]
fn begins_with_a_range_and_asks_for_the_size_only_where_it_is_not_told() {
    let mut reading = Reading::new(bounds());
    assert_eq!(reading.step(), Step::Range { offset: 0, length: SMALLEST_RANGE });
    reading.requested();
    reading.insert(0, Bytes::from(vec![NOISE; 100]));
    assert_eq!(reading.step(), Step::Size);
    reading.requested();
    reading.size_asked();
    assert!(reading.set_size(100));
    assert!(!reading.set_size(101), "another size is another file");
}

#[test]
fn bare_sound_is_fetched_in_one_go() {
    let file = mp3(4000);
    let (reading, end) = read(&file, bounds());
    let Step::Done(info) = end else { panic!("{end:?}") };
    assert_eq!(info.container, Container::Mp3);
    assert!(info.duration.is_some_and(|it| (it.as_secs_f64() - 104.49).abs() < 0.1), "{info:?}");
    assert_eq!(reading.requests, 2);
    assert_eq!(reading.received, file.len() as u64);
}

#[test]
fn bare_sound_beyond_the_bound_keeps_its_kind_and_size() {
    let (reading, end) = read(&mp3(20_000), bounds());
    assert_eq!(end, Step::Stop("its facts lie behind more bytes than are read"));
    assert_eq!(reading.requests, 1, "counting a part of it would tell nothing");
    let info = reading.so_far().unwrap();
    assert_eq!((info.container, info.bytes), (Container::Mp3, Some(8_340_000)));
    assert_eq!((info.duration, info.corruption), (None, None));
}

#[test]
fn a_file_of_many_far_places_stops_at_the_bound_of_requests() {
    let part = [boxed(b"free", &[]), boxed(b"mdat", &[NOISE; 200_000])].concat();
    let file = [boxed(b"ftyp", b"isom\0\0\0\0"), part.repeat(20)].concat();
    let (reading, end) = read(&file, bounds());
    assert_eq!(end, Step::Stop("its facts are spread over more places than are looked at"));
    assert_eq!(reading.requests, bounds().requests);
    let info = reading.so_far().unwrap();
    assert_eq!((info.container, info.bytes), (Container::Mp4, Some(file.len() as u64)));
    assert_eq!((info.duration, info.corruption), (None, None), "that it has no index is not known");
}

#[test]
fn no_kind_is_named_from_too_few_bytes() {
    for (bytes, size, is_named) in [
        (&b""[..], None, false),
        (&b"{\"code\""[..], Some(100_000), false),
        (&b"{\"code\":500}"[..], Some(12), true),
    ] {
        let mut reading = Reading::new(bounds());
        if let Some(size) = size {
            reading.set_size(size);
        }
        reading.insert(0, Bytes::copy_from_slice(bytes));
        assert_eq!(reading.so_far().is_some(), is_named, "{bytes:?}");
    }
    // What is no known kind by its beginning may be one by what follows.
    let mut reading = Reading::new(bounds());
    reading.set_size(1_000_000);
    reading.insert(0, Bytes::from(vec![0; 20_000]));
    assert_eq!(reading.so_far(), None);
}

#[test]
fn a_whole_that_is_sent_is_read_as_far_as_needed() {
    let file = mp3(4000);
    let mut reading = Reading::new(bounds());
    reading.requested();
    reading.set_size(file.len() as u64);
    reading.is_sent_whole();
    let mut steps = 0;
    let info = loop {
        match reading.step() {
            Step::ReadOn { to } => {
                let from = reading.end();
                assert!(to > from, "it goes on");
                let range = usize::try_from(from).unwrap()..usize::try_from(to).unwrap();
                reading.insert(from, Bytes::copy_from_slice(&file[range]));
                steps += 1;
            }
            Step::Done(info) => break info,
            other => panic!("{other:?}"),
        }
    };
    assert!(info.duration.is_some() && info.corruption.is_none(), "{info:?}");
    assert!(steps <= 3, "{steps} steps");
    assert_eq!(reading.requests, 1);
}

#[test]
fn sizes_that_no_file_has_are_survived() {
    let mut reading = Reading::new(bounds());
    reading.requested();
    reading.set_size(u64::MAX);
    let head = [boxed(b"ftyp", b"isom\0\0\0\0"), b"\0\0\0\x01mdat".to_vec()].concat();
    let far = (u64::MAX - 100).to_be_bytes();
    let mut head = [head, far.to_vec()].concat();
    head.resize(65_536, NOISE);
    reading.insert(0, Bytes::from(head));
    for _ in 0..10 {
        match reading.step() {
            Step::Range { offset, length } => {
                assert!(offset.checked_add(length).is_some());
                reading.requested();
            }
            Step::Stop(_) | Step::Done(_) => return,
            other => panic!("{other:?}"),
        }
    }
    panic!("no end");
}
