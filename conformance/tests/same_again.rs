//! Same seed, two runs: the same results and the same journals.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use viseme_conformance::command::{Request, run};

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// The run's results and journals, without what is of the machine: real times, ports, dates of
/// worlds that begin now, which of two connections a request took, and hashes of bodies with ports.
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
    };
    run(&request).await.unwrap();
    let text = std::fs::read_to_string(folder.path().join("report/results.json")).unwrap();
    let port = regex::Regex::new(r"127\.0\.0\.1:\d+").unwrap();
    let text = port.replace_all(&text, "HOST").into_owned();
    let results: Value = serde_json::from_str(&text).unwrap();
    let results = results["drivers"][0]["results"].as_array().unwrap().clone();
    let in_order = results.into_iter().filter(|result| !is_side_by_side(result));
    in_order.map(|result| without_the_machine(&result)).collect()
}

fn without_the_machine(result: &Value) -> Value {
    let journal = result["evidence"]["journal"].as_array().unwrap();
    let journal: Vec<_> = journal
        .iter()
        .map(|exchange| {
            let mut exchange = exchange.clone();
            let fields = exchange.as_object_mut().unwrap();
            for name in ["wall_ms", "connection", "reused", "body_sha256"] {
                fields.remove(name);
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

/// Whether a case does several things at the same time, which may come in either order.
fn is_side_by_side(result: &Value) -> bool {
    let steps = result["evidence"]["steps"].as_array().unwrap();
    let journal = result["evidence"]["journal"].as_array().unwrap();
    steps.iter().any(|step| step["op"] == "run_many")
        || journal.iter().filter(|exchange| exchange["point"] == "ticket").count() > 1
}

#[tokio::test]
async fn two_runs_are_the_same() {
    // Without the groups that are about real time; webhooks, whose worlds begin now; and outputs,
    // where it is up to the network how many bytes still arrive before a reset.
    let groups = "{account,errors,happy,hostile,media,polls,secrecy,states,submit,uploads}/*";
    let (first, second) = (once(groups).await, once(groups).await);
    assert!(first.len() >= 120, "{}", first.len());
    assert_eq!(first.len(), second.len());
    for (one, other) in first.iter().zip(&second) {
        assert_eq!(one, other);
    }
}
