//! Whole jobs without a network: the demo, and a user's own files.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use support::Stage;
use support::media::{ffmpeg, ffprobe, picture};
use viseme_mock::Scenario;

/// A key and an address that must not be used.
async fn offline(stage: &Stage, arguments: &[&str]) -> support::Ended {
    let mut command = stage.command(arguments);
    command.env("WAVESPEED_BASE_URL", "http://127.0.0.1:9").env_remove("WAVESPEED_API_KEY");
    support::finish(command).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_gives_a_video() {
    let stage = Stage::new(Scenario::new()).await;
    // A file of an earlier demo is replaced.
    std::fs::write(stage.path("viseme-demo.mp4"), "old").unwrap();
    let (plain, json) = tokio::join!(
        offline(&stage, &["demo"]),
        offline(&stage, &["demo", "--json", "--out", "b.mp4"])
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
        let (kind, seconds) = ffprobe(&stage.path(name));
        assert_eq!(kind, "video");
        assert!((seconds - 4.0).abs() < 0.05, "{seconds}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_ones_own_in_every_container() {
    let stage = Stage::new(Scenario::new()).await;
    let folder = stage.folder.path();
    let videos = ["own.mp4", "own.mov"];
    let sounds = ["own.mp3", "own.wav", "own.m4a", "own.aac"];
    ffmpeg(folder, &format!("{} own.mp4", picture(3, "1280x720")));
    ffmpeg(folder, "-i own.mp4 -c copy own.mov");
    for sound in sounds {
        ffmpeg(folder, &format!("-f lavfi -i sine=duration=3 {sound}"));
    }
    let pairs = videos.iter().flat_map(|video| sounds.iter().map(move |sound| (video, sound)));
    let runs = pairs.map(|(video, sound)| {
        let stage = &stage;
        async move {
            let out = format!("{video}-{sound}.result");
            let arguments = ["run", "--offline", "--video", video, "--audio", sound, "--out", &out];
            let ended = offline(stage, &arguments).await;
            assert_eq!(ended.code, Some(0), "{video} {sound}: {ended:?}");
            assert_eq!(ended.out.trim(), out);
            let (kind, seconds) = ffprobe(&stage.path(&out));
            assert_eq!(kind, "video", "{out}");
            assert!((seconds - 3.0).abs() < 0.1, "{out}: {seconds}");
        }
    });
    futures_util::future::join_all(runs).await;
}
