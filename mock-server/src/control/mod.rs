//! The control API: what tests do to a server and its worlds, over HTTP.

mod events;
mod export;
mod query;
mod worlds;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::{FromRequest, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Extension, Json, Router};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::access::BaseUrl;
use crate::context::ServerContext;
use crate::stored_file::{BodyError, FileContent, ReceivedBody};

/// The largest body; it stays in memory.
const MAX_BODY: u64 = 1024 * 1024;
const CONTENT_TYPES: [&str; 5] =
    ["application/json", "application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"];

type Context = State<Arc<ServerContext>>;

pub(crate) fn router() -> Router<Arc<ServerContext>> {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/metrics", get(metrics))
        .route("/openapi.json", get(openapi))
        .route("/worlds", get(worlds::list).post(worlds::create))
        .route("/worlds/{id}", get(worlds::show).delete(worlds::remove))
        .route("/worlds/{id}/reset", post(worlds::reset))
        .route("/worlds/{id}/scenario", get(worlds::scenario).put(worlds::set_scenario))
        .route(
            "/worlds/{id}/faults",
            get(worlds::faults).post(worlds::add_fault).delete(worlds::clear_faults),
        )
        .route("/worlds/{id}/faults/{index}", delete(worlds::remove_fault))
        .route("/worlds/{id}/events", get(events::events))
        .route("/worlds/{id}/export", get(export::export))
        .route("/worlds/{id}/jobs", get(worlds::jobs))
        .route("/worlds/{id}/jobs/{job}", get(worlds::job))
        .route("/worlds/{id}/jobs/{job}/{action}", post(worlds::act_on_job))
        .route("/worlds/{id}/clock", get(worlds::clock).post(worlds::set_clock))
        .route("/worlds/{id}/journal", get(worlds::journal))
        .route("/worlds/{id}/ledger", get(worlds::ledger))
        .route("/worlds/{id}/webhooks", get(worlds::webhooks))
        .route("/worlds/{id}/webhooks/{number}/redeliver", post(worlds::redeliver))
        .route("/worlds/{id}/verify", post(worlds::verify))
        .fallback(no_route)
        .method_not_allowed_fallback(wrong_method)
}

/// An error of the control API: a status and a sentence.
struct ControlError(StatusCode, String);

impl ControlError {
    fn bad_request(message: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, message.into())
    }

    fn not_found(message: impl Into<String>) -> Self {
        Self(StatusCode::NOT_FOUND, message.into())
    }

    fn conflict(message: impl Into<String>) -> Self {
        Self(StatusCode::CONFLICT, message.into())
    }

    fn too_many(message: impl Into<String>) -> Self {
        Self(StatusCode::TOO_MANY_REQUESTS, message.into())
    }
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"error": self.1}))).into_response()
    }
}

type ControlResult = Result<Json<Value>, ControlError>;

fn ok(value: impl serde::Serialize) -> ControlResult {
    serde_json::to_value(value)
        .map(Json)
        .map_err(|error| ControlError(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}

async fn healthz(State(server): Context) -> ControlResult {
    ok(json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "worlds": server.worlds.all().len(),
        "connections": server.connections.load(Ordering::Relaxed),
        "playground_url": server.playground_url,
    }))
}

async fn no_route() -> ControlError {
    ControlError::not_found("there is no such route; /_mock/v1/openapi.json lists all routes")
}

async fn wrong_method(method: Method) -> ControlError {
    let message = format!(
        "the method {method} is not allowed here; /_mock/v1/openapi.json lists the methods of all routes"
    );
    ControlError(StatusCode::METHOD_NOT_ALLOWED, message)
}

/// Returns the document with the URL of this server.
async fn openapi(Extension(BaseUrl(base_url)): Extension<BaseUrl>) -> ControlResult {
    let mut document: Map<String, Value> = serde_json::from_str(crate::OPENAPI)
        .map_err(|error| ControlError(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    // Linters of OpenAPI refuse the name `localhost`.
    let url = base_url.replace("//localhost", "//127.0.0.1");
    document.insert("servers".to_owned(), json!([{"url": url}]));
    ok(document)
}

/// A body in JSON or YAML; empty if there is none.
struct ControlBody(String);

impl FromRequest<Arc<ServerContext>> for ControlBody {
    type Rejection = ControlError;

    async fn from_request(
        request: Request,
        server: &Arc<ServerContext>,
    ) -> Result<Self, ControlError> {
        let (parts, body) = request.into_parts();
        let read = ReceivedBody::read(body.into_data_stream(), MAX_BODY, server.request_timeout);
        let body = read.await.map_err(|error| match error {
            BodyError::TooLarge => {
                let message = format!("the body must have at most {MAX_BODY} bytes");
                ControlError(StatusCode::PAYLOAD_TOO_LARGE, message)
            }
            BodyError::Timeout => {
                ControlError(StatusCode::REQUEST_TIMEOUT, "the body took too long".to_owned())
            }
            BodyError::Incomplete | BodyError::Storage(_) => {
                ControlError::bad_request("the body is incomplete")
            }
        })?;
        if body.size > 0 {
            check_content_type(&parts.headers)?;
        }
        let FileContent::Memory(bytes) = body.content else {
            return Err(ControlError::bad_request("the body is incomplete"));
        };
        let text = String::from_utf8(bytes.to_vec());
        text.map(Self).map_err(|_| ControlError::bad_request("the body must be UTF-8 text"))
    }
}

/// Accepts JSON and YAML alone: a web page needs the permission of CORS to send these.
fn check_content_type(headers: &HeaderMap) -> Result<(), ControlError> {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    let is_accepted = CONTENT_TYPES.contains(&essence.as_str())
        || (essence.starts_with("application/")
            && (essence.ends_with("+json") || essence.ends_with("+yaml")));
    if is_accepted {
        return Ok(());
    }
    let message = format!(
        "the Content-Type of the body must be application/json or application/yaml, got {essence:?}"
    );
    Err(ControlError(StatusCode::UNSUPPORTED_MEDIA_TYPE, message))
}

/// Returns counts in the text format of Prometheus.
async fn metrics(State(server): Context) -> Response {
    let worlds = server.worlds.all();
    let (mut requests, mut jobs, mut faults) = (0, BTreeMap::<String, u64>::new(), 0);
    for world in &worlds {
        let state = world.state();
        let now = state.clock.elapsed();
        requests += state.journal.count();
        faults += state.faults.counts().iter().map(|count| count.triggered).sum::<u64>();
        for job in state.jobs() {
            *jobs.entry(job.status(now).to_owned()).or_default() += 1;
        }
    }
    let mut text = String::new();
    let mut metric = |name: &str, kind: &str, help: &str, values: &[(String, u64)]| {
        // Writing to a string never fails.
        let _ =
            writeln!(text, "# HELP viseme_mock_{name} {help}\n# TYPE viseme_mock_{name} {kind}");
        for (labels, value) in values {
            let _ = writeln!(text, "viseme_mock_{name}{labels} {value}");
        }
    };
    let single = |value| [(String::new(), value)];
    let connections = server.connections.load(Ordering::Relaxed);
    metric("worlds", "gauge", "Current worlds.", &single(worlds.len() as u64));
    metric("connections_total", "counter", "Connections so far.", &single(connections));
    metric("requests_total", "counter", "Requests in the current worlds.", &single(requests));
    metric("faults_total", "counter", "Triggered faults.", &single(faults));
    let jobs: Vec<_> =
        jobs.into_iter().map(|(status, count)| (format!("{{status={status:?}}}"), count)).collect();
    metric("jobs", "gauge", "Jobs by their current status.", &jobs);
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}
