//! Media that break the model's rules are rejected with a plain message before anything is sent.
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use std::path::Path;

use crate::support::media::{ffmpeg, make_file, picture};
use crate::support::{self, Harness};
use viseme_mock::Scenario;

const MIB: u64 = 1024 * 1024;

/// A file, the parameter it is passed as, and words of the message.
const CASES: &[(&str, &str, &[&str])] = &[
    ("missing.mp4", "video", &["file not found", "Check the path"]),
    ("folder.mp4", "video", &["folder"]),
    ("empty.mp4", "video", &["is empty"]),
    ("picture.mp4", "video", &["PNG", "MP4 or MOV"]),
    ("cut.mp4", "video", &["is truncated", "again"]),
    ("webm.mp4", "video", &["WebM", "Convert it to MP4"]),
    ("long.mp4", "video", &["lasts 12 s", "2 to 10 s", "Trim it"]),
    ("short.mp4", "video", &["lasts 1 s", "2 to 10 s", "longer"]),
    ("small.mp4", "video", &["320 × 240", "Scale"]),
    ("large.mp4", "video", &["101 MB", "at most 100 MB"]),
    ("voice.mp3", "video", &["MP3", "MP4 or MOV"]),
    ("page.mp4", "video", &["HTML", "Download the file again"]),
    ("good.mp4", "audio", &["MP4 video", "MP3, WAV, M4A or AAC"]),
    ("note.mp3", "audio", &["text", "MP3, WAV, M4A or AAC"]),
    ("voice.ogg", "audio", &["Ogg", "Convert it to MP3"]),
    ("large.wav", "audio", &["MB", "at most 5 MB"]),
];

fn make(folder: &Path) {
    let at = |name: &str| folder.join(name);
    make_file(folder, &format!("{} good.mp4", picture(3, "1280x720")));
    make_file(folder, &format!("{} long.mp4", picture(12, "1280x720")));
    make_file(folder, &format!("{} short.mp4", picture(1, "1280x720")));
    make_file(folder, &format!("{} small.mp4", picture(3, "320x240")));
    make_file(folder, "-f lavfi -i testsrc=size=320x240:duration=1 -frames:v 1 picture.png");
    std::fs::rename(at("picture.png"), at("picture.mp4")).unwrap();
    make_file(folder, "-f lavfi -i testsrc=size=320x240:duration=2 -c:v libvpx webm.webm");
    std::fs::rename(at("webm.webm"), at("webm.mp4")).unwrap();
    make_file(folder, "-f lavfi -i sine=duration=3 voice.mp3");
    make_file(folder, "-f lavfi -i sine=duration=3 -c:a flac voice.ogg");
    make_file(folder, "-f lavfi -i sine=duration=40:sample_rate=96000 large.wav");
    std::fs::create_dir(at("folder.mp4")).unwrap();
    std::fs::write(at("empty.mp4"), "").unwrap();
    std::fs::write(at("page.mp4"), "<!doctype html><title>Log in</title>").unwrap();
    std::fs::write(at("note.mp3"), "This is not the recording.\n").unwrap();
    ffmpeg(folder, "-i good.mp4 -c copy -movflags +faststart cut.mp4");
    let half = std::fs::metadata(at("cut.mp4")).unwrap().len() / 2;
    resize(&at("cut.mp4"), half);
    std::fs::copy(at("good.mp4"), at("large.mp4")).unwrap();
    resize(&at("large.mp4"), 101 * MIB);
}

/// Truncates a file, or extends it with zeros that use no disk space.
fn resize(path: &Path, bytes: u64) {
    std::fs::OpenOptions::new().write(true).open(path).unwrap().set_len(bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_media_are_rejected_before_any_request() {
    let harness = Harness::new(Scenario::new()).await;
    make(harness.folder.path());
    for (file, field, words) in CASES {
        let (video, audio) = match *field {
            "video" => (*file, "voice.mp3"),
            _ => ("good.mp4", *file),
        };
        for command in ["run", "submit", "check"] {
            let result = harness.viseme(&[command, "--video", video, "--audio", audio]).await;
            assert_eq!(result.code, Some(2), "{command} {file}: {result:?}");
            let printed = if command == "check" { &result.out } else { &result.err };
            let sentence = printed.lines().find(|line| line.contains(file)).unwrap();
            for word in words.iter().chain([field]) {
                assert!(sentence.contains(word), "{command} {file}: no {word:?} in {sentence}");
            }
            assert!(!sentence.contains("os error"), "{sentence}");
        }
    }
    let good = harness.viseme(&["check", "--video", "good.mp4", "--audio", "voice.mp3"]).await;
    assert_eq!(good.code, Some(0), "{good:?}");
    assert!(harness.world.journal().is_empty(), "no request was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_check_sends_media_that_break_a_rule() {
    let harness = Harness::new(support::ends("completed")).await;
    make_file(harness.folder.path(), &format!("{} small.mp4", picture(3, "320x240")));
    let voice = support::samples()[3].clone();
    let arguments = ["run", "--no-check", "--poll-every", "0.1", "--video", "small.mp4", "--audio"];
    let result = harness.viseme(&[&arguments[..], &[&voice]].concat()).await;
    assert_eq!(result.code, Some(0), "{result:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_video_or_an_audio_track_can_be_checked_alone() {
    let harness = Harness::new(Scenario::new()).await;
    let folder = harness.folder.path();
    make_file(folder, &format!("{} good.mp4", picture(3, "1280x720")));
    make_file(folder, &format!("{} short.mp4", picture(1, "1280x720")));
    make_file(folder, "-f lavfi -i sine=duration=3 voice.mp3");
    for (arguments, code, last) in [
        (["check", "--video", "good.mp4"], 0, "no problems found"),
        (["check", "--video", "short.mp4"], 2, "invalid (1 error)"),
        (["check", "--audio", "voice.mp3"], 0, "no problems found"),
        (["check", "--audio", "good.mp4"], 2, "invalid (1 error)"),
    ] {
        let result = harness.viseme(&arguments).await;
        assert_eq!(result.code, Some(code), "{result:?}");
        assert_eq!(result.out.lines().last(), Some(last), "{result:?}");
        assert!(!result.out.contains("missing"), "{result:?}");
    }
    let short = harness.path("short.mp4").display().to_string();
    let result = harness.viseme(&["check", "--video", &short]).await;
    assert!(result.out.contains("error: `--video`: short.mp4 lasts 1 s"), "{result:?}");
    let absent = harness.viseme(&["check", "--video", "absent.mp4", "--json"]).await;
    let violation = &absent.json()["violations"][0];
    assert_eq!(violation["message"], "`--video`: file not found: absent.mp4. Check the path.");
    assert_eq!(violation["actual"], "there is no such file or folder");
    let nothing = harness.viseme(&["check"]).await;
    assert_eq!(nothing.code, Some(2), "{nothing:?}");
    assert!(nothing.err.contains("--video and --audio are missing"), "{nothing:?}");
}
