//! The history, and the deletion of jobs.

use std::time::Duration;

use serde_json::{Value, json};
use viseme_mock::{ClockMode, MockServer, Scenario};

use crate::support::{Api, MODEL, input};

fn ids(response: &Value) -> Vec<String> {
    let items = response["data"]["items"].as_array().unwrap();
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_history_is_paged_filtered_and_newest_first() {
    let server = MockServer::start().await.unwrap();
    let text = "clock: {mode: manual, start: 2026-01-01T00:00:00Z}";
    let world = server.world_with(Scenario::parse(text).unwrap());
    let api = Api::of(&world);
    let mut jobs = Vec::new();
    for model in [MODEL, "mock/fail-1200", "mock/never", MODEL, MODEL] {
        jobs.insert(0, api.submit_to(model, &input()).await);
        world.advance(Duration::from_secs(10));
    }
    let list = async |more: Value| {
        let mut body = json!({"page": 1, "page_size": 100});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (status, response) = api.post("predictions", &body).await;
        assert_eq!(status, 200, "{response}");
        ids(&response)
    };
    assert_eq!(list(json!({})).await, jobs);
    assert_eq!(list(json!({"page": 2, "page_size": 2})).await, jobs[2..4]);
    assert_eq!(list(json!({"page": 3, "page_size": 2})).await, jobs[4..]);
    assert!(list(json!({"page": 4, "page_size": 2})).await.is_empty());
    assert_eq!(list(json!({"model": MODEL})).await, [&*jobs[0], &jobs[1], &jobs[4]]);
    assert_eq!(list(json!({"status": "failed"})).await, [&*jobs[3]]);
    assert_eq!(list(json!({"created_after": "2026-01-01T00:00:30Z"})).await, jobs[..2]);
    assert_eq!(list(json!({"created_before": "2026-01-01T00:00:09.5Z"})).await, jobs[4..]);
    let between = json!({
        "created_after": "2026-01-01T01:00:10+01:00", "created_before": "2026-01-01T00:00:20Z",
    });
    assert_eq!(list(between).await, jobs[2..4]);
}

#[tokio::test]
async fn the_history_has_inputs_on_request() {
    let server = MockServer::start().await.unwrap();
    let api = Api::of(&server.world());
    api.submit().await;
    let plain = api.post("predictions", &json!({"page": 1, "page_size": 1})).await.1;
    assert!(plain["data"]["items"][0].get("inputs").is_none());
    let body = json!({"page": 1, "page_size": 1, "include_inputs": true});
    let full = api.post("predictions", &body).await.1;
    assert_eq!(full["data"]["items"][0]["inputs"], input());
}

#[tokio::test]
async fn page_and_page_size_are_required_and_bounded() {
    let server = MockServer::start().await.unwrap();
    let api = Api::of(&server.world());
    for body in [
        json!({}),
        json!({"page": 1}),
        json!({"page": 0, "page_size": 10}),
        json!({"page": 1, "page_size": 0}),
        json!({"page": 1, "page_size": 101}),
        json!({"page": 1, "page_size": 1, "created_after": "yesterday"}),
    ] {
        assert_eq!(api.post("predictions", &body).await.0, 400, "{body}");
    }
    // The largest whole number that every JSON parser reads exactly.
    let last = (1_u64 << 53) - 1;
    for (page, expected) in [(last, 200), (last + 1, 400), (u64::MAX, 400)] {
        let body = json!({"page": page, "page_size": 100});
        assert_eq!(api.post("predictions", &body).await.0, expected, "{body}");
    }
}

#[tokio::test]
async fn deleted_jobs_leave_the_history() {
    let server = MockServer::start().await.unwrap();
    let world = server.world_with(Scenario::new().clock(ClockMode::Manual));
    let api = Api::of(&world);
    let (one, two) = (api.submit().await, api.submit().await);
    let delete = json!({"ids": [one, "00", one]});
    let (status, body) = api.post("predictions/delete", &delete).await;
    assert_eq!((status, &body["data"]["deleted_count"]), (200, &json!(1)));
    assert_eq!(api.post("predictions/delete", &delete).await.1["data"]["deleted_count"], 0);
    let list = api.post("predictions", &json!({"page": 1, "page_size": 9})).await.1;
    assert_eq!(ids(&list), [two]);
    assert_eq!(api.state(&one).await, "deleted");
    assert_eq!(api.post("predictions/delete", &json!({})).await.0, 400);
}

#[tokio::test]
async fn a_result_has_two_paths_and_an_unknown_id_is_404() {
    let server = MockServer::start().await.unwrap();
    let world = server.world_with(Scenario::new().clock(ClockMode::Manual));
    let api = Api::of(&world);
    let job = api.submit().await;
    let canonical = api.poll(&job).await;
    assert_eq!(api.get(&format!("predictions/{job}")).await, canonical);
    for path in ["predictions/0123/result", "predictions/..%2F..%2Fx/result", "no/such/page"] {
        let (status, body) = api.get(path).await;
        assert_eq!((status, &body["code"]), (404, &json!(404)), "{path}");
    }
}

#[tokio::test]
async fn the_history_can_be_late_duplicated_and_without_inputs() {
    let server = MockServer::start().await.unwrap();
    let text =
        "clock: {mode: manual}\nhistory: {appears_after: 20s, duplicates: 1, omit_inputs: true}";
    let world = server.world_with(Scenario::parse(text).unwrap());
    let api = Api::of(&world);
    let (older, body) =
        (api.submit().await, json!({"page": 1, "page_size": 3, "include_inputs": true}));
    world.advance(Duration::from_millis(19_999));
    let newer = api.submit().await;
    let list = async || api.post("predictions", &body).await.1;
    assert!(ids(&list().await).is_empty());
    world.advance(Duration::from_millis(1));
    assert_eq!(ids(&list().await), [&*older, &older]);
    world.advance(Duration::from_secs(20));
    let response = list().await;
    assert_eq!(ids(&response), [&*newer, &newer, &older], "copies fill the page like others");
    assert!(response["data"]["items"][0].get("inputs").is_none());
    assert_eq!(api.state(&newer).await, "completed", "a job is known by its id all the time");
}
