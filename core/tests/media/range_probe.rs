//! The number of bytes and requests of a probe.

use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::media_files::{Folder, H264, PICTURE, TONE, find};
use bytes::Bytes;
use viseme::media::probe::{
    BytesSource, FileSource, ProbeLimits, ReadError, SparseSource, probe, probe_with,
};
use viseme::media::{Container, MediaInfo};

/// The cost of a probe by ranges.
struct Fetched {
    info: MediaInfo,
    rounds: usize,
    bytes: u64,
}

/// Probes a file as if it were behind a URL: fetches each missing range and probes again.
fn probe_by_ranges(path: &Path, knows_size: bool) -> Fetched {
    let mut file = std::fs::File::open(path).expect("the file that was made");
    let size = file.metadata().expect("a size").len();
    let mut source = SparseSource::new(knows_size.then_some(size));
    for rounds in 0..50 {
        match probe(&source) {
            Ok(info) => return Fetched { info, rounds, bytes: source.bytes_held() },
            Err(ReadError::Missing { offset, length }) => {
                let mut piece = Vec::new();
                file.seek(SeekFrom::Start(offset)).expect("a place");
                (&mut file).take(length as u64).read_to_end(&mut piece).expect("bytes");
                // As the first response of a server does.
                source.set_size(size);
                source.insert(offset, Bytes::from(piece));
            }
            Err(error) => panic!("{error}"),
        }
    }
    panic!("no end after 50 rounds");
}

#[test]
fn usual_files_take_few_ranges() {
    let folder = Folder::new();
    // About 2 MB: noise does not compress.
    let noise = "-f lavfi -i nullsrc=size=640x360:rate=25:duration=3,\
                 geq=random(1)*255:random(2)*255:128";
    folder.ffmpeg(&format!("{noise} {TONE} {H264} -c:a aac last.mp4"));
    folder.ffmpeg("-i last.mp4 -c copy -movflags +faststart first.mp4");
    folder.ffmpeg("-i last.mp4 -c copy movie.mov");
    folder.ffmpeg("-i last.mp4 -c copy -movflags +dash+global_sidx fragments.mp4");
    let long_tone = "-f lavfi -i sine=frequency=440:sample_rate=44100:duration=60";
    folder.ffmpeg(&format!("{long_tone} -c:a aac -b:a 192k long.m4a"));
    folder.ffmpeg(&format!("{long_tone} -c:a libmp3lame -b:a 192k long.mp3"));
    folder.ffmpeg(&format!("{long_tone} -c:a libmp3lame -b:a 192k -write_xing 0 bare.mp3"));
    folder.ffmpeg(&format!("{long_tone} -c:a pcm_s16le long.wav"));
    assert!(folder.read("last.mp4").len() > 1_000_000);

    for (name, most_rounds, most_bytes) in [
        ("last.mp4", 3, 150_000),
        ("first.mp4", 2, 150_000),
        ("movie.mov", 3, 150_000),
        ("fragments.mp4", 5, 300_000),
        ("long.m4a", 3, 150_000),
        ("long.mp3", 1, 40_000),
        ("long.wav", 1, 40_000),
        // Its header has no duration: all of it is read, in growing pieces.
        ("bare.mp3", 8, 1_600_000),
    ] {
        let path = folder.path(name);
        let local = probe(&FileSource::open(&path).expect("a file")).expect("facts");
        for knows_size in [true, false] {
            let remote = probe_by_ranges(&path, knows_size);
            println!("{name}: {} rounds, {} bytes", remote.rounds, remote.bytes);
            assert_eq!(remote.info, local, "{name}");
            assert!(remote.rounds <= most_rounds, "{name}: {} rounds", remote.rounds);
            assert!(remote.bytes <= most_bytes, "{name}: {} bytes", remote.bytes);
        }
    }
}

#[test]
fn a_hundred_megabytes_are_not_read() {
    const LENGTH: u64 = 120 * 1024 * 1024;
    let folder = Folder::new();
    let content = folder.plain_video("plain.mp4");
    let media = find(&content, b"mdat").expect("media data") - 4;
    let index = find(&content, b"moov").expect("an index") - 4;
    assert!(media < index);

    // The same video with a hole in its media data, and its index behind the hole.
    let path = folder.path("huge.mp4");
    let mut huge = std::fs::File::create(&path).expect("a file");
    huge.write_all(&content[..media]).expect("room");
    huge.write_all(b"\0\0\0\x01mdat").expect("room");
    huge.write_all(&LENGTH.to_be_bytes()).expect("room");
    huge.set_len(media as u64 + LENGTH).expect("room for a hole");
    huge.seek(SeekFrom::End(0)).expect("its end");
    huge.write_all(&content[index..]).expect("room");
    drop(huge);

    let source = FileSource::open(&path).expect("the file");
    let mut info = probe(&source).expect("facts");
    println!("{} bytes read of {:?}", source.bytes_read(), info.bytes);
    assert!(info.bytes.is_some_and(|bytes| bytes > 100 * 1024 * 1024));
    assert!(source.bytes_read() < 256 * 1024, "{} bytes read", source.bytes_read());
    let small = probe(&BytesSource::new(content)).expect("facts");
    info.bytes = small.bytes;
    assert_eq!(info, small);
}

#[test]
fn a_limit_leaves_unknown_what_lies_behind_it() {
    let folder = Folder::new();
    let tone = "-f lavfi -i sine=frequency=440:sample_rate=44100:duration=20";
    folder.ffmpeg(&format!("{tone} -c:a libmp3lame -b:a 192k -write_xing 0 bare.mp3"));
    let content = BytesSource::new(folder.read("bare.mp3"));
    let mut whole = probe(&content).expect("facts");
    assert!(whole.duration.take().is_some());
    let limited = probe_with(&content, ProbeLimits::bytes(200_000)).expect("facts");
    // No guess, and no message that the file is truncated.
    assert_eq!(limited, whole);

    // The index is beyond the limit, which is not a file without an index.
    let video = BytesSource::new(folder.plain_video("last.mp4"));
    let limited = probe_with(&video, ProbeLimits::bytes(33_000)).expect("facts");
    assert_eq!((limited.duration, limited.corruption), (None, None));
}

#[test]
fn ranges_that_overlap_are_joined() {
    use viseme::media::probe::ReadAt;
    let mut source = SparseSource::new(Some(10));
    source.insert(0, Bytes::from_static(b"0123"));
    source.insert(2, Bytes::from_static(b"2345"));
    source.insert(2, Bytes::from_static(b"23"));
    source.insert(8, Bytes::from_static(b"89"));
    assert_eq!(source.read_at(1, 5).expect("at hand"), &b"12345"[..]);
    assert_eq!(source.read_at(8, 100).expect("at hand"), &b"89"[..]);
    assert_eq!(source.read_at(10, 1).expect("behind the end"), &b""[..]);
    match source.read_at(4, 5) {
        Err(ReadError::Missing { offset: 6, length: 3 }) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_fragmented_file_without_pictures_counts_its_samples() {
    let folder = Folder::new();
    folder.ffmpeg(&format!(
        "{PICTURE} {H264} -g 10 -movflags +frag_keyframe+empty_moov+default_base_moof many.mp4"
    ));
    let fetched = probe_by_ranges(&folder.path("many.mp4"), true);
    assert_eq!(fetched.info.container, Container::Mp4);
    assert_eq!(fetched.info.duration.map(|it| it.as_secs_f64()), Some(3.0));
}
