//! Responses with valid framing and invalid content.

use serde_json::{Value, json};
use viseme_mock::scenario::ResponseMutation;
use viseme_mock::{Fault, MockServer, RequestKind};

use crate::support::Api;

/// Returns headers and body of a poll of a completed job under this fault.
async fn poll(content: ResponseMutation) -> (reqwest::header::HeaderMap, Vec<u8>) {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    world.add_fault(Fault::at(RequestKind::Poll).mutate(content));
    let api = Api::of(&world);
    let job = api.submit_to("mock/instant", &json!({})).await;
    let url = api.url(&format!("predictions/{job}/result"));
    let response = api.http.get(url).bearer_auth(&api.key).send().await.unwrap();
    assert_eq!(response.status(), 200);
    (response.headers().clone(), response.bytes().await.unwrap().to_vec())
}

async fn json_of(content: ResponseMutation) -> Value {
    let (_, bytes) = poll(content).await;
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn mutations_of_bytes() {
    let truncated = poll(ResponseMutation::TruncateJson(20)).await.1;
    assert_eq!(truncated.len(), 20);
    assert!(truncated.starts_with(b"{"));
    let invalid = poll(ResponseMutation::InvalidUtf8).await.1;
    assert!(std::str::from_utf8(&invalid).is_err());
    let marked = poll(ResponseMutation::ByteOrderMark).await.1;
    assert!(marked.starts_with(b"\xef\xbb\xbf{"));
    let garbage = poll(ResponseMutation::TrailingGarbage).await.1;
    let mut reader = serde_json::Deserializer::from_slice(&garbage).into_iter::<Value>();
    assert!(reader.next().unwrap().is_ok(), "JSON first");
    assert!(reader.next().unwrap().is_err(), "then something else");
}

#[tokio::test]
async fn mutations_of_json() {
    assert_eq!(json_of(ResponseMutation::DataNull).await["data"], Value::Null);
    assert!(json_of(ResponseMutation::MissingId).await["data"].get("id").is_none());
    let wrong = json_of(ResponseMutation::WrongId).await;
    assert_eq!(wrong["data"]["id"], "0".repeat(32));
    let unknown = json_of(ResponseMutation::UnknownStatus("queueing".into())).await;
    assert_eq!(unknown["data"]["status"], "queueing");
    assert_eq!(json_of(ResponseMutation::StatusRegress).await["data"]["status"], "created");
    assert_eq!(json_of(ResponseMutation::OutputsNull).await["data"]["outputs"], Value::Null);
    assert_eq!(json_of(ResponseMutation::OutputsEmpty).await["data"]["outputs"], json!([]));
    let objects = json_of(ResponseMutation::OutputsObjects).await;
    assert!(objects["data"]["outputs"][0]["url"].as_str().unwrap().ends_with(".mp4"), "{objects}");
    let strings = json_of(ResponseMutation::NumbersAsStrings).await;
    assert_eq!(
        (&strings["code"], strings["data"]["executionTime"].is_string()),
        (&json!("200"), true)
    );
    let refused =
        json_of(ResponseMutation::EnvelopeError { code: 500, message: "no".into() }).await;
    assert_eq!(refused, json!({"code": 500, "message": "no"}));
}

#[tokio::test]
async fn merge_and_remove_change_values() {
    let values = json!({"data": {"has_nsfw_contents": null, "timings": {}, "extra": 1}});
    let merged = json_of(ResponseMutation::Merge(values)).await;
    assert_eq!(merged["data"]["has_nsfw_contents"], Value::Null);
    assert_eq!(merged["data"]["timings"]["inference"], 0, "objects are merged");
    assert_eq!((&merged["data"]["extra"], &merged["code"]), (&json!(1), &json!(200)));
    let pointers = ["/data/timings", "/data/outputs/0", "/no/such", "none"];
    let removed = json_of(ResponseMutation::Remove(pointers.map(str::to_owned).to_vec())).await;
    assert!(removed["data"].get("timings").is_none());
    assert_eq!(removed["data"]["outputs"], json!([]));
}

#[tokio::test]
async fn duplicate_keys_depth_and_size() {
    let deep = poll(ResponseMutation::Deep(5000)).await.1;
    assert!(String::from_utf8(deep).unwrap().contains(&"[".repeat(5000)));
    let huge = poll(ResponseMutation::Huge(3_000_000)).await.1;
    assert!(huge.len() > 3_000_000);
    assert_eq!(serde_json::from_slice::<Value>(&huge).unwrap()["code"], 200);
    let twice = String::from_utf8(poll(ResponseMutation::DuplicateKeys).await.1).unwrap();
    assert_eq!(twice.matches("\"data\":").count(), 2, "{twice}");
    assert_eq!(serde_json::from_str::<Value>(&twice).unwrap()["code"], 200, "the last one wins");
}

#[tokio::test]
async fn mutations_of_headers() {
    let (headers, _) = poll(ResponseMutation::ContentType("text/html".into())).await;
    assert_eq!(headers["content-type"], "text/html");
    let (headers, _) = poll(ResponseMutation::NoContentType).await;
    assert!(!headers.contains_key("content-type"));
    let (headers, body) = poll(ResponseMutation::GzipCorrupt).await;
    assert_eq!((&headers["content-encoding"], body[0]), (&"gzip".parse().unwrap(), b'{'));
    let (headers, _) = poll(ResponseMutation::HugeHeader(10_000)).await;
    assert_eq!(headers["x-huge"].len(), 10_000);
}

#[tokio::test]
async fn range_ignored_sends_the_whole_file() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    let api = Api::of(&world);
    let url = api.upload("a.mp4", "video/mp4", vec![1; 100]).await;
    world.add_fault(Fault::at(RequestKind::Output).nth(1).mutate(ResponseMutation::RangeIgnored));
    for (status, length) in [(200, 100), (206, 10)] {
        let response = api.http.get(&url).header("Range", "bytes=90-").send().await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(response.bytes().await.unwrap().len(), length);
    }
}

#[tokio::test]
async fn a_submit_response_without_an_id_leaves_an_orphan() {
    let server = MockServer::start().await.unwrap();
    for (content, orphaned) in [
        (ResponseMutation::DataNull, 1),
        (ResponseMutation::MissingId, 1),
        (ResponseMutation::WrongId, 1),
        (ResponseMutation::TruncateJson(10), 1),
        (ResponseMutation::OutputsNull, 0),
        (ResponseMutation::NumbersAsStrings, 0),
    ] {
        let world = server.world();
        world.add_fault(Fault::at(RequestKind::Submit).mutate(content.clone()));
        let (status, _) = Api::of(&world).post("mock/never", &json!({})).await;
        assert_eq!(status, 200);
        let ledger = world.ledger();
        assert_eq!((ledger.charges.len(), ledger.orphaned), (1, orphaned), "{content:?}");
    }
}

#[tokio::test]
async fn a_corrupt_file_keeps_its_length() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    let api = Api::of(&world);
    let file = api.upload("voice.mp3", "audio/mpeg", b"the sound".to_vec()).await;
    world.add_fault(Fault::at(RequestKind::Output).nth(2).mutate(ResponseMutation::Corrupt));
    let mut seen = Vec::new();
    for _ in 0..3 {
        let response = api.http.get(&file).send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "audio/mpeg");
        seen.push(response.bytes().await.unwrap());
    }
    assert_eq!(seen, [&b"the sound"[..], b"xxxxxxxxx", b"the sound"]);
}
