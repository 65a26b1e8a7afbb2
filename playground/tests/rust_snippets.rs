//! The Rust code of the page runs as it is.

#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use std::path::Path;

use viseme_mock::MockServer;

#[tokio::test]
async fn the_code_for_audio_to_video_completes_a_job_that_is_charged_once() {
    run("audio-to-video").await;
}

#[tokio::test]
async fn the_code_for_text_to_video_completes_a_job_that_is_charged_once() {
    run("text-to-video").await;
}

#[tokio::test]
async fn the_code_for_effects_completes_a_job_that_is_charged_once() {
    run("effects").await;
}

async fn run(call: &str) {
    let mock = MockServer::start().await.unwrap();
    let world = mock.world();
    let folder = tempfile::tempdir().unwrap();
    for name in ["face.mp4", "face.jpg", "voice.mp3"] {
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples").join(name);
        std::fs::copy(sample, folder.path().join(name)).unwrap();
    }
    // Cargo builds the examples with the tests, into a folder next to theirs.
    let test = std::env::current_exe().unwrap();
    let example = test.parent().unwrap().with_file_name("examples").join(call);
    let example = example.with_extension(std::env::consts::EXE_EXTENSION);
    let status = tokio::process::Command::new(example)
        .current_dir(folder.path())
        .env("WAVESPEED_API_KEY", world.key())
        .env("WAVESPEED_BASE_URL", world.base_url())
        .status()
        .await
        .unwrap();
    assert!(status.success(), "{call}: {status}");
    let result = std::fs::read(folder.path().join("result.mp4")).unwrap();
    assert_eq!(result.get(4..8), Some(b"ftyp".as_slice()), "{call}");
    assert_eq!(world.ledger().charges.len(), 1, "{call}");
}
