//! Where outputs go: files, links, standard output.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use std::os::unix::ffi::OsStrExt as _;
use std::process::Stdio;

use crate::support::{Harness, ends, finish, in_repository, never_ends, run_samples, samples};

fn face() -> Vec<u8> {
    std::fs::read(in_repository("samples/face.mp4")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dash_is_standard_output() {
    let harness = Harness::new(ends("completed")).await;
    let output = harness.command(&run_samples(&["--out", "-"])).output().await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(output.stdout == face(), "{} bytes", output.stdout.len());
    assert_eq!(std::fs::read_dir(harness.folder.path()).unwrap().count(), 0);
    let both = harness.run(&["--out", "-", "--json"]).await;
    assert_eq!(both.code, Some(2), "{both:?}");
    assert_eq!(harness.world.ledger().charges.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_is_no_utf8_is_shown_as_well_as_it_can_be() {
    let harness = Harness::new(ends("completed")).await;
    let mut command = harness.command(&run_samples(&["--json", "--out"]));
    command.arg(std::ffi::OsStr::from_bytes(b"\xfe.mp4"));
    let result = finish(command).await;
    assert_eq!(result.code, Some(0), "{result:?}");
    assert_eq!(result.json()["saved"]["path"], "\u{fffd}.mp4");
    assert_eq!(std::fs::read_dir(harness.folder.path()).unwrap().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_too_long_is_shortened_before_its_extension() {
    let harness = Harness::new(ends("completed")).await;
    let name = format!("{}.mp4", "b".repeat(300));
    let result = harness.run(&["--out", &name]).await;
    assert_eq!(result.out.trim(), format!("{}.mp4", "b".repeat(251)), "{result:?}");
    assert!(harness.path(result.out.trim()).is_file());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standard_output_that_cannot_be_written_does_not_hide_the_job() {
    let harness = Harness::new(never_ends()).await;
    for json in [&["--json"][..], &["--quiet"]] {
        let mut arguments = vec!["submit".to_owned()];
        arguments.extend(samples());
        arguments.extend(json.iter().map(|it| (*it).to_owned()));
        let mut command = harness.command(&arguments);
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
        let Ok(full) = full else { return };
        command.stdout(Stdio::from(full));
        let result = command.spawn().unwrap().wait_with_output().await.unwrap();
        let id = harness.world.jobs().last().unwrap().id.clone();
        assert_eq!(result.status.code(), Some(1), "{result:?}");
        assert!(String::from_utf8_lossy(&result.stderr).contains(&id), "{result:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_nobody_reads_does_not_end_a_run() {
    let harness = Harness::new(ends("completed")).await;
    let mut command = harness.command(&run_samples(&["--verbose", "--out", "result.mp4"]));
    let mut running = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(running.stderr.take());
    let output = running.wait_with_output().await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(std::fs::read(harness.path("result.mp4")).unwrap(), face());
}
