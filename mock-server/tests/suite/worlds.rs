//! Worlds are independent of each other.

use std::collections::HashSet;

use serde_json::json;
use viseme_mock::{Fault, JobRule, MockServer, RequestKind, Scenario, Timeline};

use crate::support::{Api, http};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_worlds_are_independent() {
    let server = MockServer::start().await.unwrap();
    let http = http();
    let runs = (0..200u64).map(|number| {
        // Each has another scenario: it completes at another poll and fails another poll.
        let polls = number % 4 + 3;
        let scenario = Scenario::new()
            .seed(7)
            .job(JobRule::new(Timeline::after_polls(polls)))
            .fault(Fault::at(RequestKind::Poll).nth(number % 3 + 1).status(503));
        let world = server.world_with(scenario);
        let api = Api { http: http.clone(), ..Api::of(&world) };
        async move {
            let mut body = crate::support::input();
            body["audio"] = json!(format!("https://example.com/{number}.mp3"));
            let job = api.submit_to(crate::support::MODEL, &body).await;
            let mut responses = Vec::new();
            loop {
                let (status, response) = api.poll(&job).await;
                responses.push(status);
                if response["data"]["status"] == "completed" {
                    break;
                }
                assert!(responses.len() < 10, "world {number} never completes");
            }
            assert_eq!(responses.len() as u64, polls + 1, "one poll was lost to the fault");
            assert_eq!(responses.iter().filter(|status| **status == 503).count(), 1);
            assert_eq!(responses[(number % 3) as usize], 503);
            assert_eq!(world.jobs().len(), 1);
            assert_eq!(world.jobs()[0].input, body);
            assert_eq!(world.journal().len() as u64, polls + 2);
            let (ledger, faults) = (world.ledger(), world.faults());
            assert_eq!((ledger.charges.len(), ledger.delivered), (1, 1));
            assert_eq!(faults[0].remaining, Some(0));
            (world.key().to_owned(), job)
        }
    });
    let runs = futures_util::future::join_all(runs).await;
    let keys: HashSet<_> = runs.iter().map(|(key, _)| key).collect();
    let jobs: HashSet<_> = runs.iter().map(|(_, job)| job).collect();
    assert_eq!((keys.len(), jobs.len()), (200, 1), "same seed, same ids, and yet no cross-talk");
}

#[tokio::test]
async fn a_job_is_unknown_in_another_world() {
    let server = MockServer::start().await.unwrap();
    let (one, other) = (server.world(), server.world());
    let job = Api::of(&one).submit().await;
    assert_eq!(Api::of(&other).poll(&job).await.0, 404);
    let list = Api::of(&other).post("predictions", &json!({"page": 1, "page_size": 9})).await.1;
    assert_eq!(list["data"]["items"], json!([]));
    assert_eq!(one.journal().len(), 1);
}

#[tokio::test]
async fn a_scenario_and_job_states_can_change_during_a_run() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    let api = Api::of(&world);
    let job = api.submit_to("mock/never", &json!({})).await;
    assert!(world.force(&job, "completed"));
    assert_eq!(api.state(&job).await, "completed");
    assert!(world.release(&job));
    assert_eq!(api.state(&job).await, "created");
    assert!(world.hold(&job) && !world.hold("none") && !world.force("none", "failed"));
    world.set_scenario(Scenario::new().fault(Fault::at(RequestKind::Poll).status(500)));
    assert_eq!(api.poll(&job).await.0, 500);
    assert_eq!(world.jobs().len(), 1, "what happened stays");
}

#[tokio::test]
async fn dropping_the_server_frees_its_port() {
    let server = MockServer::start().await.unwrap();
    let (port, url) = (server.port(), server.url().to_owned());
    let kept_open = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    drop(server);
    crate::support::eventually("the port is free", || {
        std::net::TcpListener::bind(("127.0.0.1", port)).is_ok()
            || std::net::TcpStream::connect(("127.0.0.1", port)).is_err()
    })
    .await;
    assert!(http().get(&url).send().await.is_err());
    drop(kept_open);
}
