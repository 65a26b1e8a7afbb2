//! Dubs, against a mock of the service: what a request may pay for.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use support::{Browser, MODEL, live, send};
use viseme_mock::{JobRule, MockServer, Scenario, Timeline};

/// A video of 12 s, and a voice that speaks all the time.
fn media(folder: &std::path::Path) -> [(&'static str, std::path::PathBuf); 2] {
    let make = |source: &str, name: &str| {
        let path = folder.join(name);
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-nostdin", "-f", "lavfi", "-i", source]).arg(&path);
        assert!(command.status().unwrap().success(), "{name}");
        path
    };
    [
        ("video", make("color=c=green:s=1280x720:r=5:d=12", "talk.mp4")),
        ("audio", make("sine=f=220:d=12", "voice.wav")),
    ]
}

/// Sends the files, and returns the input that names them.
async fn input(browser: &mut Browser, folder: &std::path::Path) -> Value {
    let mut values = serde_json::Map::new();
    for (field, path) in media(folder) {
        let name = path.file_name().unwrap().to_string_lossy();
        let url = format!("/api/files?model={MODEL}&field={field}&name={name}");
        let content = std::fs::read(&path).unwrap();
        let file = browser.post(&url, "application/octet-stream", &content).await.json();
        values.insert(field.to_owned(), json!({ "file": file["id"] }));
    }
    json!({ "model": MODEL, "values": values })
}

/// Waits until the newest dub is in a phase.
async fn until(browser: &mut Browser, phase: &str) -> Value {
    for _ in 0..2400 {
        let dub = browser.state("dubs").await.pop();
        match dub {
            Some(dub) if dub["phase"] == phase => return dub,
            Some(dub) if dub["phase"] == "failed" => panic!("{dub}"),
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    panic!("no dub is {phase} after 120 s");
}

#[tokio::test]
async fn a_dub_runs_once_for_the_price_that_was_shown_and_the_key_is_in_no_response() {
    let mock = MockServer::start().await.unwrap();
    let timeline = Timeline::standard(Duration::ZERO, Duration::ZERO, "completed");
    let world = mock.world_with(Scenario::new().job(JobRule::new(timeline)));
    let records = tempfile::tempdir().unwrap();
    let playground = live(&world).records(records.path()).start().await.unwrap();
    let mut browser = Browser::open(&playground).await;
    let input = input(&mut browser, records.path()).await;

    let request = json!({ "input": input, "skip_silence": true, "crop": false });
    let created = browser.post_json("/api/dubs", &request).await;
    assert_eq!(created.status, 202, "{}", created.json());
    let planned = until(&mut browser, "planned").await;
    let price = planned["plan"]["cost"]["price_micros"].as_u64().unwrap();
    let jobs = planned["plan"]["cost"]["jobs"].as_u64().unwrap();
    assert_eq!(planned["run"], json!({ "price_micros": price }));
    let run = format!("/api/dubs/{}/run", planned["id"].as_str().unwrap());

    for wrong in [json!({"price_micros": price - 1}), json!({"price_micros": null}), json!({})] {
        let refused = browser.post_json(&run, &wrong).await;
        assert_eq!((refused.status, refused.code().as_str()), (409, "price_changed"), "{wrong}");
    }
    let unknown = browser.post_json("/api/dubs/x/run", &json!({"price_micros": price})).await;
    assert_eq!(unknown.status, 404);
    assert_eq!(world.ledger().charges.len(), 0);
    assert!(playground.open_dubs().is_empty(), "nothing was confirmed");

    // As from a double click: all at once.
    let (port, body) = (browser.port, json!({ "price_micros": price }).to_string());
    let headers = [
        ("Host", browser.host.clone()),
        ("Origin", browser.origin.clone()),
        ("Cookie", browser.cookie.clone()),
        ("Content-Type", "application/json".to_owned()),
    ];
    let mut clicks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (run, headers, body) = (run.clone(), headers.clone(), body.clone());
        clicks.spawn(async move {
            let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
            send(port, "POST", &run, &headers, body.as_bytes()).await.status
        });
    }
    let mut statuses = clicks.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409, 409, 409]);
    let done = until(&mut browser, "done").await;
    assert_eq!(done["spent_micros"], price);
    assert_eq!(u64::try_from(world.ledger().charges.len()).unwrap(), jobs);

    let output = browser.get(done["output"]["url"].as_str().unwrap()).await;
    assert_eq!((output.status, output.header("content-type")), (200, Some("video/mp4")));
    assert_eq!(done["output"]["bytes"], output.body.len());
    let key = world.key().as_bytes();
    assert!(!browser.received.windows(key.len()).any(|part| part == key));
}

#[tokio::test]
async fn a_second_dub_waits_and_a_plan_that_is_stopped_leaves_nothing() {
    let mock = MockServer::start().await.unwrap();
    let world = mock.world();
    let records = tempfile::tempdir().unwrap();
    let playground = live(&world).records(records.path()).start().await.unwrap();
    let mut browser = Browser::open(&playground).await;
    let input = input(&mut browser, records.path()).await;
    let request = json!({ "input": input, "skip_silence": false, "crop": true });
    let id = browser.post_json("/api/dubs", &request).await.json()["id"].clone();
    let second = browser.post_json("/api/dubs", &request).await;
    // The first may be planned already: then it makes place, as nothing was paid for it.
    if second.status == 409 {
        assert_eq!(second.code(), "dub_running");
        let id = id.as_str().unwrap();
        browser.post_json(&format!("/api/dubs/{id}/stop"), &json!({})).await;
    }
    playground.stop_dubs().await;
    for dub in browser.state("dubs").await {
        let id = dub["id"].as_str().unwrap();
        browser.post_json(&format!("/api/dubs/{id}/remove"), &json!({})).await;
    }
    assert!(browser.state("dubs").await.is_empty());
    assert_eq!(std::fs::read_dir(records.path().join("dubs")).unwrap().count(), 0);
    assert_eq!(world.ledger().charges.len(), 0);

    let image = json!({"model": "kwaivgi/kling-effects", "values": {}});
    let refused = browser
        .post_json("/api/dubs", &json!({"input": image, "skip_silence": true, "crop": false}))
        .await;
    assert_eq!((refused.status, refused.code().as_str()), (422, "invalid_input"));
}
