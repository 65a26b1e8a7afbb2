//! Recordings are compared with the contract, and become scenarios.
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use crate::support::Harness;
use serde_json::{Value, json};
use viseme_mock::Scenario;
use viseme_recorder::recording::Recording;

/// A recording of one job whose responses have a key that the contract does not have.
fn recording(end_ms: u64) -> String {
    let response = json!({
        "status": 200,
        "headers": {"content-type": "application/json", "x-request-id": "1"},
        "head_after_ms": 3,
        "body": {"kind": "json", "value": {
            "code": 200, "message": "success", "data": {"balance": 12.5, "currency": "USD"},
        }},
    });
    let recording = json!({
        "version": 1,
        "recorder": "viseme 0.1.0",
        "upstream": "https://api.example",
        "started_at": "2026-11-29T10:00:00Z",
        "ended_at": "2026-11-29T10:01:00Z",
        "jobs": [{
            "id": "1",
            "model": "a/b",
            "input": {},
            "sent_at_ms": 5,
            "accepted_at_ms": 9,
            "submitted_at": "2026-11-29T10:00:00Z",
            "states": [
                {"status": "created", "not_before_ms": 0, "not_after_ms": 0},
                {"status": "completed", "not_before_ms": end_ms, "not_after_ms": end_ms},
            ],
            "outcome": {"status": "completed"},
        }],
        "exchanges": [{
            "at_ms": 1,
            "took_ms": 4,
            "endpoint": "balance",
            "by": "client",
            "request": {
                "method": "GET",
                "route": "/api/v3/balance",
                "path": "/api/v3/balance",
                "body": {"kind": "empty"},
            },
            "response": response,
        }],
    });
    Recording::parse(&recording.to_string()).unwrap().to_yaml().unwrap()
}

async fn with_recordings() -> Harness {
    let harness = Harness::new(Scenario::new()).await;
    for (name, end_ms) in [("one", 1500), ("two", 4000)] {
        std::fs::create_dir(harness.path(name)).unwrap();
        std::fs::write(harness.path(name).join("recording.yaml"), recording(end_ms)).unwrap();
    }
    harness
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_is_compared_with_the_contract() {
    let harness = with_recordings().await;
    let plain = harness.viseme(&["drift", "one"]).await;
    assert_eq!(plain.code, Some(0), "{plain:?}");
    for part in ["1 difference.", "/data/currency", "GET /api/v3/balance", "for example \"USD\""] {
        assert!(plain.out.contains(part), "{part}: {plain:?}");
    }
    let json = harness.viseme(&["drift", "one", "--json", "--fail"]).await;
    assert_eq!(json.code, Some(2), "{json:?}");
    let report: Value = json.json();
    let found = &report["differences"][0];
    assert_eq!((&found["kind"], &found["at"]), (&json!("unknown_key"), &json!("/data/currency")));

    let missing = harness.viseme(&["drift", "none"]).await;
    assert_eq!(missing.code, Some(1), "{missing:?}");
    assert!(missing.err.contains("none"), "{missing:?}");
    std::fs::write(harness.path("two").join("recording.yaml"), "version: 99").unwrap();
    let later = harness.viseme(&["drift", "two"]).await;
    assert_eq!(later.code, Some(2), "{later:?}");
    assert!(later.err.contains("version 99"), "{later:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn recordings_become_a_scenario() {
    let harness = with_recordings().await;
    let one = harness.viseme(&["replay", "one"]).await;
    assert_eq!(one.code, Some(0), "{one:?}");
    let scenario = Scenario::parse(&one.out).unwrap();
    assert_eq!(scenario.jobs.len(), 2, "the job, and any further one: {one:?}");
    let both = harness.viseme(&["replay", "one", "two", "--out", "both.yaml"]).await;
    assert_eq!((both.code, both.out.as_str()), (Some(0), "both.yaml\n"), "{both:?}");
    let text = std::fs::read_to_string(harness.path("both.yaml")).unwrap();
    let scenario = Scenario::parse(&text).unwrap();
    let runs: Vec<usize> = scenario.jobs.iter().map(|rule| rule.one_of.len()).collect();
    assert_eq!(runs, [2], "{text}");
    let json = harness.viseme(&["replay", "one", "--json"]).await;
    assert_eq!(json.code, Some(2), "{json:?}");
}
