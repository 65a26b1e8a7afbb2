//! Tests of `validate`, by tables.

use std::time::Duration;

use super::*;
use crate::media::info::Detail;
use viseme_spec::describe;

fn limits(field: &str) -> MediaLimits {
    *describe("kwaivgi/kling-lipsync/audio-to-video").unwrap().media_limits(field).unwrap()
}

fn video() -> MediaInfo {
    MediaInfo {
        duration: Some(Duration::from_secs(5)),
        width: Some(1280),
        height: Some(720),
        video_codec: Some("h264".to_owned()),
        audio_codec: Some("aac".to_owned()),
        ..MediaInfo::new(Container::Mp4, Some(1_000_000))
    }
}

fn audio() -> MediaInfo {
    MediaInfo {
        duration: Some(Duration::from_secs(5)),
        audio_codec: Some("mp3".to_owned()),
        ..MediaInfo::new(Container::Mp3, Some(100_000))
    }
}

fn video_rules(info: &MediaInfo) -> Vec<(Rule, Level)> {
    validate("video", "clip", info, &limits("video")).iter().map(|it| (it.rule, it.level)).collect()
}

fn audio_rules(info: &MediaInfo) -> Vec<(Rule, Level)> {
    validate("audio", "voice", info, &limits("audio"))
        .iter()
        .map(|it| (it.rule, it.level))
        .collect()
}

#[test]
fn video_durations() {
    const ERROR: &[(Rule, Level)] = &[(Rule::Duration, Level::Error)];
    const WARNING: &[(Rule, Level)] = &[(Rule::Duration, Level::Warning)];
    for (seconds, expected) in [
        (2.0, &[][..]),
        (10.0, &[]),
        (10.009, &[]),
        (1.991, &[]),
        (10.042, WARNING),
        (1.95, WARNING),
        (10.11, ERROR),
        (1.89, ERROR),
        (60.0, ERROR),
        (0.04, ERROR),
    ] {
        let info = MediaInfo { duration: Some(Duration::from_secs_f64(seconds)), ..video() };
        assert_eq!(video_rules(&info), expected, "{seconds}");
    }
}

#[test]
fn audio_durations_outside_third_party_limits_are_a_warning() {
    for (seconds, is_warning) in [(2.0, false), (60.0, false), (1.9, true), (61.0, true)] {
        let info = MediaInfo { duration: Some(Duration::from_secs_f64(seconds)), ..audio() };
        let expected: &[_] = if is_warning { &[(Rule::Duration, Level::Warning)] } else { &[] };
        assert_eq!(audio_rules(&info), expected, "{seconds}");
    }
}

#[test]
fn picture_sizes() {
    const OUT_OF_RANGE: &[(Rule, Level)] = &[(Rule::Dimensions, Level::Error)];
    const OTHER: &[(Rule, Level)] = &[(Rule::Resolution, Level::Warning)];
    for (width, height, expected) in [
        (1280, 720, &[][..]),
        (720, 1280, &[]),
        (1920, 1080, &[]),
        (1080, 1920, &[]),
        (720, 720, &[]),
        (1080, 1080, &[]),
        (1440, 1080, &[]),
        (960, 960, OTHER),
        (1440, 1440, OTHER),
        (1920, 800, OTHER),
        (1280, 960, OTHER),
        (1600, 900, OTHER),
        (1024, 768, OTHER),
        (1366, 768, OTHER),
        (1024, 1024, OTHER),
        (832, 1248, OTHER),
        (1792, 1024, OTHER),
        (640, 360, OUT_OF_RANGE),
        (1280, 719, OUT_OF_RANGE),
        (3840, 2160, OUT_OF_RANGE),
        (1921, 1080, OUT_OF_RANGE),
    ] {
        let info = MediaInfo { width: Some(width), height: Some(height), ..video() };
        assert_eq!(video_rules(&info), expected, "{width} × {height}");
    }
}

#[test]
fn a_picture_whose_coded_size_fits_is_a_warning() {
    let info = MediaInfo { width: Some(1309), height: Some(700), ..video() };
    assert_eq!(video_rules(&info), [(Rule::Dimensions, Level::Error)]);
    let info = MediaInfo { coded_size: Some((1280, 720)), ..info };
    assert_eq!(video_rules(&info), [(Rule::Dimensions, Level::Warning)]);
}

#[test]
fn audio_longer_than_the_pictures_is_a_warning() {
    for (total, expected) in [(6, &[][..]), (10, &[]), (12, &[(Rule::Duration, Level::Warning)])] {
        let total_duration = Some(Duration::from_secs(total));
        assert_eq!(video_rules(&MediaInfo { total_duration, ..video() }), expected, "{total}");
    }
}

#[test]
fn file_sizes() {
    let most = limits("video").max_bytes;
    assert_eq!(video_rules(&MediaInfo { bytes: Some(most), ..video() }), []);
    let info = MediaInfo { bytes: Some(most + 1), ..video() };
    assert_eq!(video_rules(&info), [(Rule::Size, Level::Error)]);
    let violations = validate("video", "clip.mp4", &info, &limits("video"));
    assert_eq!(violations[0].actual, "104857601 bytes");
    assert_eq!(violations[0].allowed, "at most 100 MB");
}

#[test]
fn all_violations_are_reported_at_once_with_actual_and_allowed_values() {
    let info = MediaInfo {
        bytes: Some(157_286_400),
        duration: Some(Duration::from_millis(10_520)),
        width: Some(640),
        height: Some(360),
        ..video()
    };
    let violations = validate("video", "clip.mp4", &info, &limits("video"));
    let found: Vec<_> =
        violations.iter().map(|it| (it.rule, it.actual.as_str(), it.allowed.as_str())).collect();
    assert_eq!(
        found,
        [
            (Rule::Size, "150 MB", "at most 100 MB"),
            (Rule::Duration, "10.52 s", "2 to 10 s"),
            (Rule::Dimensions, "640 × 360 px", "both sides 720 to 1920 px"),
        ]
    );
    assert_eq!(
        violations[1].message,
        "`video`: clip.mp4 lasts 10.52 s. The model accepts 2 to 10 s. Trim it."
    );
    assert!(violations.iter().all(|it| it.field == "video"));
}

#[test]
fn a_wrong_kind_is_the_only_violation() {
    let info = MediaInfo::new(Container::Png, Some(500_000_000));
    let violations = validate("audio", "voice.mp3", &info, &limits("audio"));
    assert_eq!(violations.len(), 1);
    assert_eq!(
        violations[0].message,
        "`audio`: voice.mp3 is really a PNG image. The model accepts MP3, WAV, M4A or AAC. Choose \
         another file."
    );
    let named_so = validate("audio", "photo.png", &info, &limits("audio"));
    assert!(named_so[0].message.starts_with("`audio`: photo.png is a PNG image. "));
    for (bytes, words) in
        [(1, "has only 1 byte. "), (15, "has only 15 bytes. "), (16, "is really a")]
    {
        let tiny = MediaInfo::new(Container::Text, Some(bytes));
        let violations = validate("audio", "voice.mp3", &tiny, &limits("audio"));
        assert!(violations[0].message.contains(words), "{violations:?}");
    }
}

#[test]
fn a_corrupt_mp4_without_tracks_is_not_a_wrong_kind() {
    let lost = MediaInfo {
        corruption: Some("has no index (moov)".to_owned()),
        ..MediaInfo::new(Container::Mp4, Some(100))
    };
    assert_eq!(audio_rules(&lost), [(Rule::Corrupt, Level::Error)]);
    let seen = MediaInfo { corruption: Some("is truncated".to_owned()), ..video() };
    assert_eq!(audio_rules(&seen), [(Rule::Container, Level::Error)]);
}

#[test]
fn unknown_facts_are_one_warning() {
    let info = MediaInfo { duration: None, width: None, height: None, bytes: None, ..video() };
    assert_eq!(video_rules(&info), [(Rule::Undetermined, Level::Warning)]);
    assert_eq!(
        validate("video", "clip.mp4", &info, &limits("video"))[0].message,
        "`video`: clip.mp4 does not state its duration, picture size and file size, so that was not checked."
    );
    let corrupt = MediaInfo { corruption: Some("is truncated".to_owned()), ..info };
    assert_eq!(video_rules(&corrupt), [(Rule::Corrupt, Level::Error)]);
}

#[test]
fn unusual_codecs_are_a_warning_for_videos_only() {
    let info = MediaInfo { video_codec: Some("av1".to_owned()), ..video() };
    assert_eq!(video_rules(&info), [(Rule::Codec, Level::Warning)]);
    let info = MediaInfo { video_codec: Some("hevc".to_owned()), ..video() };
    assert_eq!(video_rules(&info), []);
    assert_eq!(audio_rules(&MediaInfo { audio_codec: Some("mp2".to_owned()), ..audio() }), []);
}

#[test]
fn an_extension_that_does_not_fit_the_content_is_a_warning() {
    assert_eq!(extension("a/b.c/Clip.MP4").as_deref(), Some("mp4"));
    assert_eq!(extension("https://example.com/a.mov").as_deref(), Some("mov"));
    assert_eq!(extension("a/b.c/clip"), None);
    assert_eq!(extension(".mp4"), None);
    assert_eq!(extension("clip."), None);
    let rules = |name| -> Vec<Rule> {
        validate("video", name, &video(), &limits("video")).iter().map(|it| it.rule).collect()
    };
    assert_eq!(rules("clip.mp4"), []);
    assert_eq!(rules("clip.final"), []);
    assert_eq!(rules("clip.mov"), [Rule::Extension]);
    // The extension fits the content, but the service does not document it.
    assert_eq!(rules("clip.m4v"), [Rule::Extension]);
}

#[test]
fn text_to_video_accepts_longer_videos() {
    const ERROR: &[(Rule, Level)] = &[(Rule::Duration, Level::Error)];
    const WARNING: &[(Rule, Level)] = &[(Rule::Duration, Level::Warning)];
    let model = describe("kwaivgi/kling-lipsync/text-to-video").unwrap();
    for (seconds, expected) in
        [(2.0, &[][..]), (10.0, &[]), (11.0, WARNING), (60.0, WARNING), (61.0, ERROR), (1.0, ERROR)]
    {
        let info = MediaInfo { duration: Some(Duration::from_secs_f64(seconds)), ..video() };
        let found = validate("video", "clip", &info, model.media_limits("video").unwrap());
        let rules: Vec<_> = found.iter().map(|it| (it.rule, it.level)).collect();
        assert_eq!(rules, expected, "{seconds}");
    }
    let info = MediaInfo { width: Some(1000), height: Some(900), ..video() };
    assert_eq!(validate("video", "clip", &info, model.media_limits("video").unwrap()), []);
}

#[test]
fn image_limits() {
    let limits = describe("kwaivgi/kling-effects").unwrap().media_limits("image").unwrap();
    let picture = |bytes, width, height| MediaInfo {
        width: Some(width),
        height: Some(height),
        ..MediaInfo::new(Container::Png, Some(bytes))
    };
    const MB: u64 = 1024 * 1024;
    for (info, expected) in [
        (picture(10 * MB, 300, 750), vec![]),
        (picture(10 * MB, 10_000, 4000), vec![]),
        (picture(10 * MB + 1, 300, 300), vec![(Rule::Size, Level::Warning)]),
        (picture(MB, 299, 300), vec![(Rule::Dimensions, Level::Warning)]),
        (picture(MB, 300, 751), vec![(Rule::AspectRatio, Level::Warning)]),
        (picture(MB, 751, 300), vec![(Rule::AspectRatio, Level::Warning)]),
        (
            picture(MB, 751, 0),
            vec![(Rule::Dimensions, Level::Warning), (Rule::AspectRatio, Level::Warning)],
        ),
        (MediaInfo::new(Container::Png, Some(MB)), vec![(Rule::Undetermined, Level::Warning)]),
        (video(), vec![(Rule::Container, Level::Error)]),
    ] {
        let found: Vec<_> =
            validate("image", "a", &info, limits).iter().map(|it| (it.rule, it.level)).collect();
        assert_eq!(found, expected, "{info:?}");
    }
}

#[test]
fn messages_say_the_step_that_makes_a_file_acceptable() {
    let plain = |container| MediaInfo::new(container, Some(1_000));
    let detailed = |container, detail| MediaInfo { detail: Some(detail), ..plain(container) };
    let silent = MediaInfo { audio_codec: None, ..video() };
    let encrypted = MediaInfo { corruption: Some("is encrypted (DRM)".to_owned()), ..video() };
    let cover = MediaInfo {
        audio_codec: Some("aac".to_owned()),
        ..detailed(Container::M4a, Detail::CoverOnly)
    };
    let prefix = MediaInfo {
        corruption: Some("has 45 bytes of other data".to_owned()),
        ..detailed(Container::M4a, Detail::Prefix(45))
    };
    for (field, name, info, expected) in [
        ("audio", "voice.caf", plain(Container::Caf), "ffmpeg -i voice.caf -vn voice.mp3"),
        ("audio", "voice.mp3", plain(Container::Ogg), "ffmpeg -i voice.mp3 -vn voice-fixed.mp3"),
        ("audio", "clip.mp4", video(), "Extract its audio as MP3: ffmpeg -i clip.mp4 -vn clip.mp3"),
        ("audio", "clip.mp4", silent, "It has no audio track. Choose a file with audio."),
        ("audio", "a.wav", plain(Container::RawPcm), "ffmpeg -f s16le -ar 24000 -ac 1 -i a.wav a-"),
        ("audio", "a.wav", detailed(Container::RawPcm, Detail::FloatSamples), "-f f32le"),
        ("audio", "a.wav", plain(Container::Rifx), "sox a.wav a-fixed.wav"),
        ("audio", "a.mp3", plain(Container::Silk), "sh converter.sh a.mp3 mp3"),
        ("audio", "a.mp3.gz", plain(Container::Gzip), "gzip -dc < a.mp3.gz > a.mp3.mp3"),
        (
            "audio",
            "a.mp3",
            detailed(Container::Base64, Detail::Encodes(Container::Wav)),
            "base64 -d a.mp3 > a.wav",
        ),
        (
            "audio",
            "a.mp3",
            detailed(Container::DataUri, Detail::Encodes(Container::Mp3)),
            "sed 's/^[^,]*,//' a.mp3 | base64 -d > a-fixed.mp3",
        ),
        (
            "audio",
            "a.mp3",
            detailed(Container::Text, Detail::Hexadecimal(Container::Mp3)),
            "xxd -r -p a.mp3 a-fixed.mp3",
        ),
        ("audio", "a.json", plain(Container::Json), "as base64 or hexadecimal text"),
        (
            "audio",
            "a.ac3",
            plain(Container::Unknown),
            "If a media player plays it, convert it to MP3: ffmpeg -i a.ac3 -vn a.mp3",
        ),
        (
            "video",
            "a.mxf",
            plain(Container::Unknown),
            "plays it, convert it to MP4: ffmpeg -i a.mxf",
        ),
        ("video", "a.ogv", plain(Container::Ogg), "moving pictures, convert it to MP4"),
        ("video", "a.gif", plain(Container::Gif), "moving pictures, convert it to MP4"),
        ("video", "a.mp3", plain(Container::Mp3), "Choose another file."),
        ("audio", "a.m4a", prefix, "tail -c +46 a.m4a > a-fixed.m4a"),
        ("video", "a.mkv", plain(Container::Matroska), "ffmpeg -i a.mkv -c:v libx264"),
        ("video", "a.mp4", cover, "repeat the picture"),
        ("video", "a.mp4", encrypted, "get a copy without copy protection"),
    ] {
        let found = validate(field, name, &info, &limits(field));
        let message = &found[0].message;
        assert!(found[0].is_error() && message.contains(expected), "{message}");
    }
}

#[test]
fn the_fix_names_a_container_only_if_the_codec_is_known() {
    for (container, codec, expected) in [
        (Container::Matroska, None, "extract the audio"),
        (Container::Matroska, Some("mp3"), "extract the audio as MP3"),
        (Container::MpegTs, None, "extract the audio"),
        (Container::Caf, None, "convert the audio"),
        (Container::Caf, Some("aac"), "convert to M4A"),
        (Container::Flac, None, "convert to WAV"),
        (Container::WebM, None, "extract the audio as M4A"),
    ] {
        let mut info = MediaInfo::new(container, Some(1000));
        info.audio_codec = codec.map(str::to_owned);
        let found = validate("audio", "a.bin", &info, &limits("audio"));
        let fix = found[0].fix.as_ref().map(ToString::to_string);
        assert_eq!(fix.as_deref(), Some(expected), "{container:?} {codec:?}");
    }
    // The pictures of a video do not depend on its audio.
    let info = MediaInfo::new(Container::Matroska, Some(1000));
    let found = validate("video", "a.mkv", &info, &limits("video"));
    assert_eq!(found[0].fix, Some(crate::media::Fix::Convert { container: Container::Mp4 }));
}
