//! Clocks and timelines.

use std::time::Duration;

use serde_json::json;
use viseme_mock::scenario::RetryAfter;
use viseme_mock::{ClockMode, Fault, JobRule, MockServer, RequestKind, Scenario, Timeline};

use crate::support::{Api, PATIENCE, request, split};

fn five_minutes() -> JobRule {
    JobRule::new(Timeline::secs(&[("created", 0), ("processing", 2), ("completed", 300)]))
}

#[tokio::test]
async fn a_manual_clock_moves_only_by_advance() {
    let server = MockServer::start().await.unwrap();
    let world = server.world_with(Scenario::new().clock(ClockMode::Manual).job(five_minutes()));
    let api = Api::of(&world);
    let job = api.submit().await;
    assert_eq!(api.state(&job).await, "created");
    world.advance(Duration::from_secs(2));
    assert_eq!(api.state(&job).await, "processing");
    world.advance(Duration::from_millis(297_999));
    assert_eq!(api.state(&job).await, "processing");
    world.advance(Duration::from_millis(1));
    assert_eq!(api.state(&job).await, "completed");
    // The processing time, however late the poll is.
    world.advance(Duration::from_secs(1000));
    let (_, body) = api.poll(&job).await;
    assert_eq!(body["data"]["executionTime"], 298_000);
    assert_eq!(body["data"]["timings"], json!({"inference": 298_000}));
}

#[tokio::test]
async fn a_scaled_clock_runs_faster_than_real_time() {
    let server = MockServer::start().await.unwrap();
    let scenario = Scenario::new().clock(ClockMode::Scaled(1000.0)).job(five_minutes());
    let world = server.world_with(scenario);
    let api = Api::of(&world);
    let job = api.submit().await;
    let began = std::time::Instant::now();
    while api.state(&job).await != "completed" {
        assert!(began.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(began.elapsed() > Duration::from_millis(100), "not before its time");
}

#[tokio::test]
async fn a_real_clock_shows_the_standard_states_in_order() {
    let server = MockServer::start().await.unwrap();
    let api = Api::of(&server.world());
    let job = api.submit().await;
    let mut states = vec![api.state(&job).await];
    let began = std::time::Instant::now();
    while states.last().unwrap() != "completed" {
        assert!(began.elapsed() < PATIENCE, "{states:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
        let state = api.state(&job).await;
        if states.last() != Some(&state) {
            states.push(state);
        }
    }
    let usual = ["created", "processing", "completed"];
    assert!(usual.ends_with(&states.iter().map(String::as_str).collect::<Vec<_>>()), "{states:?}");
}

#[tokio::test]
async fn a_timeline_can_count_polls() {
    let server = MockServer::start().await.unwrap();
    let world = server.world_with(Scenario::new().job(JobRule::new(Timeline::after_polls(3))));
    let api = Api::of(&world);
    let job = api.submit().await;
    for expected in ["processing", "processing", "completed", "completed"] {
        assert_eq!(api.state(&job).await, expected);
    }
    assert_eq!(world.job(&job).unwrap().polls, 4);
    let took = api.poll(&job).await.1["data"]["executionTime"].clone();
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(api.poll(&job).await.1["data"]["executionTime"], took, "it does not grow");
}

#[tokio::test]
async fn each_terminal_status_has_its_code_and_text() {
    let server = MockServer::start().await.unwrap();
    for ending in ["failed", "cancelled", "timeout", "deleted", "queueing"] {
        let rule = JobRule::new(Timeline::ends_after_polls(1, ending)).error(1402, "no such video");
        let api = Api::of(&server.world_with(Scenario::new().job(rule)));
        let job = api.submit().await;
        let (status, body) = api.poll(&job).await;
        let data = &body["data"];
        assert_eq!((status, &body["code"], &data["status"]), (200, &json!(200), &json!(ending)));
        assert_eq!(data["outputs"], json!([]), "{ending}");
        if ending == "queueing" {
            assert_eq!((data.get("code"), &data["error"]), (None, &json!("")), "it still runs");
        } else {
            assert_eq!((&data["code"], &data["error"]), (&json!(1402), &json!("no such video")));
        }
    }
}

#[tokio::test]
async fn all_dates_come_from_the_worlds_clock() {
    let server = MockServer::start().await.unwrap();
    let text = "clock: {mode: manual, start: 2031-05-06T07:08:09.123456789Z}";
    let world = server.world_with(Scenario::parse(text).unwrap());
    let api = Api::of(&world);
    let job = api.submit().await;
    let (_, body) = api.poll(&job).await;
    assert_eq!(body["data"]["created_at"], "2031-05-06T07:08:09.123456789Z");
    world.advance(Duration::from_secs(60));
    world.add_fault(
        Fault::at(RequestKind::Poll)
            .status(429)
            .retry_after(RetryAfter::Date { date: viseme_mock::scenario::Span::secs(60) }),
    );
    let path = format!("/api/v3/predictions/{job}/result");
    let mut wire = crate::support::Wire::to(world.base_url()).await;
    wire.send(&request(&world, "GET", &path, "")).await;
    let (bytes, _) = wire.read(Duration::from_millis(500)).await;
    let head = split(&bytes).0.to_lowercase();
    assert!(head.contains("\r\ndate: tue, 06 may 2031 07:09:09 gmt"), "{head}");
    assert!(head.contains("\r\nretry-after: tue, 06 may 2031 07:10:09 gmt"), "{head}");
    assert_eq!(world.journal().last().unwrap().at, "2031-05-06T07:09:09.123456789Z");
}

#[tokio::test]
async fn jobs_outputs_and_uploads_expire_after_seven_days() {
    let server = MockServer::start().await.unwrap();
    let world = server.world_with(Scenario::new().clock(ClockMode::Manual));
    let api = Api::of(&world);
    let upload = api.upload("a.mp4", "video/mp4", b"face".to_vec()).await;
    let job = api.submit_to("mock/instant", &json!({})).await;
    let output = api.poll(&job).await.1["data"]["outputs"][0].as_str().unwrap().to_owned();
    let status = async |url: &str| api.http.get(url).send().await.unwrap().status().as_u16();
    assert_eq!((status(&upload).await, status(&output).await), (200, 200));
    world.advance(Duration::from_secs(7 * 24 * 3600));
    assert_eq!((status(&upload).await, status(&output).await), (404, 404));
    assert_eq!(api.poll(&job).await.0, 404);
    let (_, list) = api.post("predictions", &json!({"page": 1, "page_size": 10})).await;
    assert_eq!(list["data"]["items"], json!([]));
}

#[tokio::test]
async fn an_auto_clock_jumps_from_change_to_change() {
    let server = MockServer::start().await.unwrap();
    let world = server.world_with(Scenario::new().clock(ClockMode::Auto).job(five_minutes()));
    let api = Api::of(&world);
    let first = api.submit().await;
    assert_eq!(api.state(&first).await, "processing", "the submit reported `created`");
    let second = api.submit().await;
    assert_eq!(api.state(&first).await, "completed");
    let (_, body) = api.poll(&first).await;
    assert_eq!(body["data"]["executionTime"], 298_000);
    assert_eq!(api.state(&second).await, "processing", "time is the world's: it went on for all");
    assert_eq!(api.state(&second).await, "completed");

    // A timeline by polls, and one without an end: there is no change to jump to.
    let rules =
        [JobRule::new(Timeline::after_polls(2)), JobRule::new(Timeline::secs(&[("created", 0)]))];
    for (rule, states) in
        rules.into_iter().zip([["processing", "completed"], ["created", "created"]])
    {
        let world = server.world_with(Scenario::new().clock(ClockMode::Auto).job(rule));
        let api = Api::of(&world);
        let job = api.submit().await;
        for state in states {
            assert_eq!(api.state(&job).await, state);
        }
    }
}
