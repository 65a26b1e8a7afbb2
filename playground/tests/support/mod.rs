//! A browser's view of a playground, over plain sockets.

#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use viseme::{Client, Config, Pacing};
use viseme_mock::World;
use viseme_playground::{Builder, Playground};

pub const MODEL: &str = "kwaivgi/kling-lipsync/audio-to-video";

/// A response.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    /// The status line and the headers.
    pub head: String,
    pub body: Vec<u8>,
}

impl Response {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The stable code of an error.
    pub fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// Sends a request with exactly these headers, and reads the response to its end.
pub async fn send(
    port: u16,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Response {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("Content-Length: {}\r\n\r\n", body.len());
    socket.write_all(head.as_bytes()).await.unwrap();
    // A server that refuses the request does not read its body.
    let _ = socket.write_all(body).await;
    let mut received = Vec::new();
    let _ = socket.read_to_end(&mut received).await;
    let split = received.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a response");
    let head = String::from_utf8(received[..split].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Response { status, head, body: received[split + 4..].to_vec() }
}

/// A browser that opened the link of a playground.
pub struct Browser {
    pub port: u16,
    pub host: String,
    pub origin: String,
    pub cookie: String,
    /// Everything that the server sent.
    pub received: Vec<u8>,
}

impl Browser {
    pub async fn open(playground: &Playground) -> Self {
        let link = playground.new_link().unwrap();
        let port = playground.port();
        let host = format!("127.0.0.1:{port}");
        let path = link.strip_prefix(&format!("http://{host}")).unwrap();
        let response = send(port, "GET", path, &[("Host", &host)], b"").await;
        assert_eq!(response.status, 200);
        let cookie = response.header("set-cookie").unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        Self { port, origin: format!("http://{host}"), host, cookie, received: Vec::new() }
    }

    pub async fn get(&mut self, path: &str) -> Response {
        let headers = [("Host", self.host.as_str()), ("Cookie", &self.cookie)];
        let response = send(self.port, "GET", path, &headers, b"").await;
        self.remember(&response);
        response
    }

    pub async fn post(&mut self, path: &str, content_type: &str, body: &[u8]) -> Response {
        let headers = [
            ("Host", self.host.as_str()),
            ("Origin", &self.origin),
            ("Cookie", &self.cookie),
            ("Sec-Fetch-Site", "same-origin"),
            ("Content-Type", content_type),
        ];
        let response = send(self.port, "POST", path, &headers, body).await;
        self.remember(&response);
        response
    }

    pub async fn post_json(&mut self, path: &str, body: &Value) -> Response {
        self.post(path, "application/json", body.to_string().as_bytes()).await
    }

    fn remember(&mut self, response: &Response) {
        self.received.extend_from_slice(response.head.as_bytes());
        self.received.extend_from_slice(&response.body);
    }

    /// Sends a bundled sample as the value of a parameter, and returns its id.
    pub async fn add_sample(&mut self, field: &str, name: &str) -> Value {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples").join(name);
        let content = std::fs::read(path).unwrap();
        let url = format!("/api/files?model={MODEL}&field={field}&name={name}");
        let response = self.post(&url, "application/octet-stream", &content).await;
        assert_eq!(response.status, 200);
        let file = response.json();
        assert_eq!(file["ok"], true, "{file}");
        json!({ "file": file["id"] })
    }

    /// Sends both samples, and returns a quote that is ready.
    pub async fn quote(&mut self) -> String {
        let video = self.add_sample("video", "face.mp4").await;
        let audio = self.add_sample("audio", "voice.mp3").await;
        let input = json!({"model": MODEL, "values": {"video": video, "audio": audio}});
        let response = self.post_json("/api/quotes", &input).await;
        assert_eq!(response.status, 202, "{}", response.json());
        let id = response.json()["id"].as_str().unwrap().to_owned();
        for _ in 0..400 {
            let quote = self.get(&format!("/api/quotes/{id}")).await.json();
            match quote["state"].as_str().unwrap() {
                "preparing" => tokio::time::sleep(Duration::from_millis(25)).await,
                "ready" => return id,
                _ => panic!("{quote}"),
            }
        }
        panic!("the quote is not ready after 10 s");
    }

    /// Returns all jobs, as the first event of a connection has them.
    pub async fn jobs(&mut self) -> Vec<Value> {
        self.state("jobs").await
    }

    /// Returns all jobs or dubs, as the first events of a connection have them.
    pub async fn state(&mut self, name: &str) -> Vec<Value> {
        let mut socket = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let (host, cookie) = (&self.host, &self.cookie);
        let request =
            format!("GET /api/events HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut received = Vec::new();
        let mut buffer = vec![0; 65536];
        loop {
            let count = socket.read(&mut buffer).await.unwrap();
            assert_ne!(count, 0, "{}", String::from_utf8_lossy(&received));
            received.extend_from_slice(&buffer[..count]);
            let text = String::from_utf8_lossy(&received).into_owned();
            let event = text.split(&format!("event: {name}\n")).nth(1);
            let data = event.and_then(|it| it.strip_prefix("data: ")?.split_once("\n\n"));
            if let Some((data, _)) = data {
                self.received.extend_from_slice(&received);
                let event: Value = serde_json::from_str(data).unwrap();
                return event["state"].as_array().unwrap().clone();
            }
        }
    }

    /// Waits until the newest job has failed.
    pub async fn until_failed(&mut self) -> Value {
        for _ in 0..800 {
            match self.jobs().await.pop() {
                Some(job) if job["phase"] == "failed" => return job,
                _ => tokio::time::sleep(Duration::from_millis(25)).await,
            }
        }
        panic!("the job did not fail in 20 s");
    }

    /// Waits until the newest job is in a phase.
    pub async fn until(&mut self, phase: &str) -> Value {
        for _ in 0..800 {
            let jobs = self.jobs().await;
            match jobs.last() {
                Some(job) if job["phase"] == phase => return job.clone(),
                Some(job) if job["phase"] == "failed" => panic!("{job}"),
                _ => tokio::time::sleep(Duration::from_millis(25)).await,
            }
        }
        panic!("no job is {phase} after 20 s");
    }
}

/// Returns a playground for a world, as `--live` starts it for the service.
pub fn live(world: &World) -> Builder {
    let config = Config::builder()
        .ignore_env()
        .base_url(world.base_url())
        .api_key(world.key())
        .pacing(Pacing::every(Duration::from_millis(100)))
        .build()
        .unwrap();
    Playground::live(Client::new(config).unwrap(), world.base_url())
}
