//! Checks that two runs with the same seed have the same results and the same journals.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use viseme_conformance::command::{Request, run};

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// Runs the suite and returns results and journals without real times, ports and connections.
async fn run_once(pattern: &str) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let request = Request {
        root: Path::new(HERE).join(".."),
        target: None,
        out: folder.path().join("report"),
        drivers: vec!["rust".to_owned()],
        cases: None,
        case: Some(pattern.to_owned()),
        limit: Duration::from_secs(60),
        today: None,
        released: false,
        build: false,
        openapi: None,
    };
    run(&request).await.unwrap();
    let text = std::fs::read_to_string(folder.path().join("report/results.json")).unwrap();
    let port = regex::Regex::new(r"127\.0\.0\.1(:|%3A)\d+").unwrap();
    let text = port.replace_all(&text, "HOST").into_owned();
    let results: Value = serde_json::from_str(&text).unwrap();
    let results = results["drivers"][0]["results"].as_array().unwrap().clone();
    let deterministic = results.into_iter().filter(|result| !is_nondeterministic(result));
    deterministic.map(|result| normalized(&with_relative_times(&result))).collect()
}

fn normalized(result: &Value) -> Value {
    let journal = result["trace"]["journal"].as_array().unwrap();
    let journal: Vec<_> = journal
        .iter()
        .map(|exchange| {
            let mut exchange = exchange.clone();
            let fields = exchange.as_object_mut().unwrap();
            // Connection reuse depends on a race in the HTTP library of the client, and the end of a
            // broken connection on when it is noticed.
            for name in ["wall_ms", "ended_wall_ms", "ended_at", "connection", "reused"] {
                fields.remove(name);
            }
            // A client leaves in the middle of such a header. How much of it the kernel has taken by
            // then depends on the load of the machine.
            if fields["fault"]["huge_header"].is_number() {
                fields.remove("bytes_written");
                fields.remove("termination");
            }
            // The hash of a body depends on the port in it; the body itself is compared.
            if fields["body"].to_string().contains("HOST") {
                fields.remove("body_sha256");
            }
            exchange
        })
        .collect();
    json!({
        "id": result["id"],
        "result": result["result"],
        "differences": result["differences"],
        "journal": journal,
        "ledger": result["trace"]["ledger"],
    })
}

/// Whether the order of requests depends on concurrency or on the network.
fn is_nondeterministic(result: &Value) -> bool {
    let steps = result["trace"]["steps"].as_array().unwrap();
    let journal = result["trace"]["journal"].as_array().unwrap();
    steps.iter().any(|step| step["op"] == "run_many")
        // Two runs poll the same job.
        || result["id"] == "ledger/same-key-at-once"
        || journal.iter().filter(|exchange| exchange["kind"] == "presign").count() > 1
        // The number of bytes that arrive before a reset depends on the network.
        || journal.iter().any(|exchange| exchange["fault"].to_string().contains("reset_at"))
}

/// Makes times relative to the first exchange. The worlds of the webhook cases start at the real
/// time, because the client checks signatures against its own clock.
fn with_relative_times(result: &Value) -> Value {
    let first = result["trace"]["journal"][0]["at"].as_str();
    let Some(first) = first.filter(|_| result["id"].as_str().unwrap().starts_with("webhooks/"))
    else {
        return result.clone();
    };
    let first: jiff::Timestamp = first.parse().unwrap();
    let date = regex::Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z").unwrap();
    let text = result.to_string();
    let text = date.replace_all(&text, |found: &regex::Captures<'_>| {
        let at: jiff::Timestamp = found[0].parse().unwrap();
        format!("{} ns", at.as_nanosecond() - first.as_nanosecond())
    });
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn two_runs_have_the_same_results_and_journals() {
    let (first, second) = (run_once("*/*").await, run_once("*/*").await);
    assert!(first.len() >= 180, "{}", first.len());
    assert_eq!(first.len(), second.len());
    for (one, other) in first.iter().zip(&second) {
        assert_eq!(one, other);
    }
}
