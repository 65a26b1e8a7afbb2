//! Ctrl-C and SIGTERM, at each stage of a run.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use rustix::process::Signal;
use support::{Stage, ends, never_ends, run_samples};
use viseme_mock::scenario::{Span, WireFault};
use viseme_mock::{Fault, RequestKind};

#[tokio::test(flavor = "multi_thread")]
async fn during_an_upload() {
    let fault = Fault::at(RequestKind::Put).wire(WireFault::Silence);
    let stage = Stage::new(ends("completed").fault(fault)).await;
    let running = stage.begin_run(&[]);
    stage.until_fault_triggered().await;
    running.signal(Signal::INT);
    let ended = running.finish().await;
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert!(ended.err.ends_with("Nothing was submitted, nothing was spent.\n"), "{ended:?}");
    assert!(stage.world.requests(RequestKind::Submit).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn during_the_submit_its_answer_is_waited_for() {
    let fault = Fault::at(RequestKind::Submit).wire(WireFault::Delay(Span::secs(2)));
    let stage = Stage::new(never_ends().fault(fault)).await;
    let running = stage.begin_run(&[]);
    stage.until_fault_triggered().await;
    running.signal(Signal::INT);
    let ended = running.finish().await;
    assert_eq!(ended.code, Some(130), "{ended:?}");
    let id = &stage.world.jobs()[0].id;
    assert!(ended.err.ends_with(&format!("viseme wait {id}\n")), "{ended:?}");
    assert_eq!(stage.world.ledger().orphaned, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn during_the_submit_a_second_one_does_not_wait() {
    let fault = Fault::at(RequestKind::Submit).wire(WireFault::Silence);
    let stage = Stage::new(never_ends().fault(fault)).await;
    let mut running = stage.begin_run(&["--json", "--verbose"]);
    stage.until_fault_triggered().await;
    running.signal(Signal::INT);
    running.until_says("Ctrl-C again").await;
    running.signal(Signal::INT);
    let ended = running.finish().await;
    assert_eq!(ended.code, Some(130), "{ended:?}");
    let error = &ended.json()["error"];
    assert_eq!(error["code"], "interrupted");
    assert!(error["submitted"].is_null(), "nobody knows: {error}");
    assert!(error["message"].as_str().unwrap().contains("a job may exist"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_waiting() {
    let stage = Stage::new(never_ends()).await;
    for signal in [Signal::INT, Signal::TERM] {
        let mut running = stage.begin_run(&[]);
        let line = running.until_says("submitted as job").await;
        let id = line.split_whitespace().last().unwrap().to_owned();
        running.signal(signal);
        let ended = running.finish().await;
        assert_eq!(ended.code, Some(130), "{ended:?}");
        assert!(ended.err.contains("goes on at the service"), "{ended:?}");
        assert!(ended.err.ends_with(&format!("viseme wait {id}\n")), "{ended:?}");

        let status = stage.viseme(&["status", &id]).await;
        assert_eq!(status.out.lines().next(), Some("created"), "the job goes on: {status:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn during_the_download() {
    let fault = Fault::at(RequestKind::Output).wire(WireFault::StallAt(1000));
    let stage = Stage::new(ends("completed").fault(fault)).await;
    let running = stage.begin_run(&["--out", "film.mp4"]);
    stage.until_fault_triggered().await;
    running.signal(Signal::INT);
    let ended = running.finish().await;
    assert_eq!(ended.code, Some(130), "{ended:?}");
    let id = &stage.world.jobs()[0].id;
    assert!(ended.err.contains("is done, but its video was not saved"), "{ended:?}");
    assert!(ended.err.ends_with(&format!("viseme download {id} --out film.mp4\n")), "{ended:?}");
    assert_eq!(std::fs::read_dir(stage.folder.path()).unwrap().count(), 0, "nothing is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn offline_there_is_nothing_to_go_on_with() {
    let stage = Stage::new(never_ends()).await;
    let mut running =
        support::Running::new(stage.command(&run_samples(&["--offline", "--out", "x.mp4"])));
    running.until_says("submitted as job").await;
    running.signal(Signal::INT);
    let ended = running.finish().await;
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert!(ended.err.ends_with("The mock server ended, and its job with it.\n"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mock_server_stops() {
    let stage = Stage::new(never_ends()).await;
    let mut running = support::Running::new(stage.command(&["mock"]));
    running.until_says("Ctrl-C stops").await;
    running.signal(Signal::INT);
    let ended = running.finish().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.json()["key"], "mock-key");
}
