//! Which requests are accepted: Host and Origin headers, content types, slow clients; and the URLs that
//! responses have for each of them.

use std::time::Duration;

use serde_json::{Value, json};
use viseme_mock::{Builder, DEFAULT_KEY, MockServer};

use crate::support::{Api, End, MODEL, PATIENCE, Wire, http, input, response_of, split};

const LOOPBACK: &str = "127.0.0.1:0";
const EVERYWHERE: &str = "0.0.0.0:0";

fn listening_on(address: &str) -> Builder {
    MockServer::builder().address(address.parse().unwrap())
}

/// Sends one request with these header lines on a new connection; returns head and body.
async fn send(server: &MockServer, line: &str, headers: &[&str], body: &str) -> (String, Vec<u8>) {
    let mut wire = Wire::to(server.url()).await;
    let mut request = format!("{line} HTTP/1.1\r\n");
    for header in headers {
        request.push_str(&format!("{header}\r\n"));
    }
    let length = body.len();
    request.push_str(&format!("Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"));
    wire.send(request.as_bytes()).await;
    split(&wire.read(PATIENCE).await.0)
}

fn status(head: &str) -> u16 {
    head.split(' ').nth(1).unwrap().parse().unwrap()
}

/// Requests an upload and runs a job under this Host. Returns the URLs in the responses.
async fn urls(server: &MockServer, host: &str) -> Vec<String> {
    let (host, key) = (format!("Host: {host}"), format!("Authorization: Bearer {DEFAULT_KEY}"));
    let headers = [host.as_str(), key.as_str(), "Content-Type: application/json"];
    let json = |(head, body): (String, Vec<u8>)| -> Value {
        assert_eq!(status(&head), 200, "{head}");
        serde_json::from_slice(&body).unwrap()
    };
    let file = json!({"filename": "a.mp4", "size": 5}).to_string();
    let upload = json(send(server, "POST /api/v3/media/uploads", &headers, &file).await);
    let job = json(send(server, "POST /api/v3/mock/instant", &headers, "{}").await);
    let world = json(send(server, "POST /_mock/v1/worlds", &headers, "{}").await);
    [
        &upload["data"]["upload"]["url"],
        &upload["data"]["download_url"],
        &job["data"]["urls"]["get"],
        &job["data"]["outputs"][0],
        &world["base_url"],
    ]
    .map(|url| url.as_str().unwrap().to_owned())
    .to_vec()
}

#[tokio::test]
async fn urls_in_responses_have_the_host_that_the_client_used() {
    let server = listening_on(EVERYWHERE).start().await.unwrap();
    for host in ["mock:8080", "10.0.2.2:9", "localhost:80", "host.docker.internal", "[::1]:7"] {
        for url in urls(&server, host).await {
            assert!(url.starts_with(&format!("http://{host}")), "{host}: {url}");
        }
    }
    let local = listening_on(LOOPBACK).allow_host("mock.example").start().await.unwrap();
    for url in urls(&local, "mock.example:1").await {
        assert!(url.starts_with("http://mock.example:1"), "{url}");
    }
}

#[tokio::test]
async fn a_public_url_is_in_all_responses() {
    let server = listening_on(LOOPBACK).public_url("https://mock.example/").start().await.unwrap();
    assert_eq!(server.default_world().base_url(), "https://mock.example");
    assert!(server.url().starts_with("http://127.0.0.1:"));
    for host in ["localhost:80", "mock.example"] {
        for url in urls(&server, host).await {
            assert!(url.starts_with("https://mock.example"), "{host}: {url}");
        }
    }
    let error = listening_on(LOOPBACK).public_url("mock:80").start().await.err().unwrap();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}

#[tokio::test]
async fn other_hosts_are_refused() {
    let local = listening_on(LOOPBACK).start().await.unwrap();
    let public = listening_on(EVERYWHERE).start().await.unwrap();
    for (server, host) in [
        (&local, "evil.example"),
        (&local, "10.0.0.1"),
        (&local, "mock"),
        (&public, "evil.example"),
        (&public, "rebind.network:8080"),
    ] {
        for path in ["/api/v3/balance", "/_mock/v1/healthz"] {
            let host = format!("Host: {host}");
            let (head, body) = send(server, &format!("GET {path}"), &[&host], "").await;
            assert_eq!(status(&head), 403, "{path} as {host}");
            assert!(String::from_utf8(body).unwrap().contains("--allow-host"));
        }
    }
}

#[tokio::test]
async fn a_request_has_exactly_one_host_header() {
    let server = listening_on(LOOPBACK).start().await.unwrap();
    for headers in [&["Host: localhost", "Host: evil.example"][..], &["Host: a", "Host: a"], &[]] {
        let (head, _) = send(&server, "GET /_mock/v1/healthz", headers, "").await;
        assert_eq!(status(&head), 400, "{headers:?}");
    }
    let mut wire = Wire::to(server.url()).await;
    wire.send(b"GET /_mock/v1/healthz HTTP/1.0\r\n\r\n").await;
    let (head, _) = split(&wire.read(PATIENCE).await.0);
    assert_eq!(status(&head), 200, "HTTP/1.0 has no Host header");
}

#[tokio::test]
async fn pages_of_allowed_origins_can_call_the_api() {
    let server = listening_on(LOOPBACK).cors_origin("https://app.example").start().await.unwrap();
    let key = format!("Authorization: Bearer {DEFAULT_KEY}");
    for (origin, allowed) in [
        ("http://localhost:5173", true),
        ("http://127.0.0.1", true),
        ("https://app.example", true),
        ("https://evil.example", false),
        ("null", false),
    ] {
        let origin_header = format!("Origin: {origin}");
        let preflight = [
            "Host: localhost",
            &origin_header,
            "Access-Control-Request-Method: PUT",
            "Access-Control-Request-Headers: authorization, content-type",
        ];
        let (head, _) = send(&server, "OPTIONS /api/v3/media/uploads", &preflight, "").await;
        let allow = format!("access-control-allow-origin: {origin}\r\n");
        assert_eq!(head.contains(&allow), allowed, "{origin}: {head}");
        if allowed {
            assert_eq!(status(&head), 204);
            let names = "access-control-allow-headers: authorization, content-type";
            assert!(head.contains(names) && head.contains("PUT"), "{head}");
        }
        let headers = ["Host: localhost", &origin_header, &key];
        let (head, _) = send(&server, "GET /api/v3/balance", &headers, "").await;
        assert_eq!(head.contains(&allow), allowed, "{origin}: {head}");
        let exposed = head.lines().any(|line| {
            line.starts_with("access-control-expose-headers:") && line.contains("retry-after")
        });
        assert_eq!(exposed, allowed, "{head}");
    }
    let (head, _) = send(&server, "GET /api/v3/balance", &["Host: localhost", &key], "").await;
    assert!(!head.contains("access-control"), "no Origin, no CORS: {head}");
    assert_eq!(server.default_world().journal().len(), 6, "preflights are not in the journal");
}

#[tokio::test]
async fn the_control_api_refuses_other_origins() {
    let server = listening_on(LOOPBACK).cors_origin("https://app.example").start().await.unwrap();
    let port = server.port();
    for (origin, expected) in [
        (format!("http://localhost:{port}"), 200),
        ("http://localhost:5173".to_owned(), 403),
        ("https://app.example".to_owned(), 403),
        ("https://evil.example".to_owned(), 403),
        ("null".to_owned(), 403),
    ] {
        let (host, origin) = (format!("Host: localhost:{port}"), format!("Origin: {origin}"));
        let headers = [host.as_str(), origin.as_str(), "Content-Type: application/json"];
        let (head, _) = send(&server, "POST /_mock/v1/worlds", &headers, "{}").await;
        assert_eq!(status(&head), expected, "{origin}");
        assert!(!head.contains("access-control-allow"), "{head}");
        let (head, _) = send(&server, "GET /_mock/v1/worlds", &headers, "").await;
        assert_eq!(status(&head), expected, "{origin}");
    }
}

#[tokio::test]
async fn the_control_api_accepts_json_and_yaml_only() {
    let server = MockServer::start().await.unwrap();
    let url = format!("{}/_mock/v1/worlds", server.url());
    for (content_type, expected) in [
        (Some("application/json"), 200),
        (Some("Application/JSON; charset=utf-8"), 200),
        (Some("application/yaml"), 200),
        (Some("text/yaml"), 200),
        (Some("application/merge-patch+json"), 200),
        (Some("text/plain"), 415),
        (Some("application/x-www-form-urlencoded"), 415),
        (Some("multipart/form-data"), 415),
        (None, 415),
    ] {
        let mut request = http().post(&url).body("{}");
        if let Some(content_type) = content_type {
            request = request.header("Content-Type", content_type);
        }
        let (status, body) = response_of(request.send().await.unwrap()).await;
        assert_eq!(status, expected, "{content_type:?}: {body}");
    }
    assert_eq!(http().post(&url).send().await.unwrap().status(), 200, "an empty body has no type");
}

#[tokio::test]
async fn a_client_that_pauses_within_a_request_is_disconnected() {
    let timeout = Duration::from_millis(300);
    let server = listening_on(LOOPBACK).request_timeout(timeout).start().await.unwrap();
    let world = server.default_world();
    // Within the head, of the first request and of a later one.
    let mut first = Wire::to(server.url()).await;
    first.send(b"GET /_mock/v1/healthz HTTP/1.1\r\nHost: loc").await;
    assert_eq!(first.read(PATIENCE).await, (Vec::new(), End::Fin));
    let mut later = Wire::to(server.url()).await;
    later.send(b"GET /_mock/v1/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let (bytes, end) = later.read(timeout * 3).await;
    assert_eq!((status(&split(&bytes).0), end), (200, End::Open), "an idle connection stays open");
    later.send(b"GET /_mock").await;
    assert_eq!(later.read(PATIENCE).await, (Vec::new(), End::Fin));
    // Within the body.
    for path in [format!("/api/v3/{MODEL}"), "/_mock/v1/worlds".to_owned()] {
        let mut wire = Wire::to(server.url()).await;
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {DEFAULT_KEY}\r\n\
             Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
        );
        wire.send(head.as_bytes()).await;
        let (bytes, end) = wire.read(PATIENCE).await;
        assert_eq!(status(&split(&bytes).0), 408, "{path}");
        assert_ne!(end, End::Open, "{path}");
    }
    assert!(world.jobs().is_empty());
    // A slow client that never pauses for so long is served.
    let mut slow = Wire::to(server.url()).await;
    let body = input().to_string();
    let head = format!(
        "POST /api/v3/{MODEL} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {DEFAULT_KEY}\r\n\
         Connection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    slow.send(head.as_bytes()).await;
    for part in body.as_bytes().chunks(body.len() / 5 + 1) {
        tokio::time::sleep(timeout / 3).await;
        slow.send(part).await;
    }
    assert_eq!(status(&split(&slow.read(PATIENCE).await.0).0), 200);
}

#[tokio::test]
async fn a_wrong_method_is_405_and_names_the_allowed_ones() {
    let server = MockServer::start().await.unwrap();
    let world = server.default_world();
    let api = Api::of(&world);
    for (method, path, allowed) in [
        ("DELETE", "/api/v3/predictions", "POST"),
        ("POST", "/api/v3/predictions/abc/result", "GET"),
        ("GET", "/api/v3/kwaivgi/kling-lipsync/audio-to-video", "POST"),
        ("PATCH", "/api/v3/balance", "GET"),
        ("POST", "/_files/default/u1/a.mp4", "GET, HEAD"),
        ("GET", "/_storage/default/u1/a.mp4", "PUT"),
        ("PUT", "/_mock/v1/worlds", "GET,HEAD,POST"),
        ("POST", "/_mock/v1/healthz", "GET,HEAD"),
    ] {
        let url = format!("{}{path}", server.url());
        let request = api.http.request(method.parse().unwrap(), url).bearer_auth(&api.key);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 405, "{method} {path}");
        assert_eq!(response.headers()["allow"], allowed, "{method} {path}");
        assert!(response.text().await.unwrap().contains("method"), "{method} {path}");
    }
    assert!(world.jobs().is_empty());
}
