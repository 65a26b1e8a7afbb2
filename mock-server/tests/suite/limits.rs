//! The limits of an account.

use std::time::Duration;

use serde_json::Value;
use viseme_mock::{MockServer, Scenario, World};

use crate::support::{Api, MODEL, input};

/// Submits; returns the status and `Retry-After`.
async fn submit(api: &Api) -> (u16, Option<String>) {
    let request = api.http.post(api.url(MODEL)).bearer_auth(&api.key).json(&input());
    let response = request.send().await.unwrap();
    let wait = response.headers().get("retry-after").map(|it| it.to_str().unwrap().to_owned());
    let status = response.status().as_u16();
    if status == 429 {
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["code"], 429, "{body}");
    }
    (status, wait)
}

async fn world(server: &MockServer, text: &str) -> (World, Api) {
    let world = server.world_with(Scenario::parse(text).unwrap());
    let api = Api::of(&world);
    (world, api)
}

#[tokio::test]
async fn the_rate_limit_counts_submits_per_minute() {
    let server = MockServer::start().await.unwrap();
    let text = "clock: {mode: manual}\nlimits: {per_minute: 2}";
    let (world, api) = world(&server, text).await;
    assert_eq!(submit(&api).await, (200, None));
    world.advance(Duration::from_millis(10_500));
    assert_eq!(submit(&api).await, (200, None));
    assert_eq!(submit(&api).await, (429, Some("50".into())), "49.5 seconds, and not too few");
    world.advance(Duration::from_millis(49_499));
    assert_eq!(submit(&api).await, (429, Some("1".into())));
    world.advance(Duration::from_millis(1));
    assert_eq!(submit(&api).await, (200, None));
    assert_eq!(submit(&api).await.0, 429);
    assert_eq!(world.ledger().charges.len(), 3, "what is refused is not charged");
}

#[tokio::test]
async fn the_concurrency_limit_counts_running_jobs() {
    let server = MockServer::start().await.unwrap();
    let text = "clock: {mode: manual}\nlimits: {concurrent: 2}\njobs:\n  \
                - {match: {nth: 1}, timeline: [{created: 0s}, {completed: 300s}]}\n  \
                - {timeline: {after_polls: 2}}";
    let (world, api) = world(&server, text).await;
    submit(&api).await;
    submit(&api).await;
    assert_eq!(submit(&api).await, (429, Some("300".into())), "that of polls does not say");
    world.advance(Duration::from_secs(300));
    assert_eq!(submit(&api).await, (200, None));
    assert_eq!(submit(&api).await, (429, None));
    let last = world.jobs().pop().unwrap().id;
    for _ in 0..2 {
        api.state(&last).await;
    }
    assert_eq!(submit(&api).await, (200, None));
}

#[tokio::test]
async fn a_limit_of_zero_refuses_everything() {
    let server = MockServer::start().await.unwrap();
    for text in ["limits: {per_minute: 0}", "limits: {concurrent: 0}"] {
        let (world, api) = world(&server, text).await;
        assert_eq!(submit(&api).await.0, 429, "{text}");
        assert!(world.jobs().is_empty());
    }
}
