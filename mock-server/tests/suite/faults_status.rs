//! Status faults: their bodies and `Retry-After`.

use serde_json::json;
use viseme_mock::scenario::{Body, RetryAfter, StatusResponse};
use viseme_mock::{Fault, MockServer, RequestKind};

use crate::support::{Api, MODEL, input};

#[tokio::test]
async fn a_status_fault_has_each_kind_of_body() {
    let server = MockServer::start().await.unwrap();
    for (body, content_type, holds) in [
        (Body::Json, Some("application/json; charset=utf-8"), "\"code\":503"),
        (Body::Html, Some("text/html"), "<h1>503 Service Unavailable</h1>"),
        (Body::Empty, None, ""),
        (Body::WrongEnvelope, Some("application/json; charset=utf-8"), "\"detail\""),
        (Body::Text("no upstream".into()), Some("text/plain"), "no upstream"),
        (
            Body::Value(json!({"message": "no", "error_code": "role"})),
            Some("application/json; charset=utf-8"),
            "\"error_code\":\"role\"",
        ),
    ] {
        let world = server.world();
        world.add_fault(Fault::at(RequestKind::Other).status(503).body(body.clone()));
        let api = Api::of(&world);
        let request = api.http.get(api.url("balance")).bearer_auth(&api.key);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 503);
        let found =
            response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
        assert_eq!(found.as_deref(), content_type, "{body:?}");
        let text = response.text().await.unwrap();
        assert!(text.contains(holds) && text.is_empty() == holds.is_empty(), "{body:?}: {text}");
    }
}

#[tokio::test]
async fn a_status_fault_has_each_kind_of_retry_after() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    let api = Api::of(&world);
    let raw = |text: &str| RetryAfter::Raw { raw: text.to_owned() };
    world.add_fault(Fault::at(RequestKind::Other).nth(1).status(429).retry_after_secs(7));
    world.add_fault(Fault::at(RequestKind::Other).nth(2).status(429).retry_after(raw("soon")));
    let huge = "99999999999999999999";
    world.add_fault(Fault::at(RequestKind::Other).nth(3).status(429).retry_after(raw(huge)));
    world.add_fault(Fault::at(RequestKind::Other).nth(4).status(429));
    for expected in [Some("7"), Some("soon"), Some(huge), None] {
        let request = api.http.get(api.url("balance")).bearer_auth(&api.key);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 429);
        let found = response.headers().get("retry-after").map(|value| value.to_str().unwrap());
        assert_eq!(found, expected);
    }
    assert_eq!(api.get("balance").await.0, 200, "all are spent");
    let left: Vec<_> =
        world.faults().iter().map(|count| (count.triggered, count.remaining)).collect();
    assert_eq!(left, [(1, Some(0)); 4]);
}

#[tokio::test]
async fn a_status_fault_redirects() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    let api = Api::of(&world);
    for location in ["/api/v3/models", "http://127.0.0.2:9/", "/api/v3/balance"] {
        let text = format!("{{at: other, do: {{status: 302, location: '{location}'}}}}");
        let mut scenario = viseme_mock::Scenario::new();
        scenario.faults =
            viseme_mock::Scenario::parse(&format!("faults: [{text}]")).unwrap().faults;
        world.set_scenario(scenario);
        let request = api.http.get(api.url("balance")).bearer_auth(&api.key);
        let response = request.send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["location"]),
            (302, &location.parse().unwrap())
        );
    }
}

#[tokio::test]
async fn a_fault_is_before_or_after_the_job_is_created() {
    let server = MockServer::start().await.unwrap();
    for (fault, jobs) in [
        (Fault::at(RequestKind::Submit).status(500), 0),
        (Fault::at(RequestKind::Submit).after_accept().status(500), 1),
    ] {
        let world = server.world();
        world.add_fault(fault);
        let (status, body) = Api::of(&world).post(MODEL, &input()).await;
        assert_eq!((status, &body["code"]), (500, &json!(500)));
        assert_eq!(world.jobs().len(), jobs);
        assert_eq!((world.ledger().charges.len(), world.ledger().orphaned), (jobs, jobs));
    }
}

#[tokio::test]
async fn nth_every_and_until_select_requests() {
    let server = MockServer::start().await.unwrap();
    for (text, expected) in [
        ("nth: 2", "010000"),
        ("nth: [2, 3, 6]", "011001"),
        ("every: 2", "010101"),
        ("until: 3", "111000"),
        ("every: 2, until: 4", "010100"),
        ("probability: 0", "000000"),
        ("probability: 1", "111111"),
    ] {
        let text = format!("faults: [{{at: other, {text}, do: {{status: 503}}}}]");
        let world = server.world_with(viseme_mock::Scenario::parse(&text).unwrap());
        let api = Api::of(&world);
        let mut found = String::new();
        for _ in 0..6 {
            found.push(if api.get("balance").await.0 == 503 { '1' } else { '0' });
        }
        assert_eq!(found, expected, "{text}");
    }
}

#[tokio::test]
async fn each_request_kind_covers_its_requests() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    let api = Api::of(&world);
    let job = api.submit_to("mock/instant", &json!({})).await;
    let output = api.poll(&job).await.1["data"]["outputs"][0].as_str().unwrap().to_owned();
    let presigned = api.presign("a.mp4", "video/mp4", 1).await;
    for (point, expected) in [
        (RequestKind::Submit, [418, 200, 200, 200, 200, 200]),
        (RequestKind::Poll, [200, 418, 200, 200, 200, 200]),
        (RequestKind::Presign, [200, 200, 418, 200, 200, 200]),
        (RequestKind::Put, [200, 200, 200, 418, 200, 200]),
        (RequestKind::Output, [200, 200, 200, 200, 418, 200]),
        (RequestKind::History, [200, 200, 200, 200, 200, 418]),
        (RequestKind::Any, [418; 6]),
    ] {
        let mut scenario = viseme_mock::Scenario::new();
        scenario.faults.push(Fault::at(point).status(418));
        world.set_scenario(scenario);
        let new = api.http.clone();
        let name = format!("{point:?}.mp4");
        let body = json!({"filename": name, "size": 1, "content_type": "video/mp4"});
        let found = [
            api.post("mock/instant", &json!({})).await.0,
            api.poll(&job).await.0,
            api.post("media/uploads", &body).await.0,
            // Only the first PUT is accepted.
            match api.put(&presigned, vec![0]).send().await.unwrap().status().as_u16() {
                412 => 200,
                status => status,
            },
            new.get(&output).send().await.unwrap().status().as_u16(),
            api.post("predictions", &json!({"page": 1, "page_size": 1})).await.0,
        ];
        assert_eq!(found, expected, "{point:?}");
    }
}

#[test]
fn a_status_fault_is_the_same_in_yaml_and_rust() {
    let text =
        "faults: [{at: poll, do: {status: 503, retry_after: {date: 7s}, body: {value: {}}}}]";
    let scenario = viseme_mock::Scenario::parse(text).unwrap();
    let viseme_mock::scenario::FaultAction::Status(StatusResponse {
        status,
        retry_after,
        body,
        ..
    }) = &scenario.faults[0].action
    else {
        panic!("no status: {scenario:?}")
    };
    assert_eq!(*status, 503);
    assert!(matches!(retry_after, Some(RetryAfter::Date { .. })));
    assert_eq!(*body, Some(Body::Value(json!({}))));
}
