//! A batch is killed while it saves results, or resumed late, and its webhooks go wrong.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::batch::{BatchTest, accepted_and_lost, quick, silence};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use viseme_mock::scenario::{Span, WebhookScenario, WireFault};
use viseme_mock::{Fault, RequestKind, Scenario};

const ACCEPTED: &str = "SELECT count(*) FROM submits WHERE state = 'accepted'";
const DONE: &str = "SELECT count(*) FROM items WHERE state = 'done'";
const EIGHT_DAYS: Duration = Duration::from_secs(8 * 24 * 60 * 60);

#[tokio::test(flavor = "multi_thread")]
async fn killed_when_the_job_is_completed_and_that_is_not_committed() {
    let pause = WireFault::Delay(Span::secs(1));
    let test =
        BatchTest::new(&["a"], quick().fault(Fault::at(RequestKind::Poll).nth(1).wire(pause)))
            .await;
    let process = test.start();
    test.until_requests(RequestKind::Poll, 1).await;
    let lock = test.lock_database();
    test.harness
        .until("the status is read", |world| {
            world.requests(RequestKind::Poll).iter().all(|it| it.ended_at.is_some())
        })
        .await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    process.kill().await;
    drop(lock);
    assert_eq!((test.charges(), test.count(ACCEPTED)), (1, Some(1)));
    test.resume_and_expect_all_done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_of_a_download() {
    for fault in [
        Fault::at(RequestKind::Output).nth(1).wire(WireFault::Silence),
        Fault::at(RequestKind::Output).nth(1).wire(WireFault::StallAt(0)),
        Fault::at(RequestKind::Output).nth(1).wire(WireFault::StallAt(100_000)),
    ] {
        let test = BatchTest::new(&["a", "b"], quick().fault(fault.clone())).await;
        let process = test.start();
        test.harness.until_fault_triggered().await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        let files = test.results_files();
        assert!(files.iter().any(|name| name.starts_with('.')), "{fault:?}: {files:?}");
        process.kill().await;
        test.resume_and_expect_all_done().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_the_rename_and_its_commit() {
    let slow = Fault::at(RequestKind::Output).nth(1).wire(WireFault::StallAt(100_000));
    let test = BatchTest::new(&["a"], quick().fault(slow)).await;
    // The first run dies in the download, so that the second has only to save the result.
    let process = test.start();
    test.harness.until_fault_triggered().await;
    process.kill().await;
    let delay = WireFault::Delay(Span::secs(1));
    test.harness.world.add_fault(Fault::at(RequestKind::Output).nth(1).wire(delay));
    let process = test.start();
    test.until_requests(RequestKind::Output, 2).await;
    let lock = test.lock_database();
    let result = test.results().join("a.mp4");
    test.harness.until("the result has its name", |_| result.exists()).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    process.kill().await;
    drop(lock);
    assert_eq!((test.charges(), test.count(DONE)), (1, Some(0)));
    test.resume_and_expect_all_done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_as_soon_as_a_result_appears() {
    let ids = ["a", "b", "c", "d", "e", "f"];
    let test = BatchTest::new(&ids, quick()).await.with(&["--limit", "2"]);
    // A submit whose record was committed and that was not sent is submitted again.
    let test = test.with_short_search().with(&["--on-unknown", "resubmit-after=1s"]);
    for count in 1..ids.len() {
        let process = test.start();
        let shown = |test: &BatchTest| {
            test.results_files().iter().filter(|name| !name.starts_with('.')).count()
        };
        test.harness.until("another result", |_| shown(&test) >= count).await;
        process.kill_if_running().await;
        test.expect_no_partial_result();
    }
    test.resume_and_expect_all_done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_the_reports_are_written_or_at_any_other_time() {
    let ids = ["a", "b", "c"];
    let test = BatchTest::new(&ids, quick()).await;
    // A submit whose record was committed and that was not sent is submitted again.
    let test = test.with_short_search().with(&["--on-unknown", "resubmit-after=1s"]);
    for milliseconds in [50, 200, 350, 500, 650, 800, 950, 1_100] {
        let process = test.start();
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        process.kill_if_running().await;
        test.expect_no_partial_result();
    }
    test.resume_and_expect_all_done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_rows_are_copied_after_a_kill() {
    let test =
        BatchTest::new(&["a", "b", "c"], quick().fault(silence(RequestKind::Output, 1))).await;
    test.write_manifest("id,video,audio\na,face.mp4,a.mp3\nb,face.mp4,a.mp3\nc,face.mp4,a.mp3\n");
    let process = test.start();
    test.harness.until_fault_triggered().await;
    process.kill().await;
    // A copy that was not finished.
    std::fs::write(test.results().join(".viseme-xyz.part"), "half").unwrap();
    test.resume_and_expect_charges(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn resumed_after_eight_days_nothing_is_paid_again_and_new_rows_run() {
    // One output is never delivered, and one submit is never answered.
    let scenario = quick().fault(silence(RequestKind::Output, 1)).fault(accepted_and_lost(2));
    let mut test = BatchTest::new(&["a", "b", "c", "d"], scenario)
        .await
        .with(&["--limit", "2"])
        .with_short_search();
    let process = test.start();
    test.harness
        .until("both faults", |world| world.faults().iter().all(|fault| fault.triggered > 0))
        .await;
    process.kill().await;
    test.harness.world.advance(EIGHT_DAYS);
    eight_days_pass(&test);
    // The history does not show a job that the service has deleted: the row is never submitted again.
    for options in [&[][..], &["--on-unknown", "resubmit-after=24h"]] {
        test = test.with(options);
        let result = test.run().await;
        assert_eq!(result.code, Some(6), "{result:?}");
        test.expect_states(&[("done", 2), ("unknown", 1), ("expired", 1)]).await;
        test.expect_results(&["c", "d"]);
        let ledger = test.harness.world.ledger();
        // The job of the lost submit is deleted, so that its id is never known.
        assert_eq!((ledger.charges.len(), ledger.duplicates, ledger.orphaned), (4, 0, 1));
    }
}

/// Makes what the ledger knows eight days older, as if the clock of this machine had moved.
fn eight_days_pass(test: &BatchTest) {
    let database = test.database();
    let seconds = i64::try_from(EIGHT_DAYS.as_secs()).unwrap();
    database.execute("UPDATE uploads SET expires_at = expires_at - ?1", [seconds]).unwrap();
    database.execute("UPDATE submits SET sent_at = sent_at - ?1 * 1000", [seconds]).unwrap();
    let mut statement = database.prepare("SELECT id, record FROM submits").unwrap();
    let records = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    for (id, record) in records.collect::<Result<Vec<(i64, String)>, _>>().unwrap() {
        let mut record: viseme::SubmitRecord = serde_json::from_str(&record).unwrap();
        record.sent_at -= EIGHT_DAYS;
        let record = serde_json::to_string(&record).unwrap();
        database.execute("UPDATE submits SET record = ?2 WHERE id = ?1", (id, record)).unwrap();
    }
}

/// A server that accepts webhooks, and counts them.
async fn receiver() -> (String, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let received = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut buffer = vec![0; 64 * 1024];
            let _ = connection.read(&mut buffer).await;
            received.fetch_add(1, Ordering::SeqCst);
            let response = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
            let _ = connection.write_all(response.as_bytes()).await;
        }
    });
    (url, count)
}

async fn run_killed_with_webhooks(webhooks: WebhookScenario) -> usize {
    let scenario: Scenario = quick().webhooks(webhooks).fault(silence(RequestKind::Poll, 2));
    let (url, count) = receiver().await;
    let test = BatchTest::new(&["a", "b"], scenario).await.with(&["--webhook", &url]);
    let process = test.start();
    test.harness.until_fault_triggered().await;
    process.kill().await;
    test.resume_and_expect_all_done().await;
    test.harness.world.settled().await;
    let jobs = test.harness.world.jobs();
    assert!(jobs.iter().all(|job| job.webhook.as_deref() == Some(&url)), "{jobs:?}");
    count.load(Ordering::SeqCst)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_is_never_sent_changes_nothing() {
    let dropped = WebhookScenario { drop: true, ..WebhookScenario::default() };
    assert_eq!(run_killed_with_webhooks(dropped).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_is_sent_twice_changes_nothing() {
    let twice = WebhookScenario { duplicate: 1, ..WebhookScenario::default() };
    assert_eq!(run_killed_with_webhooks(twice).await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_before_the_response_to_the_submit_changes_nothing() {
    let early = WebhookScenario { before_answer: true, ..WebhookScenario::default() };
    assert_eq!(run_killed_with_webhooks(early).await, 2);
}
