//! `viseme playground` is started, used and stopped.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic fails the test")]

use std::time::{Duration, Instant};

use crate::support::{Harness, Running, ends, never_ends};
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use viseme_mock::scenario::{Span, WireFault};
use viseme_mock::{Fault, RequestKind};

const MODEL: &str = "kwaivgi/kling-lipsync/audio-to-video";

/// The page of a playground.
struct Page {
    port: u16,
    cookie: String,
}

impl Page {
    /// Opens a link.
    async fn open(link: &str) -> Self {
        let address = link.strip_prefix("http://127.0.0.1:").unwrap();
        let (port, path) = address.split_once('/').unwrap();
        let mut page = Self { port: port.parse().unwrap(), cookie: String::new() };
        let (head, _) = page.send("GET", &format!("/{path}"), "").await;
        let cookie = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
        page.cookie = cookie.split(';').next().unwrap().to_owned();
        page
    }

    async fn send(&self, method: &str, path: &str, body: &str) -> (String, String) {
        let Self { port, cookie } = self;
        let mut stream = TcpStream::connect(("127.0.0.1", *port)).await.unwrap();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\
             Origin: http://127.0.0.1:{port}\r\nCookie: {cookie}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    }

    async fn json(&self, method: &str, path: &str, body: &Value) -> Value {
        let (head, body) = self.send(method, &format!("/api/{path}"), &body.to_string()).await;
        assert!(head.starts_with("HTTP/1.1 20"), "{head}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// Submits a job with the samples.
    async fn run(&self) {
        let mut values = json!({});
        for field in ["video", "audio"] {
            let sample = json!({"model": MODEL, "field": field});
            let file = self.json("POST", "samples", &sample).await;
            values[field] = json!({"file": file["id"]});
        }
        let input = json!({"model": MODEL, "values": values});
        let quote = self.json("POST", "quotes", &input).await["id"].as_str().unwrap().to_owned();
        let path = format!("quotes/{quote}");
        while self.json("GET", &path, &Value::Null).await["state"] != "ready" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.json("POST", "jobs", &json!({"quote": quote})).await;
    }
}

/// Starts a playground that opens no browser. Returns it and its link.
async fn start(harness: &Harness, more: &[&str]) -> (Running, String) {
    let arguments = [&["playground", "--no-open"], more].concat();
    let mut running = Running::new(harness.command(&arguments));
    let link = running.next_line().await;
    running.until_line_with("Press Ctrl-C to stop.").await;
    (running, link)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_stops_an_offline_playground_at_once() {
    for signal in [Signal::INT, Signal::TERM] {
        let harness = Harness::new(never_ends()).await;
        let temporary = harness.path("temporary");
        std::fs::create_dir(&temporary).unwrap();
        let mut command = harness.command(&["playground", "--no-open"]);
        // The mock server plays the service.
        command.env_remove("WAVESPEED_BASE_URL").env("TMPDIR", &temporary);
        let mut running = Running::new(command);
        let link = running.next_line().await;
        running.until_line_with("Press Ctrl-C to stop.").await;
        let page = Page::open(&link).await;
        page.run().await;
        assert!(std::fs::read_dir(&temporary).unwrap().count() > 0);

        let interrupted = Instant::now();
        running.signal(signal);
        let result = running.finish().await;
        assert!(interrupted.elapsed() < Duration::from_secs(5), "{:?}", interrupted.elapsed());
        assert_eq!(result.code, Some(0), "{result:?}");
        assert_eq!(result.out, format!("{link}\n"));
        let started = "Jobs run on a mock server and cost nothing. Press Ctrl-C to stop.\n";
        assert_eq!(result.err, started, "nothing costs money, so nothing is left to say");
        let left: Vec<_> = std::fs::read_dir(&temporary).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
        assert!(TcpStream::connect(("127.0.0.1", page.port)).await.is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_names_the_paid_jobs_that_continue() {
    for signal in [Signal::INT, Signal::TERM] {
        let harness = Harness::new(never_ends()).await;
        let (running, link) = start(&harness, &["--live", "--records", "records"]).await;
        Page::open(&link).await.run().await;
        harness.until("the job exists", |world| !world.jobs().is_empty()).await;
        running.signal(signal);
        let result = running.finish().await;
        assert_eq!(result.code, Some(130), "{result:?}");
        let id = &harness.world.jobs()[0].id;
        assert!(result.err.contains("is still running"), "{result:?}");
        assert!(result.err.contains(&format!("viseme wait {id}\n")), "{result:?}");
        assert!(!format!("{result:?}").contains(harness.world.key()), "the key is printed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_during_a_submit_waits_for_its_response() {
    let fault = Fault::at(RequestKind::Submit).wire(WireFault::Delay(Span::secs(2)));
    let harness = Harness::new(never_ends().fault(fault)).await;
    let (running, link) = start(&harness, &["--live", "--records", "records"]).await;
    Page::open(&link).await.run().await;
    harness.until_fault_triggered().await;
    running.signal(Signal::INT);
    let result = running.finish().await;
    assert_eq!(result.code, Some(130), "{result:?}");
    let id = &harness.world.jobs()[0].id;
    assert!(result.err.contains("A submit is in flight"), "{result:?}");
    assert!(result.err.contains(&format!("viseme wait {id}\n")), "{result:?}");
    assert_eq!(harness.world.ledger().orphaned, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_playground_without_open_jobs_ends_with_success() {
    let harness = Harness::new(ends("completed")).await;
    let (running, link) = start(&harness, &["--live", "--records", "records"]).await;
    Page::open(&link).await.run().await;
    let records = harness.path("records");
    harness
        .until("the output is saved and the record removed", |world| {
            let is_downloaded = !world.requests(RequestKind::Output).is_empty();
            // The lock stays.
            is_downloaded && std::fs::read_dir(&records).unwrap().count() == 1
        })
        .await;
    running.signal(Signal::TERM);
    let result = running.finish().await;
    assert_eq!(result.code, Some(0), "{result:?}");
}
