//! The journal.

use std::time::Duration;

use serde_json::{Value, json};
use viseme_mock::scenario::ResponseMutation;
use viseme_mock::{Fault, MockServer, RequestKind, Scenario, Termination, World};

use crate::support::{Api, MODEL, Wire, input, request, response_of, submit_request};

#[tokio::test]
async fn the_journal_records_an_exchange() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    world.add_fault(Fault::at(RequestKind::Poll).nth(1).status(503));
    let api = Api::of(&world);
    let request = api.http.post(api.url(&format!("{MODEL}?webhook=x"))).bearer_auth(&api.key);
    let request = request.json(&input()).header("Cookie", "secret=1").header("X-Client-Name", "t");
    let (_, body) = response_of(request.send().await.unwrap()).await;
    let job = body["data"]["id"].as_str().unwrap();
    api.poll(job).await;

    let [submit, poll] = &world.journal()[..] else { panic!("two exchanges") };
    assert_eq!((submit.sequence, poll.sequence), (1, 2));
    assert_eq!((submit.connection, submit.reused), (1, false));
    assert_eq!((poll.connection, poll.reused), (1, true));
    assert_eq!((submit.kind, submit.method.as_str()), (RequestKind::Submit, "POST"));
    assert_eq!(
        (submit.path.as_str(), submit.query.as_str()),
        (&*format!("/api/v3/{MODEL}"), "webhook=x")
    );
    assert!(submit.authorized);
    let names: Vec<_> = submit.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert!(names.contains(&"x-client-name"), "{names:?}");
    assert!(!names.contains(&"authorization") && !names.contains(&"cookie"), "{names:?}");
    assert_eq!(
        (&submit.body, submit.body_bytes),
        (&Some(input()), input().to_string().len() as u64)
    );
    assert_eq!(submit.body_sha256.len(), 64);
    assert_eq!((submit.status, submit.termination), (Some(200), Termination::Complete));
    assert_eq!(submit.response_bytes, body.to_string().len() as u64);
    assert!(submit.bytes_written > submit.response_bytes);
    assert_eq!((submit.rule.as_deref(), submit.job_id.as_deref()), (Some("default"), Some(job)));
    assert_eq!((poll.status, poll.fault_index), (Some(503), Some(0)));
    assert!(poll.fault.is_some() && submit.fault.is_none());
    let everything = format!("{:?}", world.journal());
    assert!(!everything.contains(world.key()), "the key is nowhere: {everything}");
}

#[tokio::test]
async fn the_journal_keeps_only_the_hash_of_large_bodies() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    let mut body = input();
    body["audio"] = json!("x".repeat(10_000));
    Api::of(&world).submit_to(MODEL, &body).await;
    let entry = world.journal().remove(0);
    assert_eq!((entry.body, entry.body_sha256.len()), (None, 64));
    assert!(entry.body_bytes > 10_000);
}

/// Makes many different requests, the same ones each time.
async fn live(world: &World) -> Value {
    let api = Api::of(world);
    let video = api.upload("face.mp4", "video/mp4", vec![3; 2000]).await;
    let mut body = input();
    body["video"] = json!(video);
    for _ in 0..3 {
        let mut wire = Wire::to(world.base_url()).await;
        wire.send(&submit_request(world)).await;
        wire.read(Duration::from_millis(300)).await;
    }
    for _ in 0..10 {
        api.post(MODEL, &body).await;
        world.advance(Duration::from_secs(1));
    }
    for job in world.jobs() {
        let path = format!("/api/v3/predictions/{}/result", job.id);
        let mut wire = Wire::to(world.base_url()).await;
        wire.send(&request(world, "GET", &path, "")).await;
        wire.read(Duration::from_millis(100)).await;
    }
    let mut journal = serde_json::to_value(world.journal()).unwrap();
    for entry in journal.as_array_mut().unwrap() {
        entry["wall_ms"] = json!(0);
        entry["ended_wall_ms"] = json!(0);
    }
    json!({"journal": journal, "jobs": world.jobs(), "ledger": world.ledger()})
}

#[tokio::test]
async fn the_same_seed_and_requests_give_the_same_journal() {
    let server = MockServer::start().await.unwrap();
    let scenario = |seed| {
        let text = "
            clock: {mode: manual, start: 2026-01-01T00:00:00Z}
            faults:
              - {at: submit, nth: 2, when: after_accept, do: reset}
              - {at: submit, probability: 0.4, do: {status: 503}}
              - {at: poll, every: 2, do: {fin_at: 9}}";
        Scenario::parse(text).unwrap().seed(seed)
    };
    let world = server.world_with(scenario(7));
    let first = live(&world).await;
    world.reset();
    assert!(world.journal().is_empty() && world.jobs().is_empty());
    let second = live(&world).await;
    assert_eq!(first, second);
    let other = server.world_with(scenario(8));
    live(&other).await;
    assert_ne!(world.jobs()[0].id, other.jobs()[0].id);
}

#[tokio::test]
async fn an_exchange_from_before_a_reset_does_not_reach_the_new_journal() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    let silent =
        Fault::at(RequestKind::Submit).after_accept().wire(viseme_mock::WireFault::Silence);
    world.add_fault(silent);
    let mut wire = Wire::to(world.base_url()).await;
    wire.send(&submit_request(&world)).await;
    crate::support::eventually("the job is made", || world.jobs().len() == 1).await;
    world.reset();
    let api = Api::of(&world);
    api.submit().await;
    drop(wire);
    // The end of the old connection must not end the first exchange of the new journal.
    for _ in 0..20 {
        api.get("balance").await;
    }
    assert_eq!(world.journal()[0].termination, Termination::Complete);
}

#[tokio::test]
async fn every_response_has_a_request_id_of_its_own_that_the_journal_has_too() {
    let server = MockServer::start().await.unwrap();
    let (one, other) = (server.world(), server.world());
    one.add_fault(Fault::at(RequestKind::Submit).nth(1).status(503));
    one.add_fault(Fault::at(RequestKind::Poll).nth(1).mutate(ResponseMutation::InvalidUtf8));
    let api = Api::of(&one);
    let file = api.upload("a.mp4", "video/mp4", b"x".to_vec()).await;
    let mut ids = Vec::new();
    for (method, url) in [
        ("POST", api.url(MODEL)),
        ("POST", api.url(MODEL)),
        ("GET", api.url("predictions/0123/result")),
        ("GET", api.url("balance")),
        ("DELETE", api.url("balance")),
        ("GET", api.url("no/such/page")),
        ("HEAD", file.clone()),
        ("GET", file),
    ] {
        let request = api.http.request(method.parse().unwrap(), url).bearer_auth(&api.key);
        let response = request.json(&input()).send().await.unwrap();
        ids.push(response.headers()["x-request-id"].to_str().unwrap().to_owned());
    }
    let recorded: Vec<_> = one.journal().into_iter().map(|entry| entry.request_id).collect();
    assert_eq!(recorded[2..], ids, "after the presigned upload");
    Api::of(&other).get("balance").await;
    ids.extend(other.journal().into_iter().map(|entry| entry.request_id));
    // These belong to no world.
    for key in ["unknown", "unknown", "wsk_real"] {
        let request = api.http.get(api.url("balance")).bearer_auth(key).send().await.unwrap();
        assert_eq!(request.status(), 401);
        ids.push(request.headers()["x-request-id"].to_str().unwrap().to_owned());
    }
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all);
    assert!(ids.iter().all(|id| id.len() == 32), "{ids:?}");
    let control = api.http.get(format!("{}/_mock/v1/healthz", server.url())).send().await.unwrap();
    assert!(!control.headers().contains_key("x-request-id"), "the control API has none");
}
