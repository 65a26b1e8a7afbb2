//! Reads of the control API: parts of the journal, jobs, faults and the scenario.

use std::time::Duration;

use serde_json::{Value, json};
use viseme_mock::{Fault, MockServer, RequestKind, Scenario, Termination, World};

use crate::support::{Api, response_of};

async fn submit(world: &World) -> String {
    Api::of(world).submit().await
}

async fn poll(world: &World, job: &str) {
    Api::of(world).poll(job).await;
}

async fn control(server: &MockServer, method: &str, path: &str) -> (u16, Value) {
    let url = format!("{}/_mock/v1/{path}", server.url());
    let method = method.parse::<http::Method>().unwrap();
    response_of(crate::support::http().request(method, url).send().await.unwrap()).await
}

#[tokio::test]
async fn the_journal_is_read_in_parts() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    let job = submit(&world).await;
    for _ in 0..4 {
        poll(&world, &job).await;
    }
    let sequences = |journal: &Value| -> Vec<u64> {
        journal.as_array().unwrap().iter().map(|it| it["sequence"].as_u64().unwrap()).collect()
    };
    for (query, expected) in [
        ("?since=3", vec![4, 5]),
        ("?since=1&limit=2", vec![2, 3]),
        ("?point=submit", vec![1]),
        ("?kind=poll&limit=1&since=2", vec![3]),
        ("?since=9223372036854775807", vec![]),
        ("", vec![1, 2, 3, 4, 5]),
    ] {
        let path = format!("worlds/{}/journal{query}", world.id());
        let (status, journal) = control(&server, "GET", &path).await;
        assert_eq!((status, sequences(&journal)), (200, expected), "{query}");
    }
    for query in ["?since=x", "?since=9223372036854775808", "?limit=-1", "?kind=moon", "?page=1"] {
        let path = format!("worlds/{}/journal{query}", world.id());
        let (status, error) = control(&server, "GET", &path).await;
        assert_eq!(status, 400, "{query}: {error}");
    }
}

#[tokio::test]
async fn an_exchange_has_the_headers_and_the_end_of_its_response() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    submit(&world).await;
    let exchange = world.journal().remove(0);
    assert_eq!(exchange.termination, Termination::Complete);
    let header = |name: &str| {
        let found = exchange.response_headers.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.clone())
    };
    assert_eq!(header("x-request-id"), Some(exchange.request_id.clone()));
    assert_eq!(header("content-length"), Some(exchange.response_bytes.to_string()));
    assert!(exchange.ended_at.as_ref().is_some_and(|ended| *ended >= exchange.at));
    assert!(exchange.ended_wall_ms.is_some_and(|ended| ended >= exchange.wall_ms));
}

#[tokio::test]
async fn the_journal_says_why_no_rule_matches() {
    let server = MockServer::start().await.unwrap();
    let text = "jobs: [{match: {model: 'mock/*', nth: 7}}, {match: {model: 'kwaivgi/**', nth: 2}}]";
    let world = server.world_with(Scenario::parse(text).unwrap());
    submit(&world).await;
    let exchange = world.journal().remove(0);
    assert_eq!(exchange.rule.as_deref(), Some("default"));
    let nearest = exchange.nearest_rule.unwrap();
    assert_eq!(nearest.rule, "scenario jobs[1]");
    assert_eq!(nearest.differences, ["`match.nth` is 2, this is submit 1"]);
    // The second submit matches.
    submit(&world).await;
    let exchange = world.journal().remove(1);
    assert_eq!(exchange.rule.as_deref(), Some("scenario jobs[1]"));
    assert_eq!(exchange.nearest_rule, None);
}

#[tokio::test]
async fn faults_are_removed() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    for status in [500, 502, 503] {
        world.add_fault(Fault::at(RequestKind::Poll).status(status));
    }
    let path = |rest: &str| format!("worlds/{}/faults{rest}", world.id());
    let (status, faults) = control(&server, "DELETE", &path("/0")).await;
    let indexes: Vec<_> = faults.as_array().unwrap().iter().map(|it| it["index"].clone()).collect();
    assert_eq!((status, indexes), (200, vec![json!(1), json!(2)]));
    let job = submit(&world).await;
    poll(&world, &job).await;
    let exchange = world.journal().remove(1);
    assert_eq!((exchange.status, exchange.fault_index), (Some(502), Some(1)));
    for index in ["0", "9", "x"] {
        assert_eq!(control(&server, "DELETE", &path(&format!("/{index}"))).await.0, 404);
    }
    let (status, faults) = control(&server, "DELETE", &path("")).await;
    assert_eq!((status, faults), (200, json!([])));
}

#[tokio::test]
async fn the_scenario_of_a_world_can_be_read() {
    let server = MockServer::start().await.unwrap();
    let text = "seed: 4\njobs: [{price_usd: 0.5}]\nfaults: [{at: poll, do: reset}]";
    let world = server.world_with(Scenario::parse(text).unwrap());
    let path = format!("worlds/{}/scenario", world.id());
    let (status, scenario) = control(&server, "GET", &path).await;
    assert_eq!(status, 200);
    let again = Scenario::parse(&scenario.to_string()).unwrap();
    assert_eq!(again, Scenario::parse(text).unwrap());
}

#[tokio::test]
async fn a_job_record_has_its_price_and_next_change() {
    let server = MockServer::start().await.unwrap();
    let text = "clock: {mode: manual, start: 2026-01-01T00:00:00Z}\njobs: [{price_usd: 0.5}]";
    let world = server.world_with(Scenario::parse(text).unwrap());
    let id = submit(&world).await;
    let job = world.job(&id).unwrap();
    assert_eq!(job.price_usd, 0.5);
    assert_eq!(job.next_change_at.as_deref(), Some("2026-01-01T00:00:00.800000000Z"));
    assert_eq!(
        (job.delivered, job.orphaned, job.duplicate, job.forced),
        (false, false, false, false)
    );
    world.hold(&id);
    assert_eq!(world.job(&id).unwrap().next_change_at, None);
    world.release(&id);
    world.advance(Duration::from_secs(10));
    poll(&world, &id).await;
    let job = world.job(&id).unwrap();
    assert_eq!((job.delivered, job.next_change_at), (true, None));
    submit(&world).await;
    assert!(world.jobs()[1].duplicate);
}
