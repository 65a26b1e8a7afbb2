//! The control API.

use serde_json::{Value, json};
use viseme_mock::MockServer;

use crate::support::{Api, MODEL, Response, http, input, response_of};

struct Control {
    server: MockServer,
    http: reqwest::Client,
}

impl Control {
    async fn start() -> Self {
        Self { server: MockServer::start().await.unwrap(), http: http() }
    }

    async fn send(&self, method: &str, path: &str, body: &str) -> Response {
        let url = format!("{}/_mock/v1{path}", self.server.url());
        let request = self.http.request(method.parse().unwrap(), url);
        let request = request.header("Content-Type", "application/yaml").body(body.to_owned());
        response_of(request.send().await.unwrap()).await
    }

    async fn ok(&self, method: &str, path: &str, body: &str) -> Value {
        let (status, response) = self.send(method, path, body).await;
        assert_eq!(status, 200, "{method} {path}: {response}");
        response
    }

    /// Creates a world, and a client of it.
    async fn world(&self, body: &str) -> (String, Api) {
        let world = self.ok("POST", "/worlds", body).await;
        let text = |name: &str| world[name].as_str().unwrap().to_owned();
        (text("id"), Api { http: self.http.clone(), base: text("base_url"), key: text("key") })
    }
}

#[tokio::test]
async fn a_world_is_created_reset_and_removed() {
    let control = Control::start().await;
    let (id, api) = control
        .world("{id: case-1, seed: 5, clock: {mode: manual, start: 2026-01-01T00:00:00Z}}")
        .await;
    assert_eq!((id.as_str(), api.key.as_str()), ("case-1", "mock-case-1"));
    let job = api.submit().await;
    assert_eq!(control.send("POST", "/worlds", "{id: case-1}").await.0, 409);
    let listed = control.ok("GET", "/worlds", "").await;
    let ids: Vec<_> = listed.as_array().unwrap().iter().map(|world| &world["id"]).collect();
    assert_eq!(ids, ["case-1", "default"]);
    assert_eq!(control.ok("GET", "/worlds/case-1", "").await["key"], json!(api.key));
    control.ok("POST", "/worlds/case-1/reset", "").await;
    assert_eq!(control.ok("GET", "/worlds/case-1/jobs", "").await, json!([]));
    assert_eq!(api.submit().await, job, "the same seed, the same ids");
    control.ok("DELETE", "/worlds/case-1", "").await;
    assert_eq!(control.send("DELETE", "/worlds/case-1", "").await.0, 404);
    assert_eq!(control.send("GET", "/worlds/case-1/jobs", "").await.0, 404);
    let (other, _) = control.world("").await;
    assert_ne!(other, "case-1");
}

#[tokio::test]
async fn a_job_is_completed_failed_held_and_released() {
    let control = Control::start().await;
    let (id, api) = control.world("{clock: {mode: manual}}").await;
    let job = api.submit().await;
    let path = format!("/worlds/{id}/jobs/{job}");
    assert_eq!(control.ok("GET", &path, "").await["status"], "created");
    for (action, status) in [("complete", "completed"), ("fail", "failed"), ("release", "created")]
    {
        control.ok("POST", &format!("{path}/{action}"), "").await;
        assert_eq!(api.state(&job).await, status, "{action}");
    }
    control.ok("POST", &format!("{path}/hold"), "").await;
    control.ok("POST", &format!("/worlds/{id}/clock"), "{advance: 1h}").await;
    assert_eq!(api.state(&job).await, "created", "held");
    control.ok("POST", &format!("{path}/release"), "").await;
    assert_eq!(api.state(&job).await, "completed");
    assert_eq!(control.send("POST", &format!("{path}/explode"), "").await.0, 404);
    assert_eq!(control.send("GET", &format!("{path}0"), "").await.0, 404);
}

#[tokio::test]
async fn the_clock_is_advanced_and_changed() {
    let control = Control::start().await;
    let (id, _) = control.world("{clock: {mode: manual, start: 2026-01-01T00:00:00Z}}").await;
    let path = format!("/worlds/{id}/clock");
    let clock = control.ok("POST", &path, r#"{"advance": "90s"}"#).await;
    assert_eq!((&clock["now"], &clock["mode"]), (&json!("2026-01-01T00:01:30Z"), &json!("manual")));
    let clock = control.ok("POST", &path, "{to: 2026-01-02T00:00:00Z}").await;
    assert_eq!(clock["elapsed_seconds"], 86400.0);
    let (status, error) = control.send("POST", &path, "{to: 2026-01-01T00:00:00Z}").await;
    assert_eq!(status, 409);
    assert!(error["error"].as_str().unwrap().contains("past"), "{error}");
    assert_eq!(control.send("POST", &path, "{mode: {scaled: -1}}").await.0, 400);
    control.ok("POST", &path, "{mode: {scaled: 1000}}").await;
    let clock = control.ok("GET", &path, "").await;
    assert_eq!(clock["mode"], json!({"scaled": 1000.0}));
}

#[tokio::test]
async fn scenarios_and_faults_are_set_and_counted() {
    let control = Control::start().await;
    let (id, api) = control.world("").await;
    let scenario = format!("/worlds/{id}/scenario");
    control.ok("PUT", &scenario, "faults: [{at: history, nth: 1, do: {status: 500}}]").await;
    let faults = format!("/worlds/{id}/faults");
    let all = control.ok("POST", &faults, r#"{"at": "submit", "nth": 2, "do": "reset"}"#).await;
    assert_eq!(all.as_array().unwrap().len(), 2);
    api.submit().await;
    assert!(
        api.http.post(api.url(MODEL)).bearer_auth(&api.key).json(&input()).send().await.is_err()
    );
    let counts = control.ok("GET", &faults, "").await;
    assert_eq!((&counts[0]["triggered"], &counts[0]["remaining"]), (&json!(0), &json!(1)));
    assert_eq!((&counts[1]["seen"], &counts[1]["remaining"]), (&json!(2), &json!(0)));
    assert_eq!(counts[1]["fault"]["do"], "reset");
    for (method, path, body, word) in [
        ("PUT", &scenario, "jobz: []", "jobz"),
        ("PUT", &scenario, "balance_usd: -3", "balance_usd"),
        ("POST", &faults, "{at: moon, do: reset}", "moon"),
        ("POST", &faults, "{at: poll, do: implode}", "implode"),
        ("POST", &faults, "{at: poll, nth: 0, do: reset}", "nth"),
        ("POST", &"/worlds".to_owned(), "{id: 'a b'}", "letters"),
        ("POST", &"/worlds".to_owned(), "{sead: 4}", "sead"),
    ] {
        let (status, error) = control.send(method, path, body).await;
        assert_eq!(status, 400, "{body}: {error}");
        assert!(error["error"].as_str().unwrap().contains(word), "{body}: {error}");
    }
}

#[tokio::test]
async fn the_journal_and_the_ledger_are_verified() {
    let control = Control::start().await;
    let (id, api) = control.world("{scenario: {faults: [{at: submit, nth: 3, do: reset}]}}").await;
    let job = api.submit_to("mock/instant", &json!({})).await;
    api.poll(&job).await;
    let journal = control.ok("GET", &format!("/worlds/{id}/journal"), "").await;
    assert_eq!(journal.as_array().unwrap().len(), 2);
    assert_eq!(
        (&journal[1]["kind"], &journal[1]["termination"]),
        (&json!("poll"), &json!("complete"))
    );
    let ledger = control.ok("GET", &format!("/worlds/{id}/ledger"), "").await;
    assert_eq!((&ledger["delivered"], &ledger["orphaned"]), (&json!(1), &json!(0)));
    let path = format!("/worlds/{id}/verify");
    let good = "expect: {requests: [{POST: '*/instant', count: 1, at_most: null}, {GET: '*/result', at_least: 1}, \
                {PUT: '*', at_most: 0}], ledger: {charges: 1, duplicates: 0}}";
    let verdict = control.ok("POST", &path, good).await;
    assert_eq!(verdict, json!({"pass": true, "differences": [], "near_misses": []}));
    let bad =
        "expect: {requests: [{PUT: '*/instant'}], ledger: {delivered: 2}, faults: all_consumed}";
    let verdict = control.ok("POST", &path, bad).await;
    assert_eq!(verdict["pass"], false);
    let differences = [
        "PUT */instant: expected at least 1, found 0",
        "ledger: delivered: expected 2, found 1",
        "fault 0: times triggered: expected 1, found 0",
    ];
    assert_eq!(verdict["differences"], json!(differences));
    assert_eq!(verdict["near_misses"][0]["path"], "/api/v3/mock/instant");
    assert_eq!(verdict["near_misses"].as_array().unwrap().len(), 1);
    assert_eq!(control.send("POST", &path, "expect: {requests: [{count: 1}]}").await.0, 400);
}

#[tokio::test]
async fn health_and_metrics_are_served() {
    let control = Control::start().await;
    let (_, api) = control.world("").await;
    api.submit_to("mock/instant", &json!({})).await;
    let health = control.ok("GET", "/healthz", "").await;
    assert_eq!((&health["status"], &health["worlds"]), (&json!("ok"), &json!(2)));
    assert_eq!(health["playground_url"], Value::Null);
    let metrics = control.ok("GET", "/metrics", "").await;
    let lines: Vec<_> = metrics.as_str().unwrap().lines().collect();
    for line in [
        "viseme_mock_worlds 2",
        "viseme_mock_requests_total 1",
        "viseme_mock_jobs{status=\"completed\"} 1",
    ] {
        assert!(lines.contains(&line), "{line} is not in {lines:#?}");
    }
}

#[tokio::test]
async fn every_documented_route_exists_and_has_its_statuses() {
    let control = Control::start().await;
    let description = control.ok("GET", "/openapi.json", "").await;
    assert!(description["openapi"].as_str().unwrap().starts_with("3."));
    let (id, api) = control.world("{id: described}").await;
    let job = api.submit_to("mock/instant", &json!({})).await;
    let presigned = api.presign("a.mp4", "video/mp4", 1).await;
    let put_url = presigned["upload"]["url"].as_str().unwrap().to_owned();
    let upload = put_url.split('/').nth(5).unwrap().to_owned();
    let mut seen = 0;
    for (path, methods) in description["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let real = path
                .replace("{world}", &id)
                .replace("{job}", &job)
                .replace("{upload}", &upload)
                .replace("{file}", "a.mp4")
                .replace("{action}", "hold")
                .replace("{number}", "1")
                .replace("{index}", "0")
                .replace("{owner}", "mock")
                .replace("{model}", "instant");
            assert!(!real.contains('{'), "{real} has an unknown parameter");
            let url = format!("{}{real}", control.server.url());
            let request = api.http.request(method.to_uppercase().parse().unwrap(), &url);
            let response = request.bearer_auth(&api.key).send().await.unwrap();
            let status = response.status().as_u16();
            let kind = response.headers().get("content-type");
            // A stream of events does not end.
            let is_stream =
                kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
            let text = if is_stream { String::new() } else { response.text().await.unwrap() };
            let no_route =
                status == 405 || text.contains("page not found") || text.contains("no such route");
            assert!(!no_route, "{method} {path}: {status} {text}");
            let reported = operation["responses"].as_object().unwrap();
            assert!(
                reported.contains_key(&status.to_string()),
                "{method} {path}: {status} is not documented; {text}"
            );
            seen += 1;
            if method == "delete" && path.ends_with("/worlds/{world}") {
                control.ok("POST", "/worlds", "{id: described}").await;
            }
        }
    }
    assert!(seen > 30, "{seen} routes");
}

#[tokio::test]
async fn an_unknown_route_is_a_404_that_names_the_document() {
    let control = Control::start().await;
    let (status, error) = control.send("GET", "/nothing", "").await;
    assert_eq!(status, 404);
    assert!(error["error"].as_str().unwrap().contains("openapi.json"), "{error}");
}
