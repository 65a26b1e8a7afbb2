//! Large files are transferred in little memory, and the programs of the benchmark send the requests
//! that the benchmark expects.
//!
//! The server is in this process. The client is in another, which measures itself: its highest
//! resident memory (`VmHWM`) against its resident memory before the client was made. The pages of code that
//! run for the first time do not count: in a debug build they are most of it.
#![cfg(target_os = "linux")]
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test ends by a panic")]

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;
use viseme_mock::{MockServer, RequestKind, Scenario, World};

/// 100 MiB, a little more than 100 MB.
const SIZE: u64 = 100 * 1024 * 1024;
/// How much more memory than at its start the client may take, without its code.
const GROWTH: u64 = 6_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn large_files_are_transferred_in_little_memory() {
    let server = MockServer::start().await.expect("a server");
    let world = server.default_world();
    let folder = TempDir::new().expect("a folder");
    let (source, target) = (folder.path().join("voice.wav"), folder.path().join("back.wav"));
    let size = SIZE.to_string();
    let up = load(&world, &["upload", "--file", text(&source), "--bytes", &size]).await;
    let url = up["url"].as_str().expect("where the file is");
    let down = load(&world, &["download", "--from", url, "--to", text(&target)]).await;

    assert_eq!(down["bytes"], SIZE);
    assert_eq!(target.metadata().expect("the file is there").len(), SIZE);
    for (what, measured) in [("upload", &up), ("download", &down)] {
        let growth = growth(measured);
        println!("{what} of {SIZE} bytes: memory grew by {growth} bytes at most");
        assert!(growth > 0, "{what}: nothing was measured: {measured}");
        assert!(growth <= GROWTH, "{what}: memory grew by {growth} bytes: {measured}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_and_the_baseline_make_the_same_requests() {
    let (jobs, polls) = (3, 4);
    let server = MockServer::start().await.expect("a server");
    let scenario = "jobs: [{timeline: {after_polls: 1}}]";
    let scenario = Scenario::parse(scenario).expect("a scenario");
    let (runs, baseline) = (server.world_with(scenario.clone()), server.world_with(scenario));

    let measured = load(&runs, &["runs", "--jobs", "3"]).await;
    assert_eq!(measured["errors"], 0, "{measured}");
    assert_eq!(measured["ended"].as_array().map(Vec::len), Some(jobs), "{measured}");
    assert_eq!(requests(&runs), (jobs, jobs), "one poll a job, as in the scenario");

    load(&baseline, &["baseline", "--jobs", "3", "--polls", "4"]).await;
    assert_eq!(requests(&baseline), (jobs, polls));
    for world in [runs, baseline] {
        assert_eq!((world.ledger().charges.len(), world.ledger().duplicates), (jobs, 0));
        assert!(world.journal().iter().all(|exchange| exchange.status == Some(200)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn results_with_any_pacing_are_in_hand_after_their_jobs_ended() {
    let server = MockServer::start().await.expect("a server");
    // Time passes faster for both.
    let scenario =
        "{clock: {mode: {scaled: 20}}, jobs: [{timeline: [{created: 0s}, {completed: 3s}]}]}";
    for pacing in ["learned", "default", "exponential", "0.5"] {
        let world = server.world_with(Scenario::parse(scenario).expect("a scenario"));
        let before = seconds_since_1970();
        let arguments = ["--pacing", pacing, "--seen", "6", "--jobs", "3", "--limit", "2"];
        let arguments = [&["pacing", "--time-scale", "20"], &arguments[..]].concat();
        let measured = load(&world, &arguments).await;
        assert_eq!(measured["errors"], 0, "{measured}");
        let (submits, polls) = requests(&world);
        assert!(submits == 9 && polls >= 9, "{submits} submits, {polls} polls");
        let ended = measured["ended"].as_array().expect("the results");
        assert_eq!(ended.len(), 3, "only those that count: {measured}");
        for job in ended {
            let at = job[1].as_f64().expect("a time");
            // Four of 3 s in turn, of which the last is measured.
            assert!(at >= before + 4.0 * 3.0 / 20.0, "{pacing}: {}", at - before);
            assert!(at <= seconds_since_1970());
        }
    }
}

fn seconds_since_1970() -> f64 {
    std::time::UNIX_EPOCH.elapsed().expect("a date after 1970").as_secs_f64()
}

fn requests(world: &World) -> (usize, usize) {
    (world.requests(RequestKind::Submit).len(), world.requests(RequestKind::Poll).len())
}

/// Runs the program and returns what it measured.
async fn load(world: &World, arguments: &[&str]) -> Value {
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_viseme-load"))
        .args(arguments)
        .args(["--url", world.base_url(), "--key", world.key()])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = output.await.expect("the client ran");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn growth(measured: &Value) -> u64 {
    let bytes = |name: &str| measured["cost"][name].as_u64().expect("a number of bytes");
    bytes("memory_peak").saturating_sub(bytes("memory_before")).saturating_sub(bytes("memory_code"))
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}
