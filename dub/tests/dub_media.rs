//! Plans dubs of unusual files: what is read of them, and what is refused.
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use std::path::Path;
use std::process::Command;

use viseme_dub::plan::Length;
use viseme_dub::{DubOptions, plan_dub};

/// Runs ffmpeg to make a file of a test.
fn make(folder: &Path, line: &[&str]) {
    let mut command = Command::new("ffmpeg");
    command.current_dir(folder).args(["-hide_banner", "-loglevel", "error", "-nostdin", "-y"]);
    assert!(command.args(line).status().unwrap().success(), "{line:?}");
}

/// A folder with `clip.mp4`, 3 s long, and `voice.wav`.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let clip = ["-f", "lavfi", "-i", "testsrc=size=1280x720:rate=10:duration=3", "-c:v", "libx264"];
    make(folder.path(), &[&clip[..], &["-preset", "ultrafast", "clip.mp4"]].concat());
    make(folder.path(), &["-f", "lavfi", "-i", "sine=440:duration=3", "voice.wav"]);
    make(folder.path(), &["-i", "voice.wav", "-t", "2", "short.wav"]);
    folder
}

#[tokio::test]
async fn a_playlist_is_refused_and_the_file_that_it_names_is_not_read() {
    let folder = folder();
    let clip = folder.path().join("clip.mp4");
    let list = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let hls = format!(
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:3,\n{}\n#EXT-X-ENDLIST\n",
        clip.display()
    );
    let concat = "ffconcat version 1.0\nfile clip.mp4\n".to_owned();
    let voice = folder.path().join("voice.wav");
    let options = DubOptions::default();
    assert!(plan_dub(&clip, &voice, &options, None).await.is_ok());
    for (name, text) in [("hls.mp4", hls), ("concat.mp4", concat)] {
        let list = list(name, text);
        for (video, audio) in [(&list, &voice), (&clip, &list)] {
            let error = plan_dub(video, audio, &options, None).await.unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}

#[tokio::test]
async fn the_last_frame_is_shown_as_long_as_the_file_says() {
    let folder = folder();
    // 20 frames of a tenth of a second, of which the last one is shown for 1.1 s.
    let first = ["-i", "clip.mp4", "-frames:v", "20", "-c:v", "libx264", "-bf", "0"];
    make(folder.path(), &[&first[..], &["-video_track_timescale", "1000", "short.mp4"]].concat());
    let hold = "setts=duration=if(eq(N\\,19)\\,17600\\,DURATION)";
    make(folder.path(), &["-i", "short.mp4", "-c", "copy", "-bsf:v", hold, "held.mp4"]);
    let (held, voice) = (folder.path().join("held.mp4"), folder.path().join("short.wav"));
    // The output ends with the picture, not with the voice.
    let options = DubOptions { length: Length::Original, ..DubOptions::default() };
    let plan = plan_dub(&held, &voice, &options, None).await.unwrap();
    assert_eq!(plan.timeline.duration().as_millis(), 3_000);
}
