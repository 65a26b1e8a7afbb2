//! What `viseme dub` refuses, what ends it, and what the next run then does.
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

mod support;

use serde_json::Value;
use support::batch::quick;
use support::dub::DubTest;
use viseme_mock::{JobRule, Scenario, Timeline};

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_submits_nothing_and_an_existing_output_is_not_paid_for() {
    let test = DubTest::new(quick()).await.with(&["--dry-run", "--json"]);
    let planned = test.run().await;
    assert_eq!(planned.code, Some(0), "{planned:?}");
    assert_eq!(planned.json()["jobs"], support::dub::JOBS, "{planned:?}");
    assert!(!test.work("").exists(), "a dry run leaves nothing");

    let test = test.without_options();
    std::fs::write(test.out(), "mine").unwrap();
    let refused = test.run().await;
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert_eq!(std::fs::read(test.out()).unwrap(), b"mine");
    assert!(!test.work("").exists(), "a refused run leaves nothing");
    assert_eq!(test.charges(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_cost_ends_a_dub_and_a_higher_one_resumes_it() {
    let test = DubTest::new(quick()).await.with(&["--max-cost", "0.1"]);
    let limited = test.run().await;
    assert_eq!(limited.code, Some(7), "{limited:?}");
    assert_eq!(test.charges(), 1);
    // Choices that change the segments are refused, and cost nothing.
    let test = test.without_options().with(&["--no-skip-silence"]);
    let other = test.run().await;
    assert_eq!(other.code, Some(2), "{other:?}");
    assert_eq!(test.charges(), 1);
    let test = test.without_options().with(&["--max-cost", "100", "--json"]);
    let resumed = test.run().await;
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    let summary: Value = serde_json::from_str(resumed.out.lines().last().unwrap()).unwrap();
    assert_eq!(summary["spent_micros"], 140_000, "{resumed:?}");
    test.expect_paid_once().await;
    test.expect_exact().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_whose_job_failed_is_submitted_again_only_if_asked() {
    let fails = Timeline::secs(&[("created", 0), ("failed", 0)]);
    let test = DubTest::new(Scenario::new().job(JobRule::new(fails).nth(1))).await;
    let failed = test.run().await;
    assert_eq!(failed.code, Some(4), "{failed:?}");
    assert!(failed.err.contains("1 of 2 segments"), "{failed:?}");
    assert!(!test.out().exists());
    let again = test.run().await;
    assert_eq!((again.code, test.charges()), (Some(4), 2), "{again:?}");
    let test = test.with(&["--retry-failed", "1"]);
    let retried = test.run().await;
    assert_eq!((retried.code, test.charges()), (Some(0), 3), "{retried:?}");
    test.expect_exact().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_media_is_wrong_usage() {
    let test = DubTest::new(quick()).await;
    std::fs::write(test.path("clip.mp4"), "#EXTM3U\n#EXTINF:3,\nvoice.wav\n").unwrap();
    let refused = test.run().await;
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains("clip.mp4"), "{refused:?}");
}
