//! Receives the webhooks of all worlds.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

type Deliveries = Arc<Mutex<HashMap<String, Vec<Value>>>>;

/// A server on loopback that stores each delivery by the last segment of its path.
pub struct WebhookReceiver {
    address: SocketAddr,
    deliveries: Deliveries,
    serving: AbortHandle,
}

impl WebhookReceiver {
    /// Starts the server.
    ///
    /// # Errors
    /// If no port is free.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let deliveries = Deliveries::default();
        let router =
            Router::new().route("/hook/{world}", post(receive)).with_state(Arc::clone(&deliveries));
        let serving = tokio::spawn(async move {
            // Ends when it is aborted.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, deliveries, serving: serving.abort_handle() })
    }

    /// Returns the webhook URL of a world.
    #[must_use]
    pub fn url(&self, world: &str) -> String {
        format!("http://{}/hook/{world}", self.address)
    }

    /// Returns the deliveries of a world in the order of arrival, each with `headers` and `body`.
    #[must_use]
    pub fn of(&self, world: &str) -> Vec<Value> {
        let deliveries = self.deliveries.lock().unwrap_or_else(PoisonError::into_inner);
        deliveries.get(world).cloned().unwrap_or_default()
    }
}

impl Drop for WebhookReceiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn receive(
    State(deliveries): State<Deliveries>,
    Path(world): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())]))
        .collect();
    let delivery = json!({"headers": headers, "body": String::from_utf8_lossy(&body)});
    let mut deliveries = deliveries.lock().unwrap_or_else(PoisonError::into_inner);
    deliveries.entry(world).or_default().push(delivery);
    StatusCode::NO_CONTENT
}
