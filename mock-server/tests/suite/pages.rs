//! The web pages and the exports of a world.

use serde_json::{Value, json};
use viseme_mock::{Fault, MockServer, RequestKind, Scenario};

use crate::support::{Api, http};

#[tokio::test]
async fn pages_have_a_strict_policy_and_refuse_foreign_hosts() {
    let server = MockServer::start().await.unwrap();
    for path in ["/", "/worlds", "/worlds/default", "/_mock/ui/world.js", "/_mock/ui/base/dom.js"] {
        let url = format!("{}{path}", server.url());
        let response = http().get(&url).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
        let foreign = http().get(&url).header("Host", "attacker.example").send().await.unwrap();
        assert_eq!(foreign.status(), 403, "{path}");
    }
    for path in ["/_mock/ui/none.js", "/_mock/ui/base/../world.html", "/_mock/ui/world.html"] {
        let url = format!("{}{path}", server.url());
        assert_eq!(http().get(&url).send().await.unwrap().status(), 404, "{path}");
    }
}

#[tokio::test]
async fn events_and_exports_refuse_pages_of_other_origins() {
    let server = MockServer::start().await.unwrap();
    for path in ["events", "export?format=har"] {
        let url = format!("{}/_mock/v1/worlds/default/{path}", server.url());
        let request = http().get(&url).header("Origin", "https://attacker.example");
        assert_eq!(request.send().await.unwrap().status(), 403, "{path}");
    }
}

/// Returns the content type and the text of an export.
async fn export(server: &MockServer, world: &str, format: &str) -> (u16, String, String) {
    let url = format!("{}/_mock/v1/worlds/{world}/export?format={format}", server.url());
    let response = http().get(url).send().await.unwrap();
    let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
    (response.status().as_u16(), kind, response.text().await.unwrap())
}

#[tokio::test]
async fn an_exported_scenario_repeats_what_happened() {
    let server = MockServer::start().await.unwrap();
    let world = server.world_with(Scenario::parse("jobs: [{price_usd: 0.5}]").unwrap());
    world.add_fault(Fault::at(RequestKind::Poll).each(&[2, 3]).status(503));
    world.add_fault(Fault::at(RequestKind::Any).nth(9).reset());
    let api = Api::of(&world);
    let job = api.submit().await;
    for _ in 0..4 {
        api.poll(&job).await;
    }
    assert!(world.force(&job, "failed"));
    let (status, kind, text) = export(&server, world.id(), "scenario").await;
    assert_eq!((status, kind.as_str()), (200, "application/yaml"));
    let scenario = Scenario::parse(&text).unwrap();
    assert_eq!(scenario.faults, [Fault::at(RequestKind::Poll).each(&[2, 3]).status(503)], "{text}");

    let again = server.world_with(scenario);
    let api = Api::of(&again);
    let job = api.submit().await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(api.poll(&job).await.0);
    }
    assert_eq!(statuses, [200, 503, 503, 200]);
    assert_eq!(again.ledger().total_usd, 0.5);
    again.advance(std::time::Duration::from_secs(600));
    assert_eq!(again.job(&job).unwrap().status, "failed");
}

#[tokio::test]
async fn an_archive_has_every_exchange() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    world.add_fault(Fault::at(RequestKind::Poll).nth(1).reset());
    let api = Api::of(&world);
    let job = api.submit().await;
    let url = api.url(&format!("predictions/{job}/result?x=1"));
    let _ = api.http.get(url).bearer_auth(&api.key).send().await;
    let (status, _, text) = export(&server, world.id(), "har").await;
    let archive: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(status, 200);
    let entries = archive["log"]["entries"].as_array().unwrap();
    assert_eq!(entries[0]["request"]["method"], "POST");
    let sent: Value =
        serde_json::from_str(entries[0]["request"]["postData"]["text"].as_str().unwrap()).unwrap();
    assert_eq!(sent, crate::support::input());
    assert_eq!(entries[0]["response"]["status"], 200);
    assert_eq!(entries[1]["request"]["queryString"], json!([{"name": "x", "value": "1"}]));
    assert_eq!(entries[1]["response"]["status"], 0);
    assert_eq!(entries[1]["_fault"], "reset");
    assert!(!text.contains(&api.key), "the key is in the archive");
}

#[tokio::test]
async fn an_unknown_format_is_refused() {
    let server = MockServer::start().await.unwrap();
    for format in ["xml", ""] {
        let (status, _, text) = export(&server, "default", format).await;
        assert_eq!(status, 400);
        assert!(text.contains("scenario, case or har"), "{text}");
    }
    assert_eq!(export(&server, "default", "case").await.0, 409, "nothing was submitted");
}
