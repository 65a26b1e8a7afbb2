//! A ledger in a PostgreSQL database, as the hosts use it.
#![cfg(all(unix, feature = "batch", feature = "postgres"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic fails the test")]

use serde_json::{Value, json};
use viseme_bindings::{ClientHandle, Task};
use viseme_ledger::testing::PostgresServer;
use viseme_mock::{MockServer, World};

fn config(world: &World, ledger: &str) -> String {
    let settings = json!({
        "baseUrl": world.base_url(),
        "apiKey": world.key(),
        "ledger": ledger,
    });
    json!({"env": {}, "settings": settings}).to_string()
}

async fn last(task: Task) -> Value {
    let mut last = Value::Null;
    while let Some(messages) = task.next().await {
        let messages: Vec<Value> = serde_json::from_str(&messages).unwrap();
        last = messages.last().cloned().unwrap_or(last);
    }
    last
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_one_database_pay_once_for_a_key() {
    let database = PostgresServer::start();
    let url = database.create_database().await;
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/../samples");
    let submit = json!({
        "op": "submit",
        "input": {"model": "kwaivgi/kling-lipsync/audio-to-video", "fields": [
            ["audio", {"value": format!("{samples}/voice.mp3")}],
            ["video", {"value": format!("{samples}/face.mp4")}],
        ]},
        "options": {"key": "row-17"},
    });
    for _ in 0..2 {
        let client = ClientHandle::open(&config(&world, &url)).unwrap();
        let message = last(client.start(&submit.to_string(), Vec::new())).await;
        assert!(message["error"].is_null(), "{message}");
    }
    assert_eq!(world.ledger().charges.len(), 1);
    let client = ClientHandle::open(&config(&world, &url)).unwrap();
    let listed = last(client.start(r#"{"op": "ledgerSubmits", "state": null}"#, Vec::new())).await;
    assert_eq!(
        (&listed["value"][0]["key"], listed["value"].as_array().unwrap().len()),
        (&"row-17".into(), 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_url_is_refused_without_its_password() {
    let server = MockServer::start().await.unwrap();
    let url = "postgres://viseme:s3cret@host:port/clips";
    let error = ClientHandle::open(&config(&server.world(), url)).err().unwrap();
    assert!(error.contains("The URL of the ledger is not valid"), "{error}");
    assert!(!error.contains("s3cret"), "{error}");
}
