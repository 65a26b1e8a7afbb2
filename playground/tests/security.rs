//! Who can use a playground, seen from a socket.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use serde_json::json;
use support::{Browser, MODEL, live, send};
use viseme_mock::MockServer;
use viseme_playground::Playground;

/// Requests that do something, with a body.
const ACTIONS: &[(&str, &str)] = &[
    ("/api/files?model=m&field=video&name=a.mp4", "application/octet-stream"),
    ("/api/samples", "application/json"),
    ("/api/check", "application/json"),
    ("/api/quotes", "application/json"),
    ("/api/jobs", "application/json"),
    ("/api/snippets", "application/json"),
];

/// What a page must not see without the cookie.
const READS: &[&str] = &["/", "/api/session", "/api/account", "/api/events", "/api/nothing"];

#[tokio::test]
async fn a_link_opens_the_page_once_and_nothing_works_without_its_cookie() {
    let playground = Playground::offline().start().await.unwrap();
    let port = playground.port();
    let host = format!("127.0.0.1:{port}");
    let link = playground.new_link().unwrap();
    let path = link.strip_prefix(&format!("http://{host}")).unwrap();
    let headers = [("Host", host.as_str())];

    for path in READS {
        let response = send(port, "GET", path, &headers, b"").await;
        assert_eq!(response.status, 403, "{path}");
    }
    let opened = send(port, "GET", path, &headers, b"").await;
    assert_eq!(opened.status, 200);
    let cookie = opened.header("set-cookie").unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let token = path.split('=').nth(1).unwrap();
    assert!(!cookie.contains(token), "the cookie is not the token of the link");

    let again = send(port, "GET", path, &headers, b"").await;
    assert_eq!(again.status, 403);
    assert!(again.header("set-cookie").is_none());

    let cookie = cookie.split(';').next().unwrap();
    let with_cookie = [("Host", host.as_str()), ("Cookie", cookie)];
    assert_eq!(send(port, "GET", "/", &with_cookie, b"").await.status, 200);
    assert_eq!(send(port, "GET", "/api/session", &with_cookie, b"").await.status, 200);
    assert_eq!(send(port, "GET", path, &with_cookie, b"").await.status, 200);
    let forged = [("Host", host.as_str()), ("Cookie", "viseme-playground=x")];
    assert_eq!(send(port, "GET", "/api/session", &forged, b"").await.status, 403);
}

#[tokio::test]
async fn requests_of_other_pages_and_with_other_hosts_are_refused() {
    let mock = MockServer::start().await.unwrap();
    let world = mock.world();
    let playground = live(&world).start().await.unwrap();
    let mut browser = Browser::open(&playground).await;
    let quote = browser.quote().await;
    let body = json!({ "quote": quote }).to_string();
    let (port, host) = (browser.port, browser.host.clone());
    let (cookie, own) = (browser.cookie.clone(), browser.origin.clone());
    let other_port = format!("http://127.0.0.1:{}", port.wrapping_add(1));
    let evil_host = format!("evil.example:{port}");

    let refused: &[&[(&str, &str)]] = &[
        // Another page, with the cookie of the user.
        &[("Host", &host), ("Cookie", &cookie), ("Origin", "https://evil.example")],
        &[("Host", &host), ("Cookie", &cookie), ("Origin", "null")],
        &[("Host", &host), ("Cookie", &cookie), ("Origin", &other_port)],
        &[("Host", &host), ("Cookie", &cookie), ("Origin", &own), ("Sec-Fetch-Site", "cross-site")],
        // A form, or a program that is no page of the playground.
        &[("Host", &host), ("Cookie", &cookie)],
        // A name that resolves to this machine.
        &[("Host", &evil_host), ("Cookie", &cookie), ("Origin", &own)],
        &[("Host", "127.0.0.1"), ("Cookie", &cookie), ("Origin", &own)],
        &[("Cookie", &cookie), ("Origin", &own)],
        // No cookie.
        &[("Host", &host), ("Origin", &own)],
    ];
    for headers in refused {
        for (path, content_type) in ACTIONS {
            let mut headers = headers.to_vec();
            headers.push(("Content-Type", content_type));
            let response = send(port, "POST", path, &headers, body.as_bytes()).await;
            // HTTP itself requires a host.
            assert!([400, 403].contains(&response.status), "{path} {headers:?}");
        }
    }
    for path in READS {
        let rebound = [("Host", evil_host.as_str()), ("Cookie", &cookie)];
        assert_eq!(send(port, "GET", path, &rebound, b"").await.status, 403, "{path}");
        let site = [("Host", host.as_str()), ("Cookie", &cookie), ("Sec-Fetch-Site", "cross-site")];
        assert_eq!(send(port, "GET", path, &site, b"").await.status, 403, "{path}");
    }
    // A form of another page can send this content type without asking first.
    let form = browser.post("/api/jobs", "text/plain", body.as_bytes()).await;
    assert_eq!(form.status, 415);
    assert_eq!(world.ledger().charges.len(), 0);

    // The quote is still good for the page itself.
    assert_eq!(browser.post_json("/api/jobs", &json!({ "quote": quote })).await.status, 201);
    browser.until("done").await;
    assert_eq!(world.ledger().charges.len(), 1);
}

#[tokio::test]
async fn every_response_forbids_foreign_content() {
    let playground = Playground::offline().start().await.unwrap();
    let mut browser = Browser::open(&playground).await;
    let mut responses = Vec::new();
    for path in ["/", "/app.js", "/base/theme.css", "/api/session", "/nothing", "/api/nothing"] {
        responses.push(browser.get(path).await);
    }
    responses.push(browser.post_json("/api/jobs", &json!({})).await);
    responses.push(send(browser.port, "GET", "/", &[("Host", "evil.example")], b"").await);
    for response in responses {
        let policy = response.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(response.header("cross-origin-resource-policy"), Some("same-origin"));
        assert_eq!(response.header("cache-control"), Some("no-store"));
        assert_eq!(response.header("access-control-allow-origin"), None);
    }
}

#[tokio::test]
async fn only_this_machine_can_connect() {
    let playground = Playground::offline().start().await.unwrap();
    // Any address of this machine that is not 127.0.0.1 stands for the network.
    let other = std::net::SocketAddr::from(([127, 0, 0, 2], playground.port()));
    assert!(tokio::net::TcpStream::connect(other).await.is_err());
}

#[tokio::test]
async fn a_path_of_the_page_is_never_a_path_of_this_machine() {
    let playground = Playground::offline().start().await.unwrap();
    let mut browser = Browser::open(&playground).await;
    for path in ["/../Cargo.toml", "/base/../../Cargo.toml", "/api/files/..%2f..%2fetc%2fpasswd"] {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
    for value in [json!("/etc/passwd"), json!({"file": "../../etc/passwd"})] {
        let input = json!({"model": MODEL, "values": {"video": value}});
        let response = browser.post_json("/api/check", &input).await;
        assert_eq!(response.status, 422, "{value}");
    }
}
