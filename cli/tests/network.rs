//! Certificates and proxies from the environment.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use std::sync::{Arc, Mutex};

use crate::support::{self, Harness, ends, in_repository};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const CERTIFICATE: &str = "core/tests/client/certificates/localhost.pem";
const KEY: &str = "core/tests/client/certificates/localhost.key";

/// Reads the head of a request and returns its first line.
async fn first_line(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    Some(String::from_utf8_lossy(&head).lines().next()?.to_owned())
}

async fn respond(stream: &mut (impl AsyncWrite + Unpin), body: &[u8]) {
    let head =
        format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(body).await;
    let _ = stream.shutdown().await;
}

/// Starts a service with a self-signed certificate and returns its URL.
async fn https_service() -> String {
    let chain = vec![CertificateDer::from_pem_file(in_repository(CERTIFICATE)).unwrap()];
    let key = PrivateKeyDer::from_pem_file(in_repository(KEY)).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
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
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            first_line(&mut stream).await;
            let job = br#"{"code":200,"data":{"id":"job1","status":"processing","outputs":[]}}"#;
            respond(&mut stream, job).await;
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn a_self_signed_certificate_is_trusted_with_ssl_cert_file() {
    let harness = Harness::new(ends("completed")).await;
    let url = https_service().await;
    let status = |certificates: Option<&str>| {
        let mut command = harness.command(&["status", "job1", "--base-url", &url]);
        command.env_remove("SSL_CERT_DIR").env_remove("SSL_CERT_FILE");
        if let Some(path) = certificates {
            command.env("SSL_CERT_FILE", path);
        }
        support::finish(command)
    };
    let certificate = in_repository(CERTIFICATE).display().to_string();
    let trusted = status(Some(&certificate)).await;
    assert_eq!((trusted.code, trusted.out.trim()), (Some(0), "processing"), "{trusted:?}");

    let untrusted = status(None).await;
    assert_eq!(untrusted.code, Some(1), "{untrusted:?}");
    assert!(untrusted.err.contains("self-signed and not trusted"), "{untrusted:?}");
    assert!(untrusted.err.contains("set SSL_CERT_FILE to a PEM file"), "{untrusted:?}");

    let missing = status(Some("/nonexistent.pem")).await;
    assert_eq!(missing.code, Some(2), "{missing:?}");
    let named = "SSL_CERT_FILE is /nonexistent.pem, which cannot be used: there is no such file";
    assert!(missing.err.contains(named), "{missing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_base_url_does_not_turn_the_proxy_off_for_other_hosts() {
    let harness = Harness::new(ends("completed")).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::<Mutex<Vec<String>>>::default();
    let log = Arc::clone(&requests);
    let video = std::fs::read(in_repository("samples/face.mp4")).unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let Some(line) = first_line(&mut stream).await else { continue };
            log.lock().unwrap().push(line);
            respond(&mut stream, &video).await;
        }
    });
    let through_proxy = |arguments: &[&str]| {
        let mut command = harness.command(arguments);
        for name in ["http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
            command.env_remove(name);
        }
        command.env_remove("NO_PROXY").env_remove("no_proxy").env("HTTP_PROXY", &proxy);
        support::finish(command)
    };
    // The base URL is on this machine.
    let balance = through_proxy(&["balance"]).await;
    assert_eq!(balance.code, Some(0), "{balance:?}");
    assert_eq!(*requests.lock().unwrap(), Vec::<String>::new());

    let url = "http://media.example/result.mp4";
    let download = through_proxy(&["download", url, "--allow-http", "--out", "x.mp4"]).await;
    assert_eq!((download.code, download.out.trim()), (Some(0), "x.mp4"), "{download:?}");
    assert_eq!(*requests.lock().unwrap(), [format!("GET {url} HTTP/1.1")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_error_names_the_server_and_the_proxy() {
    let harness = Harness::new(ends("completed")).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    let balance = |url: &str, proxy: &str| {
        let arguments =
            ["balance", "--base-url", url, "--allow-http", "--max-retries", "0", "--verbose"];
        let mut command = harness.command(&arguments);
        command.env_remove("NO_PROXY").env_remove("no_proxy").env_remove("http_proxy");
        command.env("HTTP_PROXY", proxy);
        support::finish(command)
    };
    let direct = balance(&format!("http://{closed}"), "").await;
    assert_eq!(direct.code, Some(1), "{direct:?}");
    let sentence = format!("The connection to {closed} failed when getting the balance: ");
    assert!(direct.err.contains(&sentence), "{direct:?}");
    assert!(direct.err.contains("request failed"), "{direct:?}");
    assert!(!direct.err.contains("hyper"), "only the client's requests are logged: {direct:?}");
    // The proxy is not for this machine, and so not on the way.
    let local = balance(&format!("http://{closed}"), "http://proxy.example:3128").await;
    assert!(local.err.contains(&sentence), "{local:?}");

    let proxied = balance("http://media.example", &format!("http://name:secret@{closed}")).await;
    assert_eq!(proxied.code, Some(1), "{proxied:?}");
    let sentence = format!("connection to media.example:80 through the proxy {closed} failed");
    assert!(proxied.err.contains(&sentence), "{proxied:?}");
    assert!(!proxied.err.contains("secret"), "{proxied:?}");
}
