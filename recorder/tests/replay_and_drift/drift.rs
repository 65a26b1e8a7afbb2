//! Responses of the mock have no differences; each mutation of a response is found.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Value, json};
use viseme_mock::scenario::{Body, ResponseMutation};
use viseme_mock::{Fault, JobRule, MockServer, RequestKind, Scenario, Timeline, World};
use viseme_recorder::drift::{
    Certainty, DifferenceKind, DriftReport, Gravity, OpenApiDocument, compare,
};
use viseme_recorder::recording::{RecordedBody, RecordedExchange};

use crate::{Api, SUBMIT, data, exchange, response_of};

/// The contract, which takes a while to read.
static CONTRACT: LazyLock<OpenApiDocument> = LazyLock::new(|| OpenApiDocument::of_mock().unwrap());

fn report(exchanges: &[RecordedExchange]) -> DriftReport {
    compare(exchanges, &CONTRACT)
}

/// Sends a request of each kind.
async fn all_requests(world: &World) -> Vec<RecordedExchange> {
    let api = Api::of(world);
    let id = api.submit().await["id"].as_str().unwrap().to_owned();
    let model = "kwaivgi/kling-lipsync/audio-to-video";
    let price = json!({"model_id": model, "inputs": {}});
    let upload = json!({"filename": "a.mp4", "size": 5, "content_type": "video/mp4"});
    let input = json!({"audio": "https://a.example/a.mp3", "video": "https://a.example/a.mp4"});
    let month = json!({"year_month": "2026-11", "page": 1, "page_size": 10});
    let day = json!({"start_time": "2026-01-01T00:00:00Z", "end_time": "2026-01-02T00:00:00Z"});
    let prediction = format!("/api/v3/predictions/{id}");
    let mut exchanges = vec![api.poll(&id).await, api.send("GET", &prediction, None).await];
    for (method, path, body) in [
        ("POST", SUBMIT, Some(&input)),
        ("POST", SUBMIT, Some(&json!({}))),
        ("POST", "/api/v3/predictions", Some(&json!({"page": 1, "page_size": 10}))),
        ("POST", "/api/v3/media/uploads", Some(&upload)),
        ("GET", "/api/v3/balance", None),
        ("GET", "/api/v3/models", None),
        ("POST", "/api/v3/model/price", Some(&price)),
        ("POST", "/api/v3/model/pricing", Some(&price)),
        ("POST", "/api/v3/billings/search", Some(&json!({"page": 1, "page_size": 10}))),
        ("POST", "/api/v3/user/usage_stats", Some(&day)),
        ("POST", "/api/v3/scheduler/billings/query", Some(&month)),
        ("GET", "/api/v3/webhook/secret", None),
        ("GET", "/api/v3/predictions/unknown/result", None),
        ("POST", "/api/v3/predictions/delete", Some(&json!({"ids": [id]}))),
    ] {
        exchanges.push(api.send(method, path, body).await);
    }
    exchanges
}

#[tokio::test]
async fn the_mock_has_no_differences() {
    let server = MockServer::start().await.unwrap();
    let rule = JobRule::new(Timeline::after_polls(1));
    let exchanges = all_requests(&server.world_with(Scenario::new().job(rule))).await;
    let report = report(&exchanges);
    assert_eq!(report.differences, [], "{report}");
    assert_eq!(report.not_seen, ["POST /api/v3/media/upload/binary"]);
    let compared: u64 = report.compared.iter().map(|it| it.count).sum();
    assert_eq!(compared, exchanges.len() as u64);
    let text = report.to_string();
    assert!(text.contains("no differences"), "{text}");
    let guess = "GET /api/v3/predictions/{job}/result with status 404";
    assert!(text.contains(guess), "the guesses that are confirmed: {text}");
}

/// Returns the differences of a poll with this fault: kind, place and certainty.
async fn poll_with(fault: Fault) -> (DriftReport, Vec<(DifferenceKind, String, Certainty)>) {
    let server = MockServer::start().await.unwrap();
    let rule = JobRule::new(Timeline::after_polls(1));
    let world = server.world_with(Scenario::new().job(rule).fault(fault));
    let api = Api::of(&world);
    let id = api.submit().await["id"].as_str().unwrap().to_owned();
    let report = report(&[api.poll(&id).await]);
    let found =
        report.differences.iter().map(|it| (it.kind, it.at.clone(), it.certainty)).collect();
    (report, found)
}

#[tokio::test]
async fn each_mutation_of_a_response_is_found() {
    use Certainty::{Assumed, Documented};
    use DifferenceKind::{
        ContentType, MissingKey, NotJson, OtherFormat, OtherType, UndocumentedHeader, UnknownKey,
        UnknownWord,
    };
    use ResponseMutation as M;
    let merge = |value: Value| M::Merge(json!({"data": value}));
    for (mutation, expected) in [
        (M::DataNull, vec![(OtherType, "/data", Documented)]),
        (M::MissingId, vec![(MissingKey, "/data/id", Documented)]),
        (
            M::Remove(vec!["/data/timings".to_owned()]),
            vec![(MissingKey, "/data/timings", Documented)],
        ),
        (
            M::Remove(vec!["/data/has_nsfw_contents".to_owned()]),
            vec![(MissingKey, "/data/has_nsfw_contents", Assumed)],
        ),
        (M::UnknownStatus("brewing".to_owned()), vec![(UnknownWord, "/data/status", Documented)]),
        (M::OutputsNull, vec![(OtherType, "/data/outputs", Documented)]),
        (M::OutputsObjects, vec![(OtherType, "/data/outputs/*", Documented)]),
        (merge(json!({"queue": {"position": 3}})), vec![(UnknownKey, "/data/queue", Documented)]),
        (
            merge(json!({"urls": {"cancel": "x"}})),
            vec![(UnknownKey, "/data/urls/cancel", Documented)],
        ),
        (merge(json!({"code": 1999})), vec![(UnknownWord, "/data/code", Documented)]),
        (
            merge(json!({"executionTime": -5})),
            vec![(OtherFormat, "/data/executionTime", Documented)],
        ),
        (
            merge(json!({"created_at": "today"})),
            vec![(OtherFormat, "/data/created_at", Documented)],
        ),
        (M::Merge(json!({"message": null})), vec![(OtherType, "/message", Documented)]),
        (M::Merge(json!({"code": "200"})), vec![(OtherType, "/code", Documented)]),
        (M::Merge(json!({"code": 0})), vec![(UnknownWord, "/code", Documented)]),
        (M::Deep(2), vec![(UnknownKey, "/deep", Documented)]),
        (M::TruncateJson(40), vec![(NotJson, "", Documented)]),
        (M::ContentType("text/html".to_owned()), vec![(ContentType, "content-type", Documented)]),
        (M::NoContentType, vec![(ContentType, "content-type", Documented)]),
        (M::HugeHeader(10), vec![(UndocumentedHeader, "x-huge", Documented)]),
        // Nobody can see these.
        (M::WrongId, vec![]),
        (M::StatusRegress, vec![]),
    ] {
        let name = format!("{mutation:?}");
        let (report, found) = poll_with(Fault::at(RequestKind::Poll).mutate(mutation)).await;
        let expected: Vec<_> =
            expected.into_iter().map(|(kind, at, it)| (kind, at.to_owned(), it)).collect();
        assert_eq!(found, expected, "{name}: {report}");
    }
}

#[tokio::test]
async fn errors_of_another_shape_and_statuses_are_found() {
    use DifferenceKind::{ErrorShape, UndocumentedStatus};
    let poll = || Fault::at(RequestKind::Poll);
    let role = json!({"code": 403, "message": "No.", "error_code": "role"});
    let envelope = ResponseMutation::EnvelopeError { code: 500, message: "No.".to_owned() };
    for (fault, expected) in [
        (poll().status(404).body(Body::WrongEnvelope), vec![ErrorShape]),
        (poll().status(403).body(Body::Value(role)), vec![ErrorShape]),
        (poll().mutate(envelope), vec![ErrorShape]),
        (poll().status(418), vec![UndocumentedStatus]),
        (poll().status(202), vec![UndocumentedStatus]),
        (poll().status(503).body(Body::Html), vec![]),
        (poll().status(502).body(Body::WrongEnvelope), vec![ErrorShape]),
        (poll().status(429).retry_after_secs(7), vec![]),
    ] {
        let (report, found) = poll_with(fault).await;
        // The mock's faults send no id of the request, which only successes must have.
        let kinds: Vec<_> = found
            .iter()
            .map(|(kind, ..)| *kind)
            .filter(|kind| *kind != DifferenceKind::MissingHeader)
            .collect();
        assert_eq!(kinds, expected, "{report}");
    }
    let (report, _) = poll_with(poll().status(418)).await;
    assert_eq!(report.differences[0].gravity, Gravity::New);
    let (report, _) = poll_with(poll().status(202)).await;
    assert_eq!(report.differences[0].gravity, Gravity::Breaking);
    let text = report.to_string();
    for part in ["BREAKING", "status 202 is not in the contract", "1 of 1 response", "What to do"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[tokio::test]
async fn shapes_are_compared_by_keys_and_types() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    let api = Api::of(&world);
    api.submit().await;
    let mut history =
        api.send("POST", "/api/v3/predictions", Some(&json!({"page": 1, "page_size": 5}))).await;
    let mut item = data(&history)["items"][0].clone();
    for (_, value) in item.as_object_mut().unwrap() {
        match value {
            Value::String(_) => *value = json!(""),
            Value::Number(_) => *value = json!(0),
            _ => {}
        }
    }
    item["status"] = json!("paused");
    item["extra"] = json!("");
    item.as_object_mut().unwrap().remove("model");
    item["urls"]["get"] = json!(0);
    let value = json!({"code": 200, "message": "", "data": {"page": 0, "items": [item]}});
    history.response.as_mut().unwrap().body = RecordedBody::Shape { value };
    let report = report(&[history]);
    let found: Vec<_> = report
        .differences
        .iter()
        .map(|it| (it.kind, it.at.as_str(), it.example.as_deref()))
        .collect();
    let expected = [
        (DifferenceKind::MissingKey, "/data/items/*/model", None),
        (DifferenceKind::OtherType, "/data/items/*/urls/get", None),
        (DifferenceKind::UnknownWord, "/data/items/*/status", None),
        (DifferenceKind::UnknownKey, "/data/items/*/extra", None),
    ];
    assert_eq!(found, expected, "{report}");
}

#[test]
fn unknown_paths_headers_and_repeated_differences_are_counted() {
    let headers = |names: &[&str]| -> BTreeMap<String, String> {
        let all = ["content-type", "x-request-id", "date", "cf-ray", "server"];
        let values = all.iter().chain(names);
        values
            .map(|name| {
                let value =
                    if *name == "content-type" { "application/json; charset=utf-8" } else { "1" };
                ((*name).to_owned(), value.to_owned())
            })
            .collect()
    };
    let json = |value: Value| RecordedBody::Json { value };
    let balance = |value: Value, names: &[&str]| {
        let body = json!({"code": 200, "message": "success", "data": value});
        exchange("GET", "/api/v3/balance", response_of(200, headers(names), json(body)))
    };
    let odd = exchange("GET", "/api/v3/teams", response_of(200, headers(&[]), json(json!({}))));
    let absent = exchange("GET", "/api/v3/teams", response_of(404, headers(&[]), json(json!({}))));
    let mut without_id = balance(json!({"balance": 1}), &[]);
    without_id.response.as_mut().unwrap().headers.remove("x-request-id");
    let mut lost = balance(json!({"balance": 1}), &[]);
    lost.response = None;
    let report = report(&[
        balance(json!({"balance": 1.5, "held": 2}), &["x-ratelimit-remaining"]),
        balance(json!({"balance": 1.5, "held": 3}), &[]),
        balance(json!({"balance": 1.5}), &[]),
        odd,
        absent,
        without_id,
        lost,
    ]);
    let found: Vec<_> = report
        .differences
        .iter()
        .map(|it| (it.kind, it.path.as_str(), it.at.as_str(), it.count, it.of))
        .collect();
    let expected = [
        (DifferenceKind::UnknownKey, "/api/v3/balance", "/data/held", 2, 4),
        (DifferenceKind::UnknownPath, "/api/v3/teams", "", 1, 1),
        (DifferenceKind::UndocumentedHeader, "/api/v3/balance", "x-ratelimit-remaining", 1, 4),
        (DifferenceKind::MissingHeader, "/api/v3/balance", "x-request-id", 1, 4),
    ];
    assert_eq!(found, expected, "{report}");
    assert_eq!(report.not_compared.without_response, 1);
    assert_eq!(report.differences[0].example.as_deref(), Some("2"));
    // The report is the same from its JSON.
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<DriftReport>(&text).unwrap(), report);
}
