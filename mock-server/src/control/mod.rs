//! The control API: what tests do to a server and its worlds, over HTTP.

mod worlds;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::context::ServerContext;

type Context = State<Arc<ServerContext>>;

pub(crate) fn router() -> Router<Arc<ServerContext>> {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/metrics", get(metrics))
        .route("/openapi.json", get(openapi))
        .route("/worlds", get(worlds::list).post(worlds::create))
        .route("/worlds/{id}", get(worlds::show).delete(worlds::remove))
        .route("/worlds/{id}/reset", post(worlds::reset))
        .route("/worlds/{id}/scenario", put(worlds::set_scenario))
        .route("/worlds/{id}/faults", get(worlds::faults).post(worlds::add_fault))
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
    }))
}

async fn no_route() -> ControlError {
    ControlError::not_found("there is no such route; /_mock/v1/openapi.json lists all routes")
}

async fn openapi() -> Response {
    ([(CONTENT_TYPE, "application/json")], crate::OPENAPI).into_response()
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
