//! Checks of files that are truncated, empty, unfinished or of another kind than their name.

use crate::media_files::{Folder, H264, PICTURE, TONE, find, find_all};
use viseme::media::probe::{BytesSource, FileSource, probe};
use viseme::media::{Container, MediaInfo, Rule, Violation, validate};
use viseme::model::{Level, MediaLimits, describe};

fn limits(field: &str) -> MediaLimits {
    let model = describe("kwaivgi/kling-lipsync/audio-to-video").expect("a known model");
    *model.media_limits(field).expect("a medium")
}

fn info(content: &[u8]) -> MediaInfo {
    probe(&BytesSource::new(content.to_vec())).expect("bytes in memory can be read")
}

fn violations(field: &str, name: &str, content: &[u8]) -> Vec<Violation> {
    validate(field, name, &info(content), &limits(field))
}

/// The one violation of a file.
fn only(field: &str, name: &str, content: &[u8]) -> Violation {
    let found = violations(field, name, content);
    let [only] = <[Violation; 1]>::try_from(found)
        .unwrap_or_else(|found| panic!("{name}: one violation was expected, not {found:#?}"));
    only
}

#[test]
fn valid_media_have_no_violations() {
    let folder = Folder::new();
    let hd = "-f lavfi -i testsrc=size=1280x720:rate=10:duration=3";
    folder.ffmpeg(&format!("{hd} {TONE} {H264} -c:a aac face.mp4"));
    folder.ffmpeg(&format!("{TONE} -c:a libmp3lame voice.mp3"));
    assert_eq!(violations("video", "face.mp4", &folder.read("face.mp4")), []);
    assert_eq!(violations("audio", "voice.mp3", &folder.read("voice.mp3")), []);
    // Each as the other parameter: the message names the real kind.
    let swapped = only("audio", "face.mp4", &folder.read("face.mp4"));
    assert_eq!(
        swapped.message,
        "`audio`: face.mp4 is an MP4 video. The model accepts MP3, WAV, M4A or AAC. Extract its \
         audio as MP3: ffmpeg -i face.mp4 -vn face.mp3"
    );
}

#[test]
fn other_kinds_are_recognized_whatever_the_file_name() {
    let folder = Folder::new();
    for (arguments, name) in [
        (format!("{PICTURE} {TONE} -c:v libvpx -deadline realtime -c:a libvorbis"), "a.webm"),
        (format!("{PICTURE} {TONE} {H264} -c:a aac"), "a.mkv"),
        (format!("{PICTURE} -c:v mpeg4"), "a.avi"),
        (format!("{PICTURE} {TONE} {H264} -c:a aac"), "a.ts"),
        (format!("{PICTURE} -c:v mpeg2video"), "a.mpg"),
        (format!("{PICTURE} {TONE} -c:v flv -c:a aac"), "a.flv"),
        (format!("{PICTURE} {TONE} -c:v wmv2 -c:a wmav2"), "a.wmv"),
        (format!("{TONE} -c:a libvorbis"), "a.ogg"),
        (format!("{TONE} -c:a libopus"), "a.opus"),
        (format!("{TONE} -c:a flac"), "a.flac"),
        (format!("{TONE} -c:a pcm_s16be"), "a.aiff"),
        (format!("{PICTURE} -frames:v 1"), "a.png"),
        (format!("{PICTURE} -frames:v 1"), "a.jpg"),
        (format!("{PICTURE} -frames:v 1"), "a.bmp"),
        (format!("{PICTURE} -frames:v 1"), "a.tiff"),
        (format!("{PICTURE} -frames:v 1"), "a.webp"),
        (format!("{PICTURE} -frames:v 9"), "a.gif"),
    ] {
        folder.ffmpeg(&format!("{arguments} {name}"));
    }
    for (name, container) in [
        ("a.webm", Container::WebM),
        ("a.mkv", Container::Matroska),
        ("a.avi", Container::Avi),
        ("a.ts", Container::MpegTs),
        ("a.mpg", Container::MpegPs),
        ("a.flv", Container::Flv),
        ("a.wmv", Container::Asf),
        ("a.ogg", Container::Ogg),
        ("a.opus", Container::Ogg),
        ("a.flac", Container::Flac),
        ("a.aiff", Container::Aiff),
        ("a.png", Container::Png),
        ("a.jpg", Container::Jpeg),
        ("a.bmp", Container::Bmp),
        ("a.tiff", Container::Tiff),
        ("a.webp", Container::WebP),
        ("a.gif", Container::Gif),
    ] {
        let content = folder.read(name);
        assert_eq!(info(&content).container, container, "{name}");
        for (field, renamed) in [("video", "clip.mp4"), ("audio", "voice.mp3")] {
            let violation = only(field, renamed, &content);
            assert_eq!((violation.rule, violation.level), (Rule::Container, Level::Error));
            let expected = format!("`{field}`: {renamed} is really {}. ", container.describe());
            assert!(violation.message.starts_with(&expected), "{name}: {violation}");
        }
    }
}

#[test]
fn error_pages_and_other_non_media() {
    for (content, container) in [
        (&b"<!DOCTYPE html>\n<html><body>Not found</body></html>"[..], Container::Html),
        (b"<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code></Error>", Container::Xml),
        (b"{\"code\": 404, \"message\": \"not found\"}", Container::Json),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", Container::Text),
        (b"%PDF-1.7\n", Container::Pdf),
        (b"\x01\x02\x03\x04", Container::Unknown),
    ] {
        let violation = only("video", "clip.mp4", content);
        assert_eq!(violation.rule, Rule::Container);
        assert!(violation.message.contains(container.describe()), "{violation}");
    }
    let empty = only("audio", "voice.mp3", b"");
    assert_eq!((empty.rule, empty.level), (Rule::Empty, Level::Error));
    let zeros = only("video", "clip.mp4", &[0; 10_000]);
    assert!(zeros.message.contains("zero bytes only"), "{zeros}");
}

#[test]
fn a_file_that_cannot_be_one_is_an_error_of_reading() {
    let folder = Folder::new();
    assert!(FileSource::open(&folder.path("absent.mp4")).is_err());
    let error = FileSource::open(&folder.path("")).expect_err("a folder is no file");
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}

#[test]
fn truncated_videos() {
    let folder = Folder::new();
    let last = folder.plain_video("last.mp4");
    folder.ffmpeg("-i last.mp4 -c copy -movflags +faststart first.mp4");
    folder.ffmpeg("-i last.mp4 -c copy -movflags +frag_keyframe+empty_moov fragments.mp4");
    folder.ffmpeg("-i last.mp4 -c copy -movflags +dash+global_sidx listed.mp4");
    let corruption = |content: &[u8]| info(content).corruption.unwrap_or_default();

    let index = find(&last, b"moov").expect("an index") - 4;
    for (end, expected) in [
        (index / 2, "of its media data are present, and its index (moov) is missing"),
        (index, "has no index (moov)"),
        (index + 200, "is truncated in the middle of its index (moov)"),
        (60, "its index (moov) is missing"),
        (40, "has no index (moov)"),
        (20, "is truncated: it ends before its index"),
    ] {
        let clause = corruption(&last[..end]);
        assert!(clause.contains(expected), "cut at {end}: {clause}");
        let found = violations("video", "clip.mp4", &last[..end]);
        assert_eq!(found[0].rule, Rule::Corrupt, "cut at {end}");
        assert!(found[0].is_error(), "cut at {end}");
    }

    // The last box of the index is a description that no player needs.
    assert_eq!(corruption(&last[..last.len() - 1]), "");

    let first = folder.read("first.mp4");
    let media = find(&first, b"mdat").expect("media data") - 4;
    let clause = corruption(&first[..first.len() - 1000]);
    assert!(clause.starts_with("is truncated: ") && clause.ends_with("are present"), "{clause}");
    assert!(corruption(&first[..media]).contains("an index but no media data"));
    // The facts in the index are still validated: the video is too small, whole or truncated.
    let rules: Vec<Rule> =
        violations("video", "a.mp4", &first[..media]).iter().map(|it| it.rule).collect();
    assert_eq!(rules, [Rule::Corrupt, Rule::Dimensions]);

    let fragments = folder.read("fragments.mp4");
    // Recorders leave such files after a crash, and players play the whole fragments.
    let half = info(&fragments[..fragments.len() / 2]);
    assert_eq!(half.corruption, None);
    assert!(half.anomaly.is_some_and(|clause| clause.contains("may be truncated")));
    let listed = folder.read("listed.mp4");
    assert_eq!(corruption(&listed), "");
    assert!(corruption(&listed[..listed.len() - 2000]).contains("is truncated"));
    let whole_fragments = find_all(&listed, b"moof").last().expect("a fragment") - 4;
    assert!(
        corruption(&listed[..whole_fragments])
            .contains("its index lists more data than the file has")
    );
    let segment = find(&fragments, b"moof").expect("a fragment") - 4;
    assert!(corruption(&fragments[segment..]).contains("one segment of a stream"));
}

#[test]
fn truncated_audio() {
    let folder = Folder::new();
    folder.ffmpeg(&format!("{TONE} -c:a libmp3lame -q:a 4 headed.mp3"));
    folder.ffmpeg(&format!("{TONE} -c:a libmp3lame -b:a 64k -write_xing 0 bare.mp3"));
    folder.ffmpeg(&format!("{TONE} -c:a aac plain.aac"));
    folder.ffmpeg(&format!("{TONE} -c:a pcm_s16le plain.wav"));
    folder.ffmpeg(&format!("{TONE} -c:a pcm_s16le -rf64 always long.wav"));
    folder.ffmpeg(&format!("{TONE} -c:a aac plain.m4a"));
    for (name, rule, level) in [
        // Players play the existing part. That some is missing is a guess.
        ("headed.mp3", Rule::Anomalous, Level::Warning),
        ("bare.mp3", Rule::Anomalous, Level::Warning),
        ("plain.aac", Rule::Anomalous, Level::Warning),
        ("plain.wav", Rule::Anomalous, Level::Warning),
        ("long.wav", Rule::Anomalous, Level::Warning),
        // Without its index it cannot be played.
        ("plain.m4a", Rule::Corrupt, Level::Error),
    ] {
        let content = folder.read(name);
        assert_eq!(violations("audio", name, &content), [], "{name}");
        let cut = &content[..content.len() * 3 / 4 + 1];
        let violation = only("audio", name, cut);
        assert_eq!((violation.rule, violation.level), (rule, level), "{name}: {violation}");
    }
    let tagged = folder.read("bare.mp3");
    let in_the_tag = only("audio", "voice.mp3", &tagged[..20]);
    assert!(in_the_tag.message.contains("in the middle of its ID3 tag"), "{in_the_tag}");
    let header_alone = only("audio", "voice.wav", &folder.read("plain.wav")[..44]);
    assert_eq!(header_alone.rule, Rule::Corrupt);
    let mut padded = folder.read("bare.mp3");
    padded.resize(padded.len() * 3, 0);
    assert_eq!(violations("audio", "voice.mp3", &padded), [], "zero bytes do no harm");
}

#[test]
fn encrypted_media_are_errors() {
    let folder = Folder::new();
    let mut content = folder.plain_video("plain.mp4");
    let at = find(&content, b"avc1\0\0\0\0\0\0\0\x01").expect("a sample description");
    content[at..at + 4].copy_from_slice(b"encv");
    assert_eq!(info(&content).corruption.as_deref(), Some("is encrypted (DRM)"));
}

#[test]
fn a_wrong_extension_is_a_warning() {
    let folder = Folder::new();
    folder.ffmpeg(&format!("{TONE} -c:a pcm_s16le plain.wav"));
    let content = folder.read("plain.wav");
    let violation = only("audio", "out/voice.mp3", &content);
    assert_eq!((violation.rule, violation.level), (Rule::Extension, Level::Warning));
    assert!(violation.message.contains("Rename it to .wav"), "{violation}");
    for name in ["voice.wav", "VOICE.WAV", "voice", "take.2", "https://example.com/a.b/voice"] {
        assert_eq!(violations("audio", name, &content), [], "{name}");
    }
}
