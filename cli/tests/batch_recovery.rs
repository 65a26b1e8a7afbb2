//! A batch is killed after the service accepted a submit, and the history makes it hard to find the job.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use crate::support::batch::{BatchTest, accepted_and_lost, quick, silence};
use viseme::{AudioToVideo, Client, Config};
use viseme_mock::scenario::{HistoryScenario, Span};
use viseme_mock::{RequestKind, Scenario};

/// A batch that was killed when each of its submits was accepted, and none of their responses came.
async fn killed_with_lost_submits(ids: &[&str], scenario: Scenario) -> BatchTest {
    let scenario = (1..=ids.len() as u64)
        .fold(scenario, |scenario, nth| scenario.fault(accepted_and_lost(nth)));
    let test = BatchTest::new(ids, scenario).await;
    let process = test.start();
    test.harness.until("each has a job", |world| world.jobs().len() == ids.len()).await;
    process.kill().await;
    test
}

fn history(history: HistoryScenario) -> Scenario {
    quick().history(history)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_the_history_shows_late_is_found() {
    let late = HistoryScenario { appears_after: Span::secs(6), ..HistoryScenario::default() };
    let test = killed_with_lost_submits(&["a", "b"], history(late)).await;
    test.resume_and_expect_all_done().await;
    assert!(test.harness.world.requests(RequestKind::History).len() > 2, "it searched again");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_inputs_in_the_history_a_row_is_unknown_and_not_paid_again() {
    let without = HistoryScenario { omit_inputs: true, ..HistoryScenario::default() };
    let test = killed_with_lost_submits(&["a"], history(without)).await;
    for _ in 0..2 {
        let result = test.run().await;
        assert_eq!(result.code, Some(6), "{result:?}");
        test.expect_states(&[("unknown", 1)]).await;
        assert_eq!(test.charges(), 1);
    }
    // The job that may be it is named, and the user can adopt it.
    let job = test.harness.world.jobs().remove(0).id;
    let listed = test.batch("unknown", &[]).await;
    assert!(listed.out.contains(&job), "{listed:?}");
    let adopted = test.batch("unknown", &["--adopt", &format!("a={job}")]).await;
    assert_eq!(adopted.code, Some(0), "{adopted:?}");
    test.resume_and_expect_all_done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_inputs_in_the_history_no_row_is_submitted_again_however_old() {
    let without = HistoryScenario { omit_inputs: true, ..HistoryScenario::default() };
    let test = killed_with_lost_submits(&["a", "b"], history(without)).await;
    let test = test.with(&["--on-unknown", "resubmit-after=0s"]).with_short_search();
    let result = test.run().await;
    assert_eq!(result.code, Some(6), "{result:?}");
    test.expect_states(&[("unknown", 2)]).await;
    assert_eq!(test.charges(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_the_history_lists_several_times_is_one_job() {
    let twice = HistoryScenario { duplicates: 2, ..HistoryScenario::default() };
    let test = killed_with_lost_submits(&["a", "b"], history(twice)).await;
    test.resume_and_expect_all_done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_rows_that_are_each_paid_for_find_a_job_each() {
    let faults = (1..=3).fold(quick(), |scenario, nth| scenario.fault(accepted_and_lost(nth)));
    let test = BatchTest::new(&["a", "b", "c"], faults).await.with(&["--repeat"]);
    test.write_manifest("id,video,audio\na,face.mp4,a.mp3\nb,face.mp4,a.mp3\nc,face.mp4,a.mp3\n");
    let process = test.start();
    test.harness.until("three jobs", |world| world.jobs().len() == 3).await;
    process.kill().await;
    test.resume_and_expect_all_done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_with_600_later_ones_is_found() {
    let test = killed_with_lost_submits(&["a"], quick()).await;
    let world = &test.harness.world;
    let config = Config::builder()
        .ignore_env()
        .base_url(world.base_url())
        .api_key(world.key())
        .check_remote_media(false);
    let other = Client::new(config.build().unwrap()).unwrap();
    let submits = (0..600).map(|number| {
        let input = AudioToVideo::new()
            .video("https://media.example/face.mp4")
            .audio(format!("https://media.example/{number}.mp3"));
        other.submit(input)
    });
    for result in futures_util::future::join_all(submits.map(IntoFuture::into_future)).await {
        result.unwrap();
    }
    assert_eq!(test.charges(), 601);
    let result = test.run().await;
    assert_eq!(result.code, Some(0), "{result:?}");
    test.expect_states(&[("done", 1)]).await;
    test.expect_results(&["a"]);
    let ledger = test.harness.world.ledger();
    assert_eq!((ledger.charges.len(), ledger.delivered, ledger.orphaned), (601, 1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_during_the_search_for_the_job() {
    let scenario =
        quick().fault(silence(RequestKind::History, 1)).fault(silence(RequestKind::History, 2));
    let test = killed_with_lost_submits(&["a"], scenario).await;
    for search in 1..=2 {
        let process = test.start();
        test.until_requests(RequestKind::History, search).await;
        process.kill().await;
        assert_eq!(test.charges(), 1);
    }
    test.resume_and_expect_all_done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_when_the_job_is_found_and_its_id_is_not_committed() {
    let test =
        killed_with_lost_submits(&["a"], quick().fault(silence(RequestKind::History, 1))).await;
    let process = test.start();
    test.until_requests(RequestKind::History, 1).await;
    process.kill().await;
    // The response of this search is written while nothing can be committed.
    let pause = viseme_mock::scenario::WireFault::Delay(Span::secs(1));
    test.harness.world.add_fault(viseme_mock::Fault::at(RequestKind::History).nth(1).wire(pause));
    let process = test.start();
    test.until_requests(RequestKind::History, 2).await;
    let lock = test.lock_database();
    test.harness
        .until("the history is read", |world| {
            world.requests(RequestKind::History).get(1).is_some_and(|it| it.ended_at.is_some())
        })
        .await;
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    process.kill().await;
    drop(lock);
    assert_eq!(test.count("SELECT count(*) FROM submits WHERE state = 'sent'"), Some(1));
    test.resume_and_expect_all_done().await;
}
