//! A batch is killed before, during and after a submit, and resumed by the same command line.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use std::time::Duration;

use crate::support::batch::{BatchTest, accepted_and_lost, quick, silence};
use crate::support::gate::Gate;
use viseme_mock::scenario::{Span, WireFault};
use viseme_mock::{Fault, RequestKind};

const SENT: &str = "SELECT count(*) FROM submits WHERE state = 'sent'";

#[tokio::test(flavor = "multi_thread")]
async fn killed_during_the_import() {
    let test = BatchTest::new(&["a", "b"], quick()).await.with(&["--pilot", "2"]);
    let rows = (0..20_000).map(|number| format!("row-{number},face.mp4,other-{number}.mp3\n"));
    let table = ["id,video,audio\na,face.mp4,a.mp3\nb,face.mp4,b.mp3\n".to_owned()];
    test.write_manifest(&table.into_iter().chain(rows).collect::<String>());
    // At any time of the start.
    for milliseconds in [5, 40, 80, 160] {
        let process = test.start();
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        process.kill_if_running().await;
    }
    test.harness.world.reset();
    let _ = std::fs::remove_dir_all(test.results());
    // When a part of the rows is committed.
    let mut imported = 0;
    for _ in 0..20 {
        let process = test.start();
        while imported == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
            imported = test.count("SELECT count(*) FROM items").unwrap_or_default();
        }
        process.kill().await;
        imported = test.count("SELECT count(*) FROM items").unwrap();
        if imported < 20_002 {
            break;
        }
        std::fs::remove_dir_all(test.results()).unwrap();
        imported = 0;
    }
    assert!((1..20_002).contains(&imported), "{imported} rows were imported before the kill");
    assert_eq!(test.charges(), 0);

    let result = test.run().await;
    assert_eq!(result.code, Some(5), "{result:?}");
    test.expect_states(&[("done", 2), ("planned", 20_000)]).await;
    test.expect_paid(2).await;
    test.expect_results(&["a", "b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_of_an_upload() {
    // The second upload is that of the video.
    let fault = Fault::at(RequestKind::Put).nth(2).wire(WireFault::NeverReadBody);
    let test = BatchTest::new(&["a"], quick().fault(fault)).await;
    // More than the buffers of the system hold: a box without content at the end of the video.
    let mut video = std::fs::read(test.path("face.mp4")).unwrap();
    video.extend((24_u32 << 20).to_be_bytes());
    video.extend(b"free");
    video.resize(video.len() + (24 << 20) - 8, 0);
    std::fs::write(test.path("face.mp4"), video).unwrap();
    let process = test.start();
    test.harness.until_fault_triggered().await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    process.kill().await;
    assert_eq!(test.charges(), 0);
    test.resume_and_expect_all_done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_the_record() {
    // When the price is asked for, before an upload, and when the last file of the row is uploaded.
    for fault in [
        silence(RequestKind::Other, 1),
        silence(RequestKind::Presign, 2),
        silence(RequestKind::Put, 2),
        silence(RequestKind::Put, 2).after_accept(),
    ] {
        let test = BatchTest::new(&["a"], quick().fault(fault.clone())).await;
        let process = test.start();
        test.harness.until_fault_triggered().await;
        process.kill().await;
        assert_eq!((test.charges(), test.count(SENT)), (0, Some(0)), "{fault:?}");
        test.resume_and_expect_all_done().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_during_the_commit_of_the_record() {
    let pause = WireFault::Delay(Span::secs(1));
    let test =
        BatchTest::new(&["a"], quick().fault(Fault::at(RequestKind::Put).nth(2).wire(pause))).await;
    let process = test.start();
    test.harness.until_fault_triggered().await;
    let lock = test.lock_database();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(test.harness.world.requests(RequestKind::Submit).is_empty(), "sent without a record");
    process.kill().await;
    drop(lock);
    assert_eq!((test.charges(), test.count(SENT)), (0, Some(0)));
    test.resume_and_expect_all_done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_the_record_and_before_the_submit() {
    let pause = WireFault::Delay(Span::secs(2));
    let fault = Fault::at(RequestKind::Put).nth(2).wire(pause);
    let test = BatchTest::new(&["a"], quick().fault(fault)).await;
    let gate =
        Gate::new(test.harness.server.url().trim_start_matches("http://").parse().unwrap()).await;
    let url = test.harness.world.base_url();
    let url = url.replace(test.harness.server.url(), &format!("http://{}", gate.address));
    let test = test.env("WAVESPEED_BASE_URL", url).with_short_search();
    let process = test.start();
    test.harness.until_fault_triggered().await;
    // The rest of the upload passes.
    tokio::time::sleep(Duration::from_millis(500)).await;
    gate.close();
    test.harness.until("the record is committed", |_| test.count(SENT) == Some(1)).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    process.kill().await;
    gate.open();
    assert!(test.harness.world.requests(RequestKind::Submit).is_empty());
    expect_unknown_and_give_up(&test).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_when_the_submit_is_sent_and_not_read() {
    let slow = WireFault::SlowAccept(Span::secs(4));
    let fault = Fault::at(RequestKind::Submit).nth(1).wire(slow);
    let test = BatchTest::new(&["a"], quick().fault(fault)).await.with_short_search();
    let process = test.start();
    test.harness.until_fault_triggered().await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    process.kill().await;
    expect_unknown_and_give_up(&test).await;
}

/// The next run cannot know that the service did not accept the submit, and pays nothing. The user can.
async fn expect_unknown_and_give_up(test: &BatchTest) {
    assert_eq!((test.charges(), test.count(SENT)), (0, Some(1)));
    for _ in 0..2 {
        let result = test.run().await;
        assert_eq!(result.code, Some(6), "{result:?}");
        test.expect_states(&[("unknown", 1)]).await;
        assert_eq!(test.charges(), 0);
    }
    let result = test.batch("unknown", &["--give-up", "a"]).await;
    assert_eq!(result.code, Some(0), "{result:?}");
    test.resume_and_expect_all_done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_when_the_submit_is_accepted_and_its_response_is_lost() {
    let test = BatchTest::new(&["a", "b", "c"], quick().fault(accepted_and_lost(2))).await;
    let process = test.start();
    test.harness.until("three jobs", |world| world.jobs().len() == 3).await;
    process.kill().await;
    test.resume_and_expect_all_done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_when_the_response_is_read_and_the_job_id_is_not_committed() {
    let pause = WireFault::Delay(Span::secs(1));
    let test =
        BatchTest::new(&["a"], quick().fault(Fault::at(RequestKind::Submit).nth(1).wire(pause)))
            .await;
    let process = test.start();
    test.until_requests(RequestKind::Submit, 1).await;
    let lock = test.lock_database();
    test.harness
        .until("the response is written", |world| {
            world.requests(RequestKind::Submit).iter().all(|it| it.ended_at.is_some())
        })
        .await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    process.kill().await;
    drop(lock);
    assert_eq!((test.charges(), test.count(SENT)), (1, Some(1)));
    test.resume_and_expect_all_done().await;
    assert_eq!(test.harness.world.requests(RequestKind::Submit).len(), 1);
}
