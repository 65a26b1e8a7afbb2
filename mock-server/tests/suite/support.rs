//! Clients for the tests: one for HTTP, and one for raw bytes.

use std::sync::OnceLock;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use viseme_mock::World;

pub const MODEL: &str = "kwaivgi/kling-lipsync/audio-to-video";

/// How long a test waits for anything. Only a broken server takes this long.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub fn http() -> reqwest::Client {
    static PROVIDER: OnceLock<()> = OnceLock::new();
    PROVIDER.get_or_init(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    reqwest::Client::builder()
        .no_proxy()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

pub fn input() -> Value {
    json!({"audio": "https://example.com/voice.mp3", "video": "https://example.com/face.mp4"})
}

/// A client of one world.
#[derive(Clone)]
pub struct Api {
    pub http: reqwest::Client,
    pub base: String,
    pub key: String,
}

/// A status and a JSON body.
pub type Response = (u16, Value);

impl Api {
    pub fn of(world: &World) -> Self {
        Self { http: http(), base: world.base_url().to_owned(), key: world.key().to_owned() }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}/api/v3/{path}", self.base)
    }

    pub async fn get(&self, path: &str) -> Response {
        let request = self.http.get(self.url(path)).bearer_auth(&self.key);
        response_of(request.send().await.unwrap()).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Response {
        let request = self.http.post(self.url(path)).bearer_auth(&self.key).json(body);
        response_of(request.send().await.unwrap()).await
    }

    /// Submits to the default model; returns the job's id.
    pub async fn submit(&self) -> String {
        self.submit_to(MODEL, &input()).await
    }

    pub async fn submit_to(&self, model: &str, input: &Value) -> String {
        let (status, body) = self.post(model, input).await;
        assert_eq!(status, 200, "{body}");
        body["data"]["id"].as_str().unwrap().to_owned()
    }

    pub async fn poll(&self, job: &str) -> Response {
        self.get(&format!("predictions/{job}/result")).await
    }

    /// Polls; returns the job's status.
    pub async fn state(&self, job: &str) -> String {
        let (status, body) = self.poll(job).await;
        assert_eq!(status, 200, "{body}");
        body["data"]["status"].as_str().unwrap().to_owned()
    }

    pub async fn presign(&self, name: &str, kind: &str, size: usize) -> Value {
        let body = json!({"filename": name, "size": size, "content_type": kind});
        let (status, body) = self.post("media/uploads", &body).await;
        assert_eq!(status, 200, "{body}");
        body["data"].clone()
    }

    /// Returns the PUT of a file to its presigned URL.
    pub fn put(&self, presigned: &Value, bytes: Vec<u8>) -> reqwest::RequestBuilder {
        let mut request = self.http.put(presigned["upload"]["url"].as_str().unwrap()).body(bytes);
        for (name, value) in presigned["upload"]["headers"].as_object().unwrap() {
            request = request.header(name, value.as_str().unwrap());
        }
        request
    }

    /// Uploads a file; returns its download URL.
    pub async fn upload(&self, name: &str, kind: &str, bytes: Vec<u8>) -> String {
        let presigned = self.presign(name, kind, bytes.len()).await;
        let status = self.put(&presigned, bytes).send().await.unwrap().status();
        assert_eq!(status, 200);
        presigned["download_url"].as_str().unwrap().to_owned()
    }
}

pub async fn response_of(response: reqwest::Response) -> Response {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// How a connection ended, seen from the client's socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// End of file.
    Fin,
    /// ECONNRESET.
    Reset,
    /// Neither within the timeout.
    Open,
}

/// A raw connection.
pub struct Wire(TcpStream);

impl Wire {
    pub async fn to(base: &str) -> Self {
        Self(TcpStream::connect(base.strip_prefix("http://").unwrap()).await.unwrap())
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// Reads until the connection ends, or until nothing arrives for `quiet`.
    pub async fn read(&mut self, quiet: Duration) -> (Vec<u8>, End) {
        let mut bytes = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            match tokio::time::timeout(quiet, self.0.read(&mut buffer)).await {
                Err(_) => return (bytes, End::Open),
                Ok(Ok(0)) => return (bytes, End::Fin),
                Ok(Ok(count)) => bytes.extend_from_slice(&buffer[..count]),
                Ok(Err(error)) => {
                    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}");
                    return (bytes, End::Reset);
                }
            }
        }
    }
}

/// Returns a request as bytes, with the world's key.
pub fn request(world: &World, method: &str, path: &str, body: &str) -> Vec<u8> {
    let key = world.key();
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

pub fn submit_request(world: &World) -> Vec<u8> {
    request(world, "POST", &format!("/api/v3/{MODEL}"), &input().to_string())
}

/// Sends a request on a new connection; returns everything that is received.
pub async fn raw(world: &World, request: &[u8]) -> (Vec<u8>, End) {
    let mut wire = Wire::to(world.base_url()).await;
    wire.send(request).await;
    wire.read(PATIENCE).await
}

/// Splits raw bytes into head and body.
pub fn split(bytes: &[u8]) -> (String, Vec<u8>) {
    let at = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a whole head");
    (String::from_utf8(bytes[..at].to_vec()).unwrap(), bytes[at + 4..].to_vec())
}

/// Waits until a condition holds.
pub async fn eventually(what: &str, holds: impl Fn() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !holds() {
        assert!(tokio::time::Instant::now() < deadline, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
