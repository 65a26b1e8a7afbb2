//! The Rust code of the page runs as it is.

use std::path::Path;

use viseme_mock::MockServer;

#[tokio::test]
async fn the_example_saves_the_output_of_a_job() {
    let mock = MockServer::start().await.unwrap();
    let world = mock.world();
    let folder = tempfile::tempdir().unwrap();
    for name in ["face.mp4", "voice.mp3"] {
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples").join(name);
        std::fs::copy(sample, folder.path().join(name)).unwrap();
    }
    // Cargo builds the examples with the tests, into a folder next to theirs.
    let test = std::env::current_exe().unwrap();
    let example = test.parent().unwrap().with_file_name("examples").join("audio_to_video");
    let example = example.with_extension(std::env::consts::EXE_EXTENSION);
    let status = tokio::process::Command::new(example)
        .current_dir(folder.path())
        .env("WAVESPEED_API_KEY", world.key())
        .env("WAVESPEED_BASE_URL", world.base_url())
        .status()
        .await
        .unwrap();
    assert!(status.success(), "{status}");
    assert!(folder.path().join("result.mp4").is_file());
    assert_eq!(world.ledger().charges.len(), 1);
}
