//! Complete jobs without a network: the demo, and a user's own files.
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use crate::support::media::{codecs, ffmpeg, ffprobe, make_file, picture};
use crate::support::{self, Harness};
use viseme_mock::Scenario;

/// Runs a command with an API key and a base URL that must not be used.
async fn offline(harness: &Harness, arguments: &[&str]) -> support::Finished {
    let mut command = harness.command(arguments);
    command.env("WAVESPEED_BASE_URL", "http://127.0.0.1:9").env_remove("WAVESPEED_API_KEY");
    support::finish(command).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_saves_a_video() {
    let harness = Harness::new(Scenario::new()).await;
    // An existing file is replaced.
    std::fs::write(harness.path("viseme-demo.mp4"), "old").unwrap();
    let (plain, json) = tokio::join!(
        offline(&harness, &["demo"]),
        offline(&harness, &["demo", "--json", "--out", "b.mp4"])
    );
    assert_eq!((plain.code, plain.out.as_str()), (Some(0), "viseme-demo.mp4\n"), "{plain:?}");
    for words in
        ["Offline", "uploading video", "submitted as job", "completed", "WAVESPEED_API_KEY"]
    {
        assert!(plain.err.contains(words), "{words}: {plain:?}");
    }
    assert_eq!((json.code, json.err.as_str()), (Some(0), ""), "{json:?}");
    assert_eq!(json.json()["saved"]["path"], "b.mp4");
    for name in ["viseme-demo.mp4", "b.mp4"] {
        let (kind, seconds) = ffprobe(&harness.path(name));
        assert_eq!(kind, "video");
        assert!((seconds - 4.0).abs() < 0.05, "{seconds}");
        assert_eq!(codecs(&harness.path(name)), ["h264", "mp3"], "the sound is the input's");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_supported_container_is_accepted() {
    let harness = Harness::new(Scenario::new()).await;
    let folder = harness.folder.path();
    let videos = ["own.mp4", "own.mov"];
    let sounds = ["own.mp3", "own.wav", "own.m4a", "own.aac"];
    make_file(folder, &format!("{} own.mp4", picture(3, "1280x720")));
    ffmpeg(folder, "-i own.mp4 -c copy own.mov");
    for sound in sounds {
        make_file(folder, &format!("-f lavfi -i sine=duration=3 {sound}"));
    }
    let pairs = videos.iter().flat_map(|video| sounds.iter().map(move |sound| (video, sound)));
    let runs = pairs.map(|(video, sound)| {
        let harness = &harness;
        async move {
            let out = format!("{video}-{sound}.result");
            let arguments = ["run", "--offline", "--video", video, "--audio", sound, "--out", &out];
            let result = offline(harness, &arguments).await;
            assert_eq!(result.code, Some(0), "{video} {sound}: {result:?}");
            assert_eq!(result.out.trim(), out);
            let (kind, seconds) = ffprobe(&harness.path(&out));
            assert_eq!(kind, "video", "{out}");
            assert!((seconds - 3.0).abs() < 0.1, "{out}: {seconds}");
        }
    });
    futures_util::future::join_all(runs).await;
}

fn samples(harness: &Harness) {
    std::fs::write(harness.path("face.mp4"), include_bytes!("../../samples/face.mp4")).unwrap();
    std::fs::write(harness.path("voice.mp3"), include_bytes!("../../samples/voice.mp3")).unwrap();
}

const RUN: [&str; 6] = ["run", "--offline", "--video", "face.mp4", "--audio", "voice.mp3"];

#[tokio::test(flavor = "multi_thread")]
async fn the_output_never_replaces_the_input() {
    let harness = Harness::new(Scenario::new()).await;
    samples(&harness);
    let result = offline(&harness, &[&RUN[..], &["--out", "./face.mp4"]].concat()).await;
    assert_eq!(result.code, Some(2), "{result:?}");
    assert!(result.err.contains("`--video`"), "{result:?}");
    let face = std::fs::read(harness.path("face.mp4")).unwrap();
    assert_eq!(face, include_bytes!("../../samples/face.mp4"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_output_is_needed_because_the_mock_server_ends() {
    let harness = Harness::new(Scenario::new()).await;
    samples(&harness);
    let result = offline(&harness, &RUN).await;
    assert_eq!(result.code, Some(2), "{result:?}");
    assert!(result.err.contains("--offline needs --out"), "{result:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mock_server_is_named_once_the_input_is_valid() {
    let harness = Harness::new(Scenario::new()).await;
    samples(&harness);
    let valid = offline(&harness, &[&RUN[..], &["--out", "result.mp4"]].concat()).await;
    assert!(valid.err.starts_with("Offline: using a mock server at http://"), "{valid:?}");
    let invalid =
        ["run", "--offline", "--video", "voice.mp3", "--audio", "voice.mp3", "--out", "x.mp4"];
    let invalid = offline(&harness, &invalid).await;
    assert!(invalid.err.starts_with("error: The input is invalid"), "{invalid:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_does_not_outlive_the_mock_server_of_the_command() {
    let harness = Harness::new(Scenario::new()).await;
    samples(&harness);
    let more = ["--out", "result.mp4", "--deadline", "0.5s"];
    let result = offline(&harness, &[&RUN[..], &more].concat()).await;
    assert_eq!(result.code, Some(5), "{result:?}");
    assert!(result.err.contains("mock server and its job ended"), "{result:?}");
    assert!(!result.err.contains("continues"), "{result:?}");
}
