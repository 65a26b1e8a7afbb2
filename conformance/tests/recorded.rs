//! Checks that the suite runs the cases that a mock server exports.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use viseme_conformance::command::{Request, run};
use viseme_mock::{Fault, MockServer, RequestKind, World};

const HERE: &str = env!("CARGO_MANIFEST_DIR");
const MODEL: &str = "/api/v3/kwaivgi/kling-lipsync/audio-to-video";

/// Sends a request as a client without retries. The response may be cut.
async fn send(server: &MockServer, world: &World, method: &str, path: &str, body: &str) {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).await.unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        world.key(),
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let _ = stream.read_to_end(&mut Vec::new()).await;
}

async fn submit(server: &MockServer, world: &World, voice: &str) {
    let body = format!(
        r#"{{"video": "https://media.example/face.mp4", "audio": "https://media.example/{voice}.mp3"}}"#
    );
    send(server, world, "POST", MODEL, &body).await;
}

/// Runs exported cases with the Rust client. Returns why the run is red.
async fn run_cases(text: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let cases = folder.path().join("cases");
    std::fs::create_dir(&cases).unwrap();
    std::fs::write(cases.join("recorded.yaml"), text).unwrap();
    let request = Request {
        root: Path::new(HERE).join(".."),
        target: None,
        out: folder.path().join("report"),
        drivers: vec!["rust".to_owned()],
        cases: Some(cases),
        case: None,
        limit: Duration::from_secs(60),
        today: None,
        released: false,
        build: false,
        openapi: None,
    };
    run(&request).await.unwrap().red
}

#[tokio::test]
async fn an_exported_case_passes_the_suite() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    // A client that pays twice: the response to its first submit is lost.
    world.add_fault(Fault::at(RequestKind::Submit).nth(1).after_accept().reset());
    world.add_fault(Fault::at(RequestKind::Poll).nth(2).status(503));
    submit(&server, &world, "one").await;
    submit(&server, &world, "one").await;
    submit(&server, &world, "two").await;
    let jobs = world.jobs();
    let [_, again, other] = jobs.as_slice() else { panic!("{jobs:?}") };
    for _ in 0..3 {
        let path = format!("/api/v3/predictions/{}/result", again.id);
        send(&server, &world, "GET", &path, "").await;
    }
    assert!(world.force(&other.id, "failed"));
    let case = world.export_case().unwrap();
    assert!(case.contains("nth: 2, do: {status: 503}"), "{case}");
    assert_eq!(run_cases(&case).await, Vec::<String>::new(), "{case}");
    // The suite notices a client that does otherwise.
    let wrong = case.replace("charges: 2", "charges: 3");
    assert_ne!(wrong, case);
    assert_eq!(run_cases(&wrong).await.len(), 1);
}

#[tokio::test]
async fn an_exported_case_of_other_models_passes_the_suite() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    for (model, body) in [
        ("kwaivgi/kling-effects", r#"{"image": "https://x/_files/a.jpg", "effect_scene": "hula"}"#),
        ("a/b", r#"{"voice": "https://x/_files/a.wav", "model": "m", "steps": [1, {"x": null}]}"#),
    ] {
        send(&server, &world, "POST", &format!("/api/v3/{model}"), body).await;
    }
    let case = world.export_case().unwrap();
    assert_eq!(run_cases(&case).await, Vec::<String>::new(), "{case}");
    for words in ["image: picture.png", "voice: sample.mp3", "effect_scene: hula", "model: m"] {
        assert!(case.contains(words), "{words} is not in {case}");
    }
}

#[tokio::test]
async fn a_world_without_submits_has_no_case() {
    let server = MockServer::start().await.unwrap();
    let error = server.world().export_case().unwrap_err();
    assert!(error.contains("submit"), "{error}");
}
