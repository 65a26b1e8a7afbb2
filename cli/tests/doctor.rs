//! `viseme doctor` on real sockets: it names what is wrong, and shows nothing secret.
#![cfg(unix)]
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a panic fails the test")]

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::support::{self, Finished, Harness, in_repository, never_ends};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio_rustls::TlsAcceptor;
use viseme_mock::{Fault, RequestKind};

const CERTIFICATES: &str = "core/tests/client/certificates";

/// `viseme doctor` without the proxies and certificates of the machine that runs the test.
fn doctor(harness: &Harness, arguments: &[&str]) -> Command {
    let mut command = harness.command(&[&["doctor"], arguments].concat());
    for name in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    command.env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR");
    command
}

/// Returns the check with this name.
fn check<'a>(result: &'a Value, name: &str) -> &'a Value {
    let checks = result["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["name"] == name);
    assert!(found.is_some(), "no check {name}: {result}");
    found.unwrap()
}

fn state(result: &Value, name: &str) -> String {
    check(result, name)["state"].as_str().unwrap().to_owned()
}

/// Answers every request with the balance and this date.
async fn service(date: Option<SystemTime>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let date = date.map(|date| format!("Date: {}\r\n", httpdate::fmt_http_date(date)));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let date = date.clone().unwrap_or_default();
            tokio::spawn(async move {
                let _ = head(&mut stream).await;
                let body = r#"{"code":200,"message":"success","data":{"balance":5.0}}"#;
                let answer = format!(
                    "HTTP/1.1 200 OK\r\n{date}Connection: close\r\nContent-Type: application/json\r\n\
                     Content-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    url
}

/// Reads the head of a request.
async fn head(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    Some(String::from_utf8_lossy(&head).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_works_passes_all_checks() {
    let harness = Harness::new(never_ends()).await;
    let result = support::finish(doctor(&harness, &[])).await;
    assert_eq!(result.code, Some(0), "{result:?}");
    for words in ["ok       key ", "ok       service ", "ok       clock ", "accepts the key"] {
        assert!(result.out.contains(words), "{words}: {}", result.out);
    }
    let json = support::finish(doctor(&harness, &["--json"])).await.json();
    assert_eq!(json["ok"], true);
    for name in ["key", "base URL", "proxy", "certificates", "name", "connection", "account"] {
        assert_eq!(state(&json, name), "ok", "{name}: {json}");
    }
    assert!(harness.world.requests(RequestKind::Submit).is_empty());

    let seen = harness.world.journal().len();
    let offline = support::finish(doctor(&harness, &["--offline", "--json"])).await.json();
    assert_eq!(
        (state(&offline, "service"), state(&offline, "key")),
        ("skipped".into(), "ok".into())
    );
    assert_eq!(harness.world.journal().len(), seen, "nothing was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_is_checked_and_a_dotenv_file_is_not_read() {
    let harness = Harness::new(never_ends()).await;
    let with_key = async |key: Option<&str>| {
        let mut command = doctor(&harness, &["--json"]);
        match key {
            Some(key) => command.env("WAVESPEED_API_KEY", key),
            None => command.env_remove("WAVESPEED_API_KEY"),
        };
        let result = support::finish(command).await;
        (result.code, result.json())
    };
    let right = harness.world.key().to_owned();
    let (code, blanks) = with_key(Some(&format!(" {right}\n"))).await;
    assert_eq!((code, state(&blanks, "key").as_str()), (Some(0), "warning"));
    assert_eq!(state(&blanks, "account"), "ok");
    for (key, words) in [(format!("\"{right}\""), "quotes"), ("two words".to_owned(), "space")] {
        let (code, json) = with_key(Some(&key)).await;
        assert_eq!((code, state(&json, "key").as_str()), (Some(1), "failed"));
        assert!(check(&json, "key")["message"].as_str().unwrap().contains(words), "{json}");
        assert_eq!(state(&json, "account"), "skipped");
    }
    let (code, wrong) = with_key(Some("wrong-key-0123456789")).await;
    assert_eq!((code, state(&wrong, "account").as_str()), (Some(1), "failed"));
    assert_eq!((state(&wrong, "key"), state(&wrong, "service")), ("ok".into(), "ok".into()));

    let (code, missing) = with_key(None).await;
    assert_eq!((code, state(&missing, "key").as_str()), (Some(1), "failed"));
    assert!(!missing.to_string().contains(".env"));
    std::fs::write(harness.path(".env"), format!("WAVESPEED_API_KEY={right}\n")).unwrap();
    let (_, unread) = with_key(None).await;
    assert!(check(&unread, "key")["advice"].as_str().unwrap().contains(".env file"), "{unread}");
    assert_eq!(state(&unread, "account"), "skipped");
    let mut balance = harness.command(&["balance"]);
    balance.env_remove("WAVESPEED_API_KEY");
    let balance = support::finish(balance).await;
    assert_eq!(balance.code, Some(2));
    assert!(balance.err.contains("does not read such files"), "{balance:?}");
    assert!(!balance.err.contains(&right), "{balance:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_port_and_an_unknown_name_are_named() {
    let harness = Harness::new(never_ends()).await;
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let result = support::finish(doctor(&harness, &["--json", "--base-url", &closed])).await;
    assert_eq!(result.code, Some(1));
    let json = result.json();
    assert_eq!((state(&json, "name"), state(&json, "connection")), ("ok".into(), "failed".into()));
    assert_eq!(
        (state(&json, "service"), state(&json, "account")),
        ("failed".into(), "skipped".into())
    );

    let unknown = ["--json", "--base-url", "https://viseme.invalid"];
    let json = support::finish(doctor(&harness, &unknown)).await.json();
    assert_eq!(state(&json, "name"), "failed");
    assert!(check(&json, "name")["message"].as_str().unwrap().contains("viseme.invalid"), "{json}");

    let busy = never_ends().fault(Fault::at(RequestKind::Other).status(503));
    let busy = Harness::new(busy).await;
    let result = support::finish(doctor(&busy, &["--json"])).await;
    assert_eq!((result.code, state(&result.json(), "account").as_str()), (Some(1), "failed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_clock_is_noticed() {
    let harness = Harness::new(never_ends()).await;
    let now = SystemTime::now();
    let hour = Duration::from_secs(60 * 60);
    for (date, expected, words) in [
        (Some(now), "ok", "the same"),
        (Some(now + hour), "failed", "behind"),
        (Some(now - hour), "failed", "ahead"),
        (None, "skipped", "does not state its time"),
    ] {
        let url = service(date).await;
        let result = support::finish(doctor(&harness, &["--json", "--base-url", &url])).await;
        let json = result.json();
        // The first is right for as long as the test takes, and a little more.
        if expected == "ok" && state(&json, "clock") == "warning" {
            continue;
        }
        assert_eq!(state(&json, "clock"), expected, "{json}");
        assert!(check(&json, "clock")["message"].as_str().unwrap().contains(words), "{json}");
        assert_eq!(result.code, Some(if expected == "failed" { 1 } else { 0 }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_is_used_and_its_password_is_not_shown() {
    let harness = Harness::new(never_ends()).await;
    let proxy = service(Some(SystemTime::now())).await.replace("http://", "http://ann:hush-hush@");
    let arguments = ["--json", "--base-url", "http://api.example", "--allow-http"];
    let run = async |proxy: &str| {
        let mut command = doctor(&harness, &arguments);
        command.env("HTTP_PROXY", proxy);
        support::finish(command).await
    };
    let result = run(&proxy).await;
    let json = result.json();
    assert_eq!((result.code, state(&json, "account").as_str()), (Some(0), "ok"), "{json}");
    assert_eq!(state(&json, "name"), "skipped");
    assert!(check(&json, "proxy")["message"].as_str().unwrap().contains("(with a user)"), "{json}");

    let broken = run("ftp://ann:hush-hush@proxy.example").await;
    assert_eq!((broken.code, broken.json()["ok"].as_bool()), (Some(1), Some(false)));
    assert!(broken.out.contains("HTTP_PROXY"), "{broken:?}");
    for Finished { out, err, .. } in [result, broken] {
        assert!(!out.contains("hush") && !err.contains("hush"), "{out} {err}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_in_urls_are_not_shown() {
    let harness = Harness::new(never_ends()).await;
    let key = "planted-key-0123456789abcdef";
    for url in ["https://user:planted-word@api.invalid/?key=planted-word", "https://planted-word"] {
        let mut command = doctor(&harness, &["--base-url", url, "--verbose"]);
        command.env("WAVESPEED_API_KEY", key);
        let result = support::finish(command).await;
        assert_eq!(result.code, Some(1), "{result:?}");
        assert!(!result.out.contains(key) && !result.err.contains(key), "{result:?}");
        if url.contains('@') {
            assert!(!result.out.contains("planted-word"), "{result:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_untrusted_certificate_is_explained() {
    let harness = Harness::new(never_ends()).await;
    let file = |name: &str| in_repository(CERTIFICATES).join(name);
    let chain = vec![CertificateDer::from_pem_file(file("localhost.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(file("localhost.key")).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(
        rustls::crypto::ring::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .unwrap()
    .with_no_client_auth()
    .with_single_cert(chain, key)
    .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = acceptor.accept(stream).await;
        }
    });
    let result = support::finish(doctor(&harness, &["--json", "--base-url", &url])).await;
    let json = result.json();
    assert_eq!((result.code, state(&json, "connection").as_str()), (Some(1), "ok"));
    let message = check(&json, "service")["message"].as_str().unwrap();
    assert!(message.contains("self-signed") && message.contains("SSL_CERT_FILE"), "{json}");

    let mut missing = doctor(&harness, &["--json", "--offline"]);
    missing.env("SSL_CERT_FILE", "/nonexistent.pem");
    let missing = support::finish(missing).await;
    assert_eq!(
        (missing.code, state(&missing.json(), "certificates").as_str()),
        (Some(1), "failed")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_and_ffmpeg_are_examined() {
    let harness = Harness::new(never_ends().fault(Fault::at(RequestKind::Submit).reset())).await;
    let of = async |path: Option<&str>| {
        let mut command = doctor(&harness, &["--json", "--offline", "--ledger", "ledger.db"]);
        if let Some(path) = path {
            command.env("PATH", path);
        }
        let result = support::finish(command).await;
        (result.code, result.json())
    };
    assert_eq!(state(&of(None).await.1, "ledger"), "ok");
    let mut lost =
        harness.command(&support::run_samples(&["--ledger", "ledger.db", "--key", "row-17"]));
    // How long it searches for the job of the submit.
    lost.env("WAVESPEED_TIMEOUT", "2");
    let lost = support::finish(lost).await;
    assert_eq!(lost.code, Some(6), "{lost:?}");
    let (code, open) = of(None).await;
    assert_eq!((code, state(&open, "ledger").as_str()), (Some(0), "warning"), "{open}");
    assert_eq!(state(&open, "ffmpeg"), "ok");
    std::fs::write(harness.path("ledger.db"), "no database").unwrap();
    // SQLite would restore the content from its log.
    let _ = std::fs::remove_file(harness.path("ledger.db-wal"));
    let (code, damaged) = of(Some("/nonexistent")).await;
    assert_eq!((code, state(&damaged, "ledger").as_str()), (Some(1), "failed"), "{damaged}");
    assert_eq!(state(&damaged, "ffmpeg"), "warning");
}
