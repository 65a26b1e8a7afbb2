//! `--pacing-file`.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a panic fails the test")]

use std::fs;

use crate::support::{self, Harness, ends, run_samples};
use serde_json::Value;

const FILE: [&str; 2] = ["--pacing-file", "pacing.json"];

/// How many jobs the file knows of.
fn jobs_in(harness: &Harness) -> f64 {
    let content: Value =
        serde_json::from_slice(&fs::read(harness.path("pacing.json")).unwrap()).unwrap();
    let models = content["models"].as_object().unwrap();
    models.values().map(|durations| durations["jobs"].as_f64().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_run_at_the_same_time_share_one_file() {
    let harness = Harness::new(ends("completed")).await;
    let (one, other) = tokio::join!(harness.run(&FILE), harness.run(&FILE));
    assert_eq!((one.code, other.code), (Some(0), Some(0)), "{one:?} {other:?}");
    assert!((jobs_in(&harness) - 2.0).abs() < 0.01, "{}", jobs_in(&harness));
    fs::write(harness.path("jobs.csv"), batch_of_three()).unwrap();
    let line = ["batch", "run", "jobs.csv", "--repeat", "--out", "results", "--poll-every", "0.1"];
    let batch = harness.viseme(&[&line[..], &FILE].concat()).await;
    assert_eq!(batch.code, Some(0), "{batch:?}");
    assert!((jobs_in(&harness) - 5.0).abs() < 0.01, "{}", jobs_in(&harness));
}

fn batch_of_three() -> String {
    let [_, video, _, audio] = support::samples();
    let rows = (0..3).map(|row| format!("row-{row},{video},{audio}\n"));
    format!("id,video,audio\n{}", rows.collect::<String>())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_a_warning_and_the_run_succeeds() {
    let harness = Harness::new(ends("completed")).await;
    for (more, warns) in [(&[][..], true), (&["--quiet"][..], false)] {
        fs::write(harness.path("pacing.json"), r#"{"viseme_pacing":1,"mod"#).unwrap();
        let result = harness.run(&[&FILE[..], more].concat()).await;
        assert_eq!(result.code, Some(0), "{result:?}");
        let warned =
            result.err.contains("The pacing file is damaged") && result.err.contains("pacing.json");
        assert_eq!(warned, warns, "{result:?}");
        assert!((jobs_in(&harness) - 1.0).abs() < 0.01, "it was replaced");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_something_else_is_an_error_before_anything_is_paid_for() {
    let harness = Harness::new(ends("completed")).await;
    fs::write(harness.path("notes.txt"), "my notes").unwrap();
    let result = harness.run(&["--pacing-file", "notes.txt"]).await;
    assert_eq!(result.code, Some(2), "{result:?}");
    assert!(result.err.contains("notes.txt is not a pacing file"), "{result:?}");
    assert_eq!(fs::read_to_string(harness.path("notes.txt")).unwrap(), "my notes");
    assert!(harness.world.ledger().charges.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mock_server_teaches_nothing() {
    let harness = Harness::new(ends("completed")).await;
    let offline =
        [&run_samples(&["--offline", "--out", "film.mp4"]), &FILE.map(String::from)[..]].concat();
    let result = harness.viseme(&offline).await;
    assert_eq!(result.code, Some(2), "{result:?}");
    assert!(
        result.err.contains("`--pacing-file` has no effect on `viseme run --offline`"),
        "{result:?}"
    );
}
