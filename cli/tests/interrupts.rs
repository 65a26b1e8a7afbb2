//! Ctrl-C and SIGTERM in each phase of a run.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use crate::support::{self, Harness, ends, never_ends, run_samples};
use rustix::process::Signal;
use viseme_mock::scenario::{Span, WireFault};
use viseme_mock::{Fault, RequestKind};

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_during_an_upload_submits_nothing() {
    let fault = Fault::at(RequestKind::Put).wire(WireFault::Silence);
    let harness = Harness::new(ends("completed").fault(fault)).await;
    let running = harness.start_run(&[]);
    harness.until_fault_triggered().await;
    running.signal(Signal::INT);
    let result = running.finish().await;
    assert_eq!(result.code, Some(130), "{result:?}");
    assert!(result.err.ends_with("Nothing was submitted or charged.\n"), "{result:?}");
    assert!(harness.world.requests(RequestKind::Submit).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_during_a_submit_waits_for_the_response() {
    let fault = Fault::at(RequestKind::Submit).wire(WireFault::Delay(Span::secs(2)));
    let harness = Harness::new(never_ends().fault(fault)).await;
    let running = harness.start_run(&[]);
    harness.until_fault_triggered().await;
    running.signal(Signal::INT);
    let result = running.finish().await;
    assert_eq!(result.code, Some(130), "{result:?}");
    let id = &harness.world.jobs()[0].id;
    assert!(result.err.ends_with(&format!("viseme wait {id}\n")), "{result:?}");
    assert_eq!(harness.world.ledger().orphaned, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_closes_during_a_submit_does_not_lose_the_job() {
    let fault = Fault::at(RequestKind::Submit).wire(WireFault::Delay(Span::secs(2)));
    let harness = Harness::new(never_ends().fault(fault)).await;
    let mut running = start_with_hangups(&harness, &["--verbose"]);
    harness.until_fault_triggered().await;
    running.signal(Signal::HUP);
    running.until_line_with("Ctrl-C again").await;
    // The shell and the terminal may send it both.
    running.signal(Signal::HUP);
    let result = running.finish().await;
    assert_eq!(result.code, Some(130), "{result:?}");
    let id = &harness.world.jobs()[0].id;
    assert!(result.err.ends_with(&format!("viseme wait {id}\n")), "{result:?}");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn nohup_still_ignores_a_closing_terminal() {
    let harness = Harness::new(ends("completed")).await;
    let mut running = start_in(&harness, "nohup", &[], &run_samples(&["--out", "film.mp4"]));
    running.until_line_with("submitted as job").await;
    running.signal(Signal::HUP);
    let result = running.finish().await;
    assert_eq!((result.code, result.out.trim()), (Some(0), "film.mp4"), "{result:?}");
}

/// Starts a run that receives SIGHUP, even if the tests themselves run under nohup.
fn start_with_hangups(harness: &Harness, more: &[&str]) -> support::Running {
    #[cfg(target_os = "linux")]
    return start_in(harness, "env", &["--default-signal=HUP"], &run_samples(more));
    #[cfg(not(target_os = "linux"))]
    harness.start_run(more)
}

/// Starts `viseme` through a program that runs it.
#[cfg(target_os = "linux")]
fn start_in(
    harness: &Harness,
    program: &str,
    options: &[&str],
    arguments: &[String],
) -> support::Running {
    let viseme = harness.command(arguments);
    let mut command = tokio::process::Command::new(program);
    command.args(options).arg(env!("CARGO_BIN_EXE_viseme")).args(viseme.as_std().get_args());
    for (name, value) in viseme.as_std().get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
        .current_dir(harness.folder.path())
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .kill_on_drop(true);
    support::Running::new(command)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_interrupt_during_a_submit_does_not_wait() {
    let fault = Fault::at(RequestKind::Submit).wire(WireFault::Silence);
    let harness = Harness::new(never_ends().fault(fault)).await;
    let mut running = harness.start_run(&["--json", "--verbose"]);
    harness.until_fault_triggered().await;
    running.signal(Signal::INT);
    running.until_line_with("Ctrl-C again").await;
    running.signal(Signal::INT);
    let result = running.finish().await;
    assert_eq!(result.code, Some(130), "{result:?}");
    let error = &result.json()["error"];
    assert_eq!(error["code"], "interrupted");
    assert!(error["submitted"].is_null(), "unknown: {error}");
    assert!(error["message"].as_str().unwrap().contains("a job may exist"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_of_a_wait_prints_how_to_continue() {
    let harness = Harness::new(never_ends()).await;
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let mut running = start_with_hangups(&harness, &[]);
        let line = running.until_line_with("submitted as job").await;
        let id = line.split_whitespace().last().unwrap().to_owned();
        running.signal(signal);
        let result = running.finish().await;
        assert_eq!(result.code, Some(130), "{result:?}");
        assert!(result.err.contains("is still running"), "{result:?}");
        assert!(result.err.ends_with(&format!("viseme wait {id}\n")), "{result:?}");

        let status = harness.viseme(&["status", &id]).await;
        assert_eq!(status.out.lines().next(), Some("created"), "the job continues: {status:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_during_a_download_prints_how_to_continue() {
    let fault = Fault::at(RequestKind::Output).wire(WireFault::StallAt(1000));
    let harness = Harness::new(ends("completed").fault(fault)).await;
    let running = harness.start_run(&["--out", "film.mp4"]);
    harness.until_fault_triggered().await;
    running.signal(Signal::INT);
    let result = running.finish().await;
    assert_eq!(result.code, Some(130), "{result:?}");
    let id = &harness.world.jobs()[0].id;
    assert!(result.err.contains("is completed, but its video was not saved"), "{result:?}");
    assert!(result.err.ends_with(&format!("viseme download {id} --out film.mp4\n")), "{result:?}");
    assert_eq!(std::fs::read_dir(harness.folder.path()).unwrap().count(), 0, "nothing is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_of_an_offline_run_has_nothing_to_continue() {
    let harness = Harness::new(never_ends()).await;
    let mut running =
        support::Running::new(harness.command(&run_samples(&["--offline", "--out", "x.mp4"])));
    running.until_line_with("submitted as job").await;
    running.signal(Signal::INT);
    let result = running.finish().await;
    assert_eq!(result.code, Some(130), "{result:?}");
    assert!(result.err.ends_with("The mock server and its job ended.\n"), "{result:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_stops_the_mock_server() {
    let harness = Harness::new(never_ends()).await;
    let mut running = support::Running::new(harness.command(&["mock"]));
    running.until_line_with("Ctrl-C to stop").await;
    running.signal(Signal::INT);
    let result = running.finish().await;
    assert_eq!(result.code, Some(0), "{result:?}");
    assert_eq!(result.json()["key"], "mock-key");
}
