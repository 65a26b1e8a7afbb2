//! A mock server, a recorder in front of it, and clients.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use viseme::{Client, Config, Forwarding, Pacing};
use viseme_mock::{MockServer, Scenario, World};
use viseme_recorder::recording::Recording;
use viseme_recorder::{Builder, Recorder};

pub const MODEL: &str = "kwaivgi/kling-lipsync/audio-to-video";
/// Only a broken recorder takes this long.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A world of the mock server, and a folder for the recording.
pub struct Stage {
    pub server: MockServer,
    pub world: World,
    pub folder: TempDir,
}

impl Stage {
    pub async fn new(scenario: &str) -> Self {
        let server = MockServer::start().await.unwrap();
        let world = server.world_with(Scenario::parse(scenario).unwrap());
        Self { server, world, folder: tempfile::tempdir().unwrap() }
    }

    pub fn out(&self) -> PathBuf {
        self.folder.path().join("recording")
    }

    pub fn builder(&self) -> Builder {
        Recorder::builder(config(self.world.base_url()), self.out())
    }

    pub async fn recorder(&self) -> Recorder {
        self.builder().start().await.unwrap()
    }

    pub fn api(&self, base: &str) -> Api {
        Api { http: http(), base: base.to_owned(), key: self.world.key().to_owned() }
    }
}

/// Returns the settings of a client or a recorder without a key.
pub fn config(base: &str) -> Config {
    Config::builder().ignore_env().anonymous().base_url(base).build().unwrap()
}

/// Returns our client.
pub fn client(base: &str, key: &str) -> Client {
    let config = Config::builder()
        .ignore_env()
        .base_url(base)
        .api_key(key)
        .pacing(Pacing::every(Duration::from_millis(100)));
    Client::new(config.build().unwrap()).unwrap()
}

/// Returns an HTTP client that follows no redirects.
pub fn http() -> reqwest::Client {
    let forwarding = Forwarding::new(&config("http://127.0.0.1:1")).unwrap();
    forwarding.client(&"http://127.0.0.1:1".parse().unwrap()).clone()
}

pub fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples").join(name)
}

pub fn input() -> Value {
    json!({"audio": "https://example.com/voice.mp3", "video": "https://example.com/face.mp4"})
}

/// A plain client of the API.
pub struct Api {
    pub http: reqwest::Client,
    pub base: String,
    pub key: String,
}

impl Api {
    pub fn url(&self, path: &str) -> String {
        format!("{}/api/v3/{path}", self.base)
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        response_of(self.http.get(self.url(path)).bearer_auth(&self.key)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        response_of(self.http.post(self.url(path)).bearer_auth(&self.key).json(body)).await
    }

    pub async fn submit(&self) -> String {
        let (status, body) = self.post(MODEL, &input()).await;
        assert_eq!(status, 200, "{body}");
        body["data"]["id"].as_str().unwrap().to_owned()
    }
}

pub async fn response_of(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.timeout(PATIENCE).send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// Waits until a condition holds.
pub async fn eventually(what: &str, holds: impl Fn() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !holds() {
        assert!(tokio::time::Instant::now() < deadline, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Ends a recorder, and checks that the recording is read as it was written.
pub fn finish(recorder: Recorder) -> (String, Recording) {
    let (folder, recording) = recorder.finish().unwrap();
    let text = std::fs::read_to_string(folder.join("recording.yaml")).unwrap();
    assert_eq!(Recording::read(&folder).unwrap(), recording);
    (text, recording)
}
