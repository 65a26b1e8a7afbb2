//! Uploads: presigned URLs, their PUTs, and the older multipart form.

use std::time::Duration;

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use viseme_mock::{ClockMode, MockServer, RequestKind, Scenario};

use crate::support::{Api, request, response_of};

async fn status(request: reqwest::RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn an_uploaded_file_is_read_back() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    let api = Api::of(&world);
    // Small files are kept in memory, large ones on disk.
    for size in [0, 1, 5_000_000] {
        let bytes: Vec<u8> = (0..size).map(|n: u32| n.to_le_bytes()[0]).collect();
        let presigned = api.presign("a b&c.mp4", "video/mp4", bytes.len()).await;
        assert_eq!(
            (&presigned["type"], &presigned["filename"]),
            (&json!("video"), &json!("a b&c.mp4"))
        );
        assert_eq!(
            (&presigned["size"], &presigned["upload"]["method"]),
            (&json!(size), &json!("PUT"))
        );
        let headers = json!({"Content-Type": "video/mp4", "If-None-Match": "*"});
        assert_eq!(presigned["upload"]["headers"], headers);
        assert_eq!(status(api.put(&presigned, bytes.clone())).await, 200);
        let url = presigned["download_url"].as_str().unwrap();
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
async fn a_put_must_match_its_presigned_url() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    let api = Api::of(&world);
    let presigned = api.presign("a.mp4", "video/mp4", 3).await;
    let url = presigned["upload"]["url"].as_str().unwrap();
    let bare = || api.http.put(url).body("abc");
    let put = || api.put(&presigned, b"abc".to_vec());
    assert_eq!(status(put().bearer_auth(&api.key)).await, 400, "no key to the storage");
    assert_eq!(status(bare()).await, 403, "no headers");
    assert_eq!(status(bare().header("Content-Type", "video/mp4")).await, 403, "one header");
    let wrong = bare().header("Content-Type", "video/mov").header("If-None-Match", "*");
    assert_eq!(status(wrong).await, 403, "another content type");
    assert_eq!(status(api.put(&presigned, b"abcd".to_vec())).await, 400, "too long");
    assert_eq!(status(api.put(&presigned, b"ab".to_vec())).await, 400, "too short");
    let mut forged = presigned.clone();
    forged["upload"]["url"] = json!(format!("{}0", url));
    assert_eq!(status(api.put(&forged, b"abc".to_vec())).await, 403, "another signature");
    let file = presigned["download_url"].as_str().unwrap();
    assert_eq!(status(api.http.get(file)).await, 404, "nothing was kept of these");

    assert_eq!(status(put()).await, 200);
    assert_eq!(status(put()).await, 412, "once is enough");
    assert_eq!(status(api.http.get(file)).await, 200);
}

#[tokio::test]
async fn a_put_without_content_length_is_refused() {
    let server = MockServer::start().await.unwrap();
    let api = Api::of(&server.world());
    let presigned = api.presign("a.mp4", "video/mp4", 3).await;
    let chunks = futures_util::stream::iter([Ok::<_, std::io::Error>("abc")]);
    let request = api.put(&presigned, Vec::new()).body(reqwest::Body::wrap_stream(chunks));
    assert_eq!(status(request).await, 411);
}

#[tokio::test]
async fn a_presigned_url_expires() {
    let server = MockServer::start().await.unwrap();
    let world = server.world_with(Scenario::new().clock(ClockMode::Manual));
    let api = Api::of(&world);
    let presigned = api.presign("a.mp4", "video/mp4", 1).await;
    let expires: jiff::Timestamp =
        presigned["upload"]["expires_at"].as_str().unwrap().parse().unwrap();
    let now: jiff::Timestamp = world.journal()[0].at.parse().unwrap();
    world.advance(Duration::try_from(expires.duration_since(now)).unwrap());
    world.advance(Duration::from_secs(1));
    assert_eq!(status(api.put(&presigned, vec![0])).await, 403);
}

#[tokio::test]
async fn invalid_presign_requests_are_refused() {
    let server = MockServer::start().await.unwrap();
    let api = Api::of(&server.world());
    for (body, expected) in [
        (json!({}), 400),
        (json!({"filename": "a.mp4"}), 400),
        (json!({"filename": "../a.mp4", "size": 1}), 400),
        (json!({"filename": "a.mp4", "size": 200 * 1024 * 1024 + 1}), 400),
    ] {
        let (status, response) = api.post("media/uploads", &body).await;
        assert_eq!(status, expected, "{body}: {response}");
    }
    // An error with status 200.
    let program = json!({"filename": "a.exe", "size": 1, "content_type": "application/x-dosexec"});
    let (status, response) = api.post("media/uploads", &program).await;
    assert_eq!((status, &response["code"]), (200, &json!(500)));
    assert!(response["message"].as_str().unwrap().contains("invalid file type"));
}

#[tokio::test]
async fn the_file_name_decides_without_a_content_type() {
    let server = MockServer::start().await.unwrap();
    let api = Api::of(&server.world());
    for (name, kind) in [("a.mp4", "video/mp4"), ("a.MP3", "audio/mpeg"), ("a.png", "image/png")] {
        let body = json!({"filename": name, "size": 1});
        let (_, presigned) = api.post("media/uploads", &body).await;
        assert_eq!(
            presigned["data"]["upload"]["headers"]["Content-Type"],
            json!(kind),
            "{presigned}"
        );
    }
}

#[tokio::test]
async fn bodies_have_a_size_limit() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    let api = Api::of(&world);
    // With a Content-Length: refused before the body is sent.
    let mut wire = crate::support::Wire::to(world.base_url()).await;
    let presigned = api.presign("a.mp4", "video/mp4", 1).await;
    let path = presigned["upload"]["url"].as_str().unwrap().strip_prefix(world.base_url()).unwrap();
    let head = format!(
        "PUT {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n",
        201 * 1024 * 1024
    );
    wire.send(head.as_bytes()).await;
    let (bytes, _) = wire.read(Duration::from_millis(500)).await;
    assert!(bytes.starts_with(b"HTTP/1.1 413 "), "{}", String::from_utf8_lossy(&bytes));
    // Without: refused after the body was received.
    let long = json!({"audio": "x".repeat(21 * 1024 * 1024)});
    assert_eq!(api.post(crate::support::MODEL, &long).await.0, 413);
    assert!(world.jobs().is_empty());
}

async fn send_form(api: &Api, form: Form) -> (u16, Value) {
    let request = api.http.post(api.url("media/upload/binary")).bearer_auth(&api.key);
    response_of(request.multipart(form).send().await.unwrap()).await
}

#[tokio::test]
async fn a_multipart_upload_is_stored() {
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
async fn an_incomplete_put_stores_nothing() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    let api = Api::of(&world);
    let presigned = api.presign("a.mp4", "video/mp4", 1000).await;
    let path = presigned["upload"]["url"].as_str().unwrap().strip_prefix(world.base_url()).unwrap();
    let mut wire = crate::support::Wire::to(world.base_url()).await;
    let whole = request(&world, "PUT", path, &"x".repeat(1000));
    wire.send(&whole[..whole.len() - 500]).await;
    drop(wire);
    let file = presigned["download_url"].as_str().unwrap();
    assert_eq!(status(api.http.get(file)).await, 404);
    assert_eq!(
        status(api.put(&presigned, vec![1; 1000])).await,
        200,
        "the presigned is still good"
    );
}

#[tokio::test]
async fn an_invalid_multipart_form_is_refused() {
    let server = MockServer::start().await.unwrap();
    let api = Api::of(&server.world());
    let field = |name: &str, file: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\nx\r\n")
    };
    let file = field("file", "; filename=\"a.mp4\"");
    let form = "multipart/form-data; boundary=b";
    for (content_type, body, expected) in [
        (form, format!("{file}{}--b--\r\n", field("note", "")), None),
        (form, format!("{}--b--\r\n", field("note", "")), Some("`file` is required")),
        (form, format!("{file}{}--b--\r\n", field("", "")), Some("name of a form field")),
        (form, format!("{file}{}--b--\r\n", field("a b", "")), Some("got \"a b\"")),
        (form, file.clone(), Some("incomplete")),
        (form, "--c--".to_owned(), Some("not valid")),
        ("multipart/form-data", file.clone(), Some("boundary")),
        ("application/json", "{}".to_owned(), Some("multipart/form-data")),
    ] {
        let request = api.http.post(api.url("media/upload/binary")).bearer_auth(&api.key);
        let request = request.header("Content-Type", content_type).body(body.clone());
        let (status, response) = response_of(request.send().await.unwrap()).await;
        assert_eq!(status, if expected.is_some() { 400 } else { 200 }, "{body}: {response}");
        let message = response["message"].as_str().unwrap();
        assert!(message.contains(expected.unwrap_or("success")), "{body}: {message}");
    }
}
