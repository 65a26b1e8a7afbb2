//! Recordings are played again by the mock, and compared with the contract.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic fails the test"
)]

mod drift;
mod recorded;
mod replay;

use std::collections::BTreeMap;
use std::sync::Once;

use serde_json::{Value, json};
use viseme_mock::World;
use viseme_recorder::recording::{
    Endpoint, Origin, RecordedBody, RecordedExchange, RecordedRequest, RecordedResponse,
};

const SUBMIT: &str = "/api/v3/kwaivgi/kling-lipsync/audio-to-video";

/// A client of a world that records what it gets.
struct Api<'w> {
    world: &'w World,
    base: String,
    http: reqwest::Client,
}

impl<'w> Api<'w> {
    fn of(world: &'w World) -> Self {
        Self::through(world, world.base_url())
    }

    /// A client of a proxy in front of the world.
    fn through(world: &'w World, base: &str) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            // Another test may have installed it.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        Self {
            world,
            base: base.to_owned(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        }
    }

    async fn send(&self, method: &str, path: &str, body: Option<&Value>) -> RecordedExchange {
        let url = format!("{}{path}", self.base);
        let mut request = self.http.request(method.parse().unwrap(), url);
        request = request.bearer_auth(self.world.key());
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let headers: BTreeMap<String, String> = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        let bytes = response.bytes().await.unwrap();
        let body = match serde_json::from_slice::<Value>(&bytes) {
            _ if bytes.is_empty() => RecordedBody::Empty,
            Ok(value) => RecordedBody::Json { value },
            Err(_) => RecordedBody::Text { text: String::from_utf8_lossy(&bytes).into_owned() },
        };
        exchange(method, path, response_of(status, headers, body))
    }

    /// Submits a job and returns what the response says about it.
    async fn submit(&self) -> Value {
        self.submit_to(SUBMIT).await
    }

    async fn submit_to(&self, path: &str) -> Value {
        let input = json!({"audio": "https://a.example/a.mp3", "video": "https://a.example/a.mp4"});
        data(&self.send("POST", path, Some(&input)).await)
    }

    async fn poll(&self, id: &str) -> RecordedExchange {
        self.send("GET", &format!("/api/v3/predictions/{id}/result"), None).await
    }
}

fn response_of(
    status: u16,
    headers: BTreeMap<String, String>,
    body: RecordedBody,
) -> RecordedResponse {
    RecordedResponse { status, headers, other_headers: Vec::new(), head_after_ms: 1, body }
}

/// Returns an exchange as a recorder writes it.
fn exchange(method: &str, path: &str, response: RecordedResponse) -> RecordedExchange {
    let endpoint = match (method, path) {
        ("GET", path) if path.starts_with("/api/v3/predictions/") => Endpoint::Poll,
        ("POST", "/api/v3/predictions") => Endpoint::History,
        ("POST", "/api/v3/media/uploads") => Endpoint::Presign,
        ("POST", SUBMIT) => Endpoint::Submit,
        _ => Endpoint::Other,
    };
    RecordedExchange {
        at_ms: 0,
        took_ms: 2,
        endpoint,
        by: Origin::Client,
        job: None,
        request: RecordedRequest {
            method: method.to_owned(),
            route: path.to_owned(),
            path: path.to_owned(),
            host: None,
            query: Vec::new(),
            headers: BTreeMap::new(),
            other_headers: Vec::new(),
            body: RecordedBody::Empty,
        },
        response: Some(response),
        failure: None,
        client_left: false,
    }
}

/// Returns `data` of a response.
fn data(exchange: &RecordedExchange) -> Value {
    match &exchange.response.as_ref().unwrap().body {
        RecordedBody::Json { value } => value["data"].clone(),
        other => panic!("{other:?}"),
    }
}
