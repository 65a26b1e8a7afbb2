//! `viseme record` is started, used and stopped.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic fails the test")]

use crate::support::{Harness, Running, ends, finish, run_samples};
use rustix::process::Signal;
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_ends_with_a_signal() {
    let harness = Harness::new(ends("completed")).await;
    let mut recorder =
        Running::new(harness.command(&["record", "--json", "--compare", "--out", "recording"]));
    let line: Value = serde_json::from_str(&recorder.next_line().await).unwrap();
    let mut run = harness.command(&run_samples(&["--out", "result.mp4"]));
    run.env("WAVESPEED_BASE_URL", line["url"].as_str().unwrap());
    let run = finish(run).await;
    assert_eq!(run.code, Some(0), "{run:?}");
    recorder.signal(Signal::TERM);
    let recorded = recorder.finish().await;
    assert_eq!(recorded.code, Some(0), "{recorded:?}");
    // The summary, then the report.
    let lines: Vec<Value> =
        recorded.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (summary, report) = (&lines[lines.len() - 2], &lines[lines.len() - 1]);
    assert_eq!(report["differences"].as_array().unwrap().len(), 0, "{report}");
    assert!(harness.path("recording/scenario.yaml").exists());
    let job = &harness.world.jobs()[0].id;
    assert_eq!(summary["jobs"][0]["job_id"], job.as_str(), "{summary}");
    assert_eq!(summary["jobs"][0]["ended"], true, "{summary}");
    let text = std::fs::read_to_string(harness.path("recording/recording.yaml")).unwrap();
    assert!(text.contains(job) && !text.contains(harness.world.key()), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_ends_with_its_command() {
    let harness = Harness::new(ends("failed")).await;
    let record =
        ["record", "--out", "recording", "--keep-media", "--", env!("CARGO_BIN_EXE_viseme")];
    let command = [record.map(str::to_owned).to_vec(), run_samples(&[])].concat();
    let recorded = harness.viseme(&command).await;
    // The exit code of the command.
    assert_eq!(recorded.code, Some(4), "{recorded:?}");
    assert!(recorded.out.ends_with("recording.yaml\n"), "{recorded:?}");
    assert!(recorded.err.contains("Recorded 1 job,"), "{recorded:?}");
    let media = std::fs::read_dir(harness.path("recording/media")).unwrap().count();
    assert_eq!(media, 2);
    // The folder is not overwritten, and nothing runs.
    let again = harness.viseme(&command).await;
    assert_eq!(again.code, Some(2), "{again:?}");
    assert!(again.err.contains("is not an empty folder"), "{again:?}");
    assert_eq!(harness.world.jobs().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_a_command_that_cannot_run() {
    let harness = Harness::new(ends("completed")).await;
    let recorded = harness.viseme(&["record", "--out", "recording", "--", "no-such-program"]).await;
    assert_eq!(recorded.code, Some(127), "{recorded:?}");
    assert_eq!(std::fs::read_dir(harness.folder.path()).unwrap().count(), 0);
}
