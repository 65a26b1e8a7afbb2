//! Sync mode and base64 outputs.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use viseme_mock::scenario::Body;
use viseme_mock::{ClockMode, Fault, JobRule, MockServer, RequestKind, Scenario, Timeline};

use crate::support::{Api, MODEL, eventually, input};

fn sync_input() -> serde_json::Value {
    let mut input = input();
    input["enable_sync_mode"] = json!(true);
    input
}

#[tokio::test]
async fn sync_mode_returns_the_completed_job() {
    let server = MockServer::start().await.unwrap();
    let world = server.world_with(Scenario::new().clock(ClockMode::Scaled(100.0)));
    let (status, body) = Api::of(&world).post(MODEL, &sync_input()).await;
    assert_eq!((status, &body["data"]["status"]), (200, &json!("completed")));
    assert_eq!(body["data"]["outputs"].as_array().unwrap().len(), 1);
    assert_eq!(world.jobs()[0].input, input(), "the switch is no input");
    assert_eq!(world.ledger().delivered, 1);
    let polls = server.world_with(Scenario::new().job(JobRule::new(Timeline::after_polls(9))));
    let (_, body) = Api::of(&polls).post(MODEL, &sync_input()).await;
    assert_eq!(body["data"]["status"], "completed");
}

#[tokio::test]
async fn sync_mode_times_out_after_ninety_seconds() {
    let server = MockServer::start().await.unwrap();
    let rule = JobRule::new(Timeline::secs(&[("processing", 0), ("completed", 300)]));
    let world = server.world_with(Scenario::new().clock(ClockMode::Manual).job(rule));
    let api = Api::of(&world);
    let waiting = tokio::spawn({
        let api = api.clone();
        async move { api.post(MODEL, &sync_input()).await }
    });
    eventually("the job is made", || world.jobs().len() == 1).await;
    world.advance(Duration::from_secs(89));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!waiting.is_finished());
    world.advance(Duration::from_secs(1));
    let (status, body) = waiting.await.unwrap();
    let data = &body["data"];
    assert_eq!((status, &data["code"]), (200, &json!(5004)));
    assert_eq!(data["status"], "processing");
    world.advance(Duration::from_secs(300));
    assert_eq!(api.state(data["id"].as_str().unwrap()).await, "completed");
}

#[tokio::test]
async fn a_gateway_timeout_leaves_the_job_running() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    world.add_fault(Fault::at(RequestKind::Submit).after_accept().status(504).body(Body::Html));
    let (status, body) = Api::of(&world).post(MODEL, &sync_input()).await;
    assert_eq!(status, 504);
    assert!(body.as_str().unwrap().contains("<html>"));
    assert_eq!((world.ledger().charges.len(), world.ledger().orphaned), (1, 1));
}

#[tokio::test]
async fn base64_output_is_the_file() {
    let server = MockServer::start().await.unwrap();
    let world = server.world_with(Scenario::new().job(JobRule::new(Timeline::after_polls(1))));
    let api = Api::of(&world);
    let video = vec![7; 5000];
    let mut body = input();
    body["video"] = json!(api.upload("face.mp4", "video/mp4", video.clone()).await);
    body["enable_base64_output"] = json!(true);
    let job = api.submit_to(MODEL, &body).await;
    let (_, response) = api.poll(&job).await;
    assert_eq!(response["data"]["outputs"], json!([STANDARD.encode(&video)]));
}
