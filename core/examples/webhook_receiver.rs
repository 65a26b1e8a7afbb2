//! Runs a job and receives the webhook of its end; explained in `docs/webhooks.md`.
//!
//! ```sh
//! viseme mock --port 8000 &
//! export WAVESPEED_BASE_URL=http://127.0.0.1:8000 WAVESPEED_API_KEY=mock-key
//! cargo run -p viseme --example webhook_receiver
//! ```
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

// docs: begin
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use tokio::sync::mpsc::UnboundedSender;
use viseme::webhook::Delivery;
use viseme::{Client, ErrorKind};

#[derive(Clone)]
struct App {
    client: Client,
    /// The ids of earlier deliveries. A real service stores them persistently.
    seen: Arc<Mutex<HashSet<String>>>,
    /// Slow work is done elsewhere.
    work: UnboundedSender<Delivery>,
}

/// The route that the service calls.
pub fn receiver(client: Client, work: UnboundedSender<Delivery>) -> Router {
    let app = App { client, seen: Arc::default(), work };
    Router::new().route("/hook", post(hook)).with_state(app)
}

async fn hook(State(app): State<App>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let delivery = match app.client.receive_webhook(&headers, &body).await {
        Ok(delivery) => delivery,
        // A forgery, a recording, or no prediction: sending it again would not help.
        Err(error) if error.kind() == ErrorKind::Webhook => {
            println!("{error}");
            return StatusCode::BAD_REQUEST;
        }
        // The secret could not be fetched: have it sent again.
        Err(_) => return StatusCode::SERVICE_UNAVAILABLE,
    };
    let mut seen = app.seen.lock().unwrap_or_else(PoisonError::into_inner);
    if seen.insert(delivery.id.clone()) && app.work.send(delivery).is_err() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    StatusCode::NO_CONTENT
}
// docs: end

#[tokio::main]
#[allow(dead_code, reason = "the tests use the route alone")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::from_env()?;
    let (work, mut todo) = tokio::sync::mpsc::unbounded_channel();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/hook", listener.local_addr()?);
    let server = axum::serve(listener, receiver(client.clone(), work));
    tokio::spawn(async move { server.await });

    let input = viseme::AudioToVideo::new().audio("samples/voice.mp3").video("samples/face.mp4");
    let prediction = client.run(input).webhook(&url).await?;
    println!("{}: {}", prediction.id, prediction.status);
    if let Some(delivery) = todo.recv().await {
        println!("webhook: {}", delivery.prediction.status);
    }
    Ok(())
}
