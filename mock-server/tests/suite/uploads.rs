//! Uploads: the ticket and the PUT it is for, and the older form.

use std::time::Duration;

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use viseme_mock::{ClockMode, MockServer, RequestKind, Scenario};

use crate::support::{Api, answer, request};

async fn status(request: reqwest::RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn what_is_put_is_what_is_read() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    let api = Api::of(&world);
    // Small ones are kept in memory, large ones on disk.
    for size in [0, 1, 5_000_000] {
        let bytes: Vec<u8> = (0..size).map(|n: u32| n.to_le_bytes()[0]).collect();
        let ticket = api.ticket("a b&c.mp4", "video/mp4", bytes.len()).await;
        assert_eq!((&ticket["type"], &ticket["filename"]), (&json!("video"), &json!("a b&c.mp4")));
        assert_eq!((&ticket["size"], &ticket["upload"]["method"]), (&json!(size), &json!("PUT")));
        let headers = json!({"Content-Type": "video/mp4", "If-None-Match": "*"});
        assert_eq!(ticket["upload"]["headers"], headers);
        assert_eq!(status(api.put(&ticket, bytes.clone())).await, 200);
        let url = ticket["download_url"].as_str().unwrap();
        assert!(url.ends_with(".mp4"), "{url}");
        let read = api.http.get(url).send().await.unwrap();
        assert_eq!(read.headers()["content-type"], "video/mp4");
        assert!(read.bytes().await.unwrap() == bytes, "{size} bytes came back changed");
    }
    let puts = world.requests(RequestKind::Put);
    assert_eq!(puts.iter().map(|put| put.body_bytes).collect::<Vec<_>>(), [0, 1, 5_000_000]);
    assert!(puts.iter().all(|put| !put.authorized));
}

#[tokio::test]
async fn a_put_must_keep_to_its_ticket() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    let api = Api::of(&world);
    let ticket = api.ticket("a.mp4", "video/mp4", 3).await;
    let url = ticket["upload"]["url"].as_str().unwrap();
    let bare = || api.http.put(url).body("abc");
    let put = || api.put(&ticket, b"abc".to_vec());
    assert_eq!(status(put().bearer_auth(&api.key)).await, 400, "no key to the storage");
    assert_eq!(status(bare()).await, 403, "no headers");
    assert_eq!(status(bare().header("Content-Type", "video/mp4")).await, 403, "one header");
    let wrong = bare().header("Content-Type", "video/mov").header("If-None-Match", "*");
    assert_eq!(status(wrong).await, 403, "another content type");
    assert_eq!(status(api.put(&ticket, b"abcd".to_vec())).await, 400, "too long");
    assert_eq!(status(api.put(&ticket, b"ab".to_vec())).await, 400, "too short");
    let mut forged = ticket.clone();
    forged["upload"]["url"] = json!(format!("{}0", url));
    assert_eq!(status(api.put(&forged, b"abc".to_vec())).await, 403, "another signature");
    let file = ticket["download_url"].as_str().unwrap();
    assert_eq!(status(api.http.get(file)).await, 404, "nothing was kept of these");

    assert_eq!(status(put()).await, 200);
    assert_eq!(status(put()).await, 412, "once is enough");
    assert_eq!(status(api.http.get(file)).await, 200);
}

#[tokio::test]
async fn a_put_of_unknown_length_is_refused() {
    let server = MockServer::start().await.unwrap();
    let api = Api::of(&server.world());
    let ticket = api.ticket("a.mp4", "video/mp4", 3).await;
    let chunks = futures_util::stream::iter([Ok::<_, std::io::Error>("abc")]);
    let request = api.put(&ticket, Vec::new()).body(reqwest::Body::wrap_stream(chunks));
    assert_eq!(status(request).await, 411);
}

#[tokio::test]
async fn a_ticket_runs_out() {
    let server = MockServer::start().await.unwrap();
    let world = server.world_with(Scenario::new().clock(ClockMode::Manual));
    let api = Api::of(&world);
    let ticket = api.ticket("a.mp4", "video/mp4", 1).await;
    let expires: jiff::Timestamp =
        ticket["upload"]["expires_at"].as_str().unwrap().parse().unwrap();
    let now: jiff::Timestamp = world.journal()[0].at.parse().unwrap();
    world.advance(Duration::try_from(expires.duration_since(now)).unwrap());
    world.advance(Duration::from_secs(1));
    assert_eq!(status(api.put(&ticket, vec![0])).await, 403);
}

#[tokio::test]
async fn tickets_that_are_not_given() {
    let server = MockServer::start().await.unwrap();
    let api = Api::of(&server.world());
    for (body, expected) in [
        (json!({}), 400),
        (json!({"filename": "a.mp4"}), 400),
        (json!({"filename": "../a.mp4", "size": 1}), 400),
        (json!({"filename": "a.mp4", "size": 200 * 1024 * 1024 + 1}), 413),
    ] {
        let (status, answer) = api.post("media/uploads", &body).await;
        assert_eq!(status, expected, "{body}: {answer}");
    }
    // A refusal within a 200.
    let program = json!({"filename": "a.exe", "size": 1, "content_type": "application/x-dosexec"});
    let (status, answer) = api.post("media/uploads", &program).await;
    assert_eq!((status, &answer["code"]), (200, &json!(500)));
    assert!(answer["message"].as_str().unwrap().contains("invalid file type"));
}

#[tokio::test]
async fn without_a_content_type_the_name_tells() {
    let server = MockServer::start().await.unwrap();
    let api = Api::of(&server.world());
    for (name, kind) in [("a.mp4", "video/mp4"), ("a.MP3", "audio/mpeg"), ("a.png", "image/png")] {
        let body = json!({"filename": name, "size": 1});
        let (_, ticket) = api.post("media/uploads", &body).await;
        assert_eq!(ticket["data"]["upload"]["headers"]["Content-Type"], json!(kind), "{ticket}");
    }
}

#[tokio::test]
async fn bodies_have_a_limit() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    let api = Api::of(&world);
    // Announced: refused before it is sent.
    let mut wire = crate::support::Wire::to(world.base_url()).await;
    let ticket = api.ticket("a.mp4", "video/mp4", 1).await;
    let path = ticket["upload"]["url"].as_str().unwrap().strip_prefix(world.base_url()).unwrap();
    let head = format!(
        "PUT {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n",
        201 * 1024 * 1024
    );
    wire.send(head.as_bytes()).await;
    let (bytes, _) = wire.read(Duration::from_millis(500)).await;
    assert!(bytes.starts_with(b"HTTP/1.1 413 "), "{}", String::from_utf8_lossy(&bytes));
    // Not announced: refused when it has come.
    let long = json!({"audio": "x".repeat(21 * 1024 * 1024)});
    assert_eq!(api.post(crate::support::MODEL, &long).await.0, 413);
    assert!(world.jobs().is_empty());
}

async fn send_form(api: &Api, form: Form) -> (u16, Value) {
    let request = api.http.post(api.url("media/upload/binary")).bearer_auth(&api.key);
    answer(request.multipart(form).send().await.unwrap()).await
}

#[tokio::test]
async fn the_older_form_of_upload() {
    let server = MockServer::start().await.unwrap();
    let api = Api::of(&server.world());
    for size in [3, 3_000_000] {
        let bytes = vec![9; size];
        let part = Part::bytes(bytes.clone()).file_name("a b.png").mime_str("image/png").unwrap();
        let form = Form::new().text("note", "first").part("file", part);
        let (status, body) = send_form(&api, form).await;
        let data = &body["data"];
        assert_eq!((status, &data["type"], &data["size"]), (200, &json!("image"), &json!(size)));
        let read = api.http.get(data["download_url"].as_str().unwrap()).send().await.unwrap();
        assert!(read.bytes().await.unwrap() == bytes, "{body}");
    }
    let text = Part::text("x").file_name("a.txt").mime_str("text/plain").unwrap();
    let (status, body) = send_form(&api, Form::new().part("file", text)).await;
    assert_eq!((status, &body["code"]), (200, &json!(500)), "{body}");
    assert_eq!(send_form(&api, Form::new().text("other", "x")).await.0, 400);
}

#[tokio::test]
async fn a_put_that_breaks_off_leaves_nothing() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    let api = Api::of(&world);
    let ticket = api.ticket("a.mp4", "video/mp4", 1000).await;
    let path = ticket["upload"]["url"].as_str().unwrap().strip_prefix(world.base_url()).unwrap();
    let mut wire = crate::support::Wire::to(world.base_url()).await;
    let whole = request(&world, "PUT", path, &"x".repeat(1000));
    wire.send(&whole[..whole.len() - 500]).await;
    drop(wire);
    let file = ticket["download_url"].as_str().unwrap();
    assert_eq!(status(api.http.get(file)).await, 404);
    assert_eq!(status(api.put(&ticket, vec![1; 1000])).await, 200, "the ticket is still good");
}
