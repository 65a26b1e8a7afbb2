//! The load programs do what the benchmark says they do: as many jobs, as many requests.
#![cfg(target_os = "linux")]

use std::process::Stdio;

use serde_json::Value;
use viseme_mock::{MockServer, Point, Scenario, World};

const JOBS: usize = 3;
const POLLS: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn runs_and_the_floor_make_the_same_requests() {
    let server = MockServer::start().await.expect("a server");
    let scenario = "jobs: [{timeline: {after_polls: 1}}]";
    let scenario = Scenario::parse(scenario).expect("a scenario");
    let (runs, floor) = (server.world_with(scenario.clone()), server.world_with(scenario));

    let measured = load(&runs, &["runs", "--jobs", "3"]).await;
    assert_eq!(measured["errors"], 0, "{measured}");
    assert_eq!(measured["ended"].as_array().map(Vec::len), Some(JOBS), "{measured}");
    assert_eq!(requests(&runs), (JOBS, JOBS), "one poll a job, as the scenario has it");

    load(&floor, &["floor", "--jobs", "3", "--polls", "4"]).await;
    assert_eq!(requests(&floor), (JOBS, POLLS));
    for world in [runs, floor] {
        assert_eq!((world.ledger().charges.len(), world.ledger().duplicates), (JOBS, 0));
        assert!(world.journal().iter().all(|exchange| exchange.status == Some(200)));
    }
}

fn requests(world: &World) -> (usize, usize) {
    (world.requests(Point::Submit).len(), world.requests(Point::Poll).len())
}

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
