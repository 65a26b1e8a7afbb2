//! Same seed, two runs: the same results and the same journals.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use viseme_conformance::command::{Request, run};

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// The run's results and journals, without what is of the machine: real times, the server's port,
/// and which connection a request took.
async fn once(pattern: &str) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let request = Request {
        root: Path::new(HERE).join(".."),
        target: None,
        out: folder.path().join("report"),
        drivers: vec!["rust".to_owned()],
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
    let in_order = results.into_iter().filter(|result| !is_up_to_chance(result));
    in_order.map(|result| without_the_machine(&counted_from_the_first(&result))).collect()
}

fn without_the_machine(result: &Value) -> Value {
    let journal = result["evidence"]["journal"].as_array().unwrap();
    let journal: Vec<_> = journal
        .iter()
        .map(|exchange| {
            let mut exchange = exchange.clone();
            let fields = exchange.as_object_mut().unwrap();
            // Whether a connection is free again before the next request is a race within the
            // client's HTTP library.
            for name in ["wall_ms", "connection", "reused"] {
                fields.remove(name);
            }
            // A hash of a body with the server's port in it is another each time, and the mock
            // server cannot know what a port is; the body itself is compared.
            if fields["body"].to_string().contains("HOST") {
                fields.remove("body_sha256");
            }
            exchange
        })
        .collect();
    json!({
        "id": result["id"],
        "verdict": result["verdict"],
        "differences": result["differences"],
        "journal": journal,
        "ledger": result["evidence"]["ledger"],
    })
}

/// Whether what comes is not the case's alone: several things are done side by side.
fn is_up_to_chance(result: &Value) -> bool {
    let steps = result["evidence"]["steps"].as_array().unwrap();
    let journal = result["evidence"]["journal"].as_array().unwrap();
    steps.iter().any(|step| step["op"] == "run_many")
        || journal.iter().filter(|exchange| exchange["kind"] == "presign").count() > 1
        // How many bytes still arrive before a reset is up to the network.
        || journal.iter().any(|exchange| exchange["fault"].to_string().contains("reset_at"))
}

/// The worlds of these cases begin now, as the client judges signatures by its own clock: their
/// times are counted from the first exchange.
fn counted_from_the_first(result: &Value) -> Value {
    let first = result["evidence"]["journal"][0]["at"].as_str();
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
async fn two_runs_are_the_same() {
    let (first, second) = (once("*/*").await, once("*/*").await);
    assert!(first.len() >= 180, "{}", first.len());
    assert_eq!(first.len(), second.len());
    for (one, other) in first.iter().zip(&second) {
        assert_eq!(one, other);
    }
}
