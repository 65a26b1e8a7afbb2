//! A batch that the service limits or refuses, whose cost is limited, or that is started twice.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use crate::support::batch::{BatchTest, accepted_and_lost, quick, silence};
use viseme_mock::{Fault, RequestKind};

const IDS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

#[tokio::test(flavor = "multi_thread")]
async fn twenty_429_in_a_row_cost_nothing_and_lose_no_row() {
    let storm = Fault::at(RequestKind::Submit).until(20).status(429);
    for (retry_after, is_killed) in [(0, true), (1, false)] {
        let fault = storm.clone().retry_after_secs(retry_after);
        let test = BatchTest::new(&IDS, quick().fault(fault)).await;
        let test = test.env("WAVESPEED_MAX_CONNECTION_RETRIES", "");
        // A submit is unknown whose 429 the killed process has not read.
        let test = test.with_short_search().with(&["--on-unknown", "resubmit-after=1s"]);
        if is_killed {
            let process = test.start();
            test.until_requests(RequestKind::Submit, 8).await;
            process.kill().await;
            assert_eq!(test.charges(), 0);
        }
        test.resume_and_expect_all_done().await;
        let submits = test.harness.world.requests(RequestKind::Submit).len();
        assert_eq!(submits, 20 + IDS.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_without_rows_or_with_a_wrong_header_is_an_error() {
    let test = BatchTest::new(&[], quick()).await;
    for (table, expected) in [
        ("id,video,audio\n", "jobs.csv: The manifest has no rows."),
        (
            "id,vidoe,note\na,face.mp4,x\n",
            "jobs.csv:1: `vidoe` and `note` are not parameters of kwaivgi/kling-lipsync/audio-to-video.",
        ),
    ] {
        test.write_manifest(table);
        for line in [&["check", "jobs.csv"][..], &["run", "jobs.csv", "--out", "results"]] {
            let result = test.harness.viseme(&[&["batch"], line].concat()).await;
            assert_eq!((result.code, result.out.as_str()), (Some(2), ""), "{result:?}");
            assert!(result.err.contains(expected), "{result:?}");
            let json = test.harness.viseme(&[&["--json", "batch"], line].concat()).await;
            assert_eq!(json.code, Some(2), "{json:?}");
            assert!(json.out.contains("\"code\":\"manifest\""), "{json:?}");
        }
    }
    assert!(!test.path("results").exists());
    assert_eq!(test.harness.world.journal().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn credits_that_run_out_end_the_batch_and_the_next_run_continues() {
    let refused = Fault::at(RequestKind::Submit).each(&[3, 4, 5, 6]).status(402);
    let test = BatchTest::new(&IDS, quick().fault(refused)).await.with(&["--limit", "2"]);
    let result = test.run().await;
    assert_eq!(result.code, Some(3), "{result:?}");
    test.expect_states(&[("done", 2), ("planned", 4)]).await;
    test.expect_paid(2).await;
    assert!(test.harness.world.requests(RequestKind::Submit).len() <= 4, "it stopped");
    test.harness.world.clear_faults();
    test.resume_and_expect_all_done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_of_cost_counts_submits_whose_outcome_is_unknown() {
    let scenario = (1..=3).fold(quick(), |scenario, nth| scenario.fault(accepted_and_lost(nth)));
    let test = BatchTest::new(&IDS, scenario).await.with(&["--max-cost", "0.21"]);
    let process = test.start();
    test.harness.until("three jobs", |world| world.jobs().len() == 3).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(test.harness.world.requests(RequestKind::Submit).len(), 3);
    process.kill().await;
    for _ in 0..2 {
        let result = test.run().await;
        assert_eq!(result.code, Some(7), "{result:?}");
        test.expect_states(&[("done", 3), ("planned", 3)]).await;
        test.expect_paid(3).await;
    }
    let test = test.without_options().with(&["--max-cost", "0.42"]);
    test.resume_and_expect_all_done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_is_refused_and_pays_nothing() {
    let test = BatchTest::new(&["a", "b"], quick().fault(silence(RequestKind::Poll, 1))).await;
    let process = test.start();
    test.harness.until_fault_triggered().await;
    test.harness.until("two jobs", |world| world.jobs().len() == 2).await;
    let second = test.run().await;
    assert_eq!(second.code, Some(1), "{second:?}");
    let sentence = "Another process runs the batch in results. Wait until it ends, or end it.";
    assert!(second.err.contains(sentence), "{second:?}");
    assert_eq!(test.charges(), 2);
    process.kill().await;
    test.resume_and_expect_all_done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_start_at_the_same_time_pay_for_each_row_once() {
    let test = BatchTest::new(&IDS, quick()).await;
    let processes: Vec<_> = (0..4).map(|_| test.start()).collect();
    let mut codes = Vec::new();
    for process in processes {
        codes.push(process.code().await);
    }
    assert!(codes.contains(&Some(0)), "{codes:?}: {}", test.log());
    assert!(codes.iter().all(|code| matches!(code, Some(0 | 1))), "{codes:?}: {}", test.log());
    test.resume_and_expect_all_done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_rows_share_one_charge_after_a_kill() {
    let test = BatchTest::new(&["a", "b", "c"], quick().fault(accepted_and_lost(1))).await;
    test.write_manifest("id,video,audio\na,face.mp4,a.mp3\nb,face.mp4,a.mp3\nc,face.mp4,a.mp3\n");
    let process = test.start();
    test.harness.until("a job", |world| world.jobs().len() == 1).await;
    process.kill().await;
    test.resume_and_expect_charges(1).await;
}
