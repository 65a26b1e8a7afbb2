//! The ledger: charges, deliveries, orphans and duplicates.

use serde_json::json;
use viseme_mock::scenario::ResponseMutation;
use viseme_mock::{Fault, JobRule, MockServer, RequestKind, Scenario, Timeline, WireFault};

use crate::support::{Api, MODEL, input, raw, submit_request};

#[tokio::test]
async fn a_read_result_is_delivered() {
    let server = MockServer::start().await.unwrap();
    let rule = JobRule::new(Timeline::after_polls(2)).price_usd(0.5);
    let world = server.world_with(Scenario::new().job(rule));
    let api = Api::of(&world);
    let job = api.submit().await;
    api.poll(&job).await;
    assert_eq!(world.ledger().delivered, 0, "not complete yet");
    world.add_fault(Fault::at(RequestKind::Poll).nth(1).mutate(ResponseMutation::TruncateJson(30)));
    api.poll(&job).await;
    assert_eq!(world.ledger().delivered, 0, "complete, but not legible");
    api.poll(&job).await;
    let ledger = world.ledger();
    assert_eq!((ledger.delivered, ledger.orphaned, ledger.duplicates), (1, 0, 0));
    assert_eq!((ledger.total_usd, ledger.delivered_usd, ledger.orphaned_usd), (0.5, 0.5, 0.0));
    let charge = &ledger.charges[0];
    assert_eq!((&charge.job_id, charge.price_usd, charge.delivered), (&job, 0.5, true));
}

#[tokio::test]
async fn a_poll_or_the_history_adopts_an_orphan() {
    let server = MockServer::start().await.unwrap();
    for by_history in [true, false] {
        let world = server.world();
        world.add_fault(Fault::at(RequestKind::Submit).nth(1).after_accept().reset());
        raw(&world, &submit_request(&world)).await;
        let ledger = world.ledger();
        assert_eq!((ledger.charges.len(), ledger.orphaned), (1, 1));
        assert_eq!(ledger.orphaned_usd, ledger.total_usd);
        let api = Api::of(&world);
        let job = world.jobs()[0].id.clone();
        if by_history {
            // A page without the job does not deliver its id.
            api.post("predictions", &json!({"page": 2, "page_size": 10})).await;
            assert_eq!(world.ledger().orphaned, 1);
            api.post("predictions", &json!({"page": 1, "page_size": 10})).await;
        } else {
            api.poll(&job).await;
        }
        assert_eq!(world.ledger().orphaned, 0, "by history: {by_history}");
    }
}

#[tokio::test]
async fn an_incomplete_response_delivers_nothing() {
    let server = MockServer::start().await.unwrap();
    for (word, orphaned) in [
        (WireFault::ResetAt(30), 1),
        (WireFault::FinAt(30), 1),
        (WireFault::FinAt(100_000), 0),
        (WireFault::Close, 1),
    ] {
        let world = server.world();
        world.add_fault(Fault::at(RequestKind::Submit).after_accept().wire(word.clone()));
        raw(&world, &submit_request(&world)).await;
        assert_eq!(world.ledger().orphaned, orphaned, "{word:?}");
    }
}

#[tokio::test]
async fn the_same_model_and_input_is_a_duplicate() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    let api = Api::of(&world);
    let mut other = input();
    other["audio"] = json!("https://example.com/another.mp3");
    for body in [input(), other, input(), input()] {
        api.submit_to(MODEL, &body).await;
    }
    let ledger = world.ledger();
    assert_eq!((ledger.charges.len(), ledger.duplicates), (4, 2));
    assert!((ledger.duplicate_usd - 0.14).abs() < 1e-9);
    let marks: Vec<_> = ledger.charges.iter().map(|charge| charge.duplicate).collect();
    assert_eq!(marks, [false, false, true, true]);
}

#[tokio::test]
async fn failed_jobs_are_refunded() {
    let server = MockServer::start().await.unwrap();
    let world = server.world_with(Scenario::new().clock(viseme_mock::ClockMode::Manual));
    let api = Api::of(&world);
    api.submit_to("mock/fail-1200", &json!({})).await;
    api.submit_to("mock/instant", &json!({})).await;
    world.advance(std::time::Duration::from_secs(5));
    let ledger = world.ledger();
    assert!((ledger.total_usd - 0.14).abs() < 1e-9, "{ledger:?}");
    assert!((ledger.kept_usd - 0.07).abs() < 1e-9, "{ledger:?}");
}

#[tokio::test]
async fn refused_submits_cost_nothing() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    world.add_fault(Fault::at(RequestKind::Submit).nth(1).status(429));
    let api = Api::of(&world);
    assert_eq!(api.post(MODEL, &input()).await.0, 429);
    assert_eq!(api.post(MODEL, &json!({})).await.0, 400);
    assert_eq!(api.post(&format!("{MODEL}s"), &input()).await.0, 404);
    assert!(world.ledger().charges.is_empty());
}
