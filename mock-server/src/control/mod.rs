//! The control API: what a test does to a world, over HTTP.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock::ClockMode;
use crate::scenario::{Fault, Scenario, Span};
use crate::server::Server;
use crate::world::World;

type Shared = State<Arc<Server>>;

pub(crate) fn router() -> Router<Arc<Server>> {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/worlds", post(make_world))
        .route("/worlds/{id}", delete(remove_world))
        .route("/worlds/{id}/reset", post(reset))
        .route("/worlds/{id}/scenario", put(set_scenario))
        .route("/worlds/{id}/faults", get(faults).post(add_fault))
        .route("/worlds/{id}/jobs", get(jobs))
        .route("/worlds/{id}/jobs/{job}", get(job))
        .route("/worlds/{id}/jobs/{job}/{action}", post(act_on_job))
        .route("/worlds/{id}/clock", get(clock).post(set_clock))
        .route("/worlds/{id}/journal", get(journal))
        .route("/worlds/{id}/ledger", get(ledger))
}

/// A refusal of the control API: a status and a sentence.
struct Refusal(StatusCode, String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"error": self.1}))).into_response()
    }
}

type Answer = Result<Json<Value>, Refusal>;

fn ok(value: impl serde::Serialize) -> Answer {
    serde_json::to_value(value)
        .map(Json)
        .map_err(|error| Refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}

fn world(server: &Server, id: &str) -> Result<World, Refusal> {
    server
        .world_of_id(id)
        .ok_or_else(|| Refusal(StatusCode::NOT_FOUND, format!("there is no world {id}")))
}

/// The body as YAML or JSON, with what is wrong in it named.
fn parse<T: serde::de::DeserializeOwned>(body: &str) -> Result<T, Refusal> {
    serde_saphyr::from_str(body)
        .map_err(|error| Refusal(StatusCode::BAD_REQUEST, format!("the body is wrong: {error}")))
}

async fn healthz(State(server): Shared) -> Answer {
    let (worlds, connections) = server.counts();
    ok(json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "worlds": worlds,
        "connections": connections,
    }))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct NewWorld {
    id: Option<String>,
    scenario: Scenario,
}

async fn make_world(State(server): Shared, body: String) -> Answer {
    let new: NewWorld = if body.trim().is_empty() { NewWorld::default() } else { parse(&body)? };
    if server.is_full() {
        return Err(Refusal(StatusCode::TOO_MANY_REQUESTS, "there are too many worlds".into()));
    }
    if let Some(id) = &new.id {
        let fits = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if id.is_empty() || !fits {
            let message = "an id is made of letters, digits, `-` and `_`";
            return Err(Refusal(StatusCode::BAD_REQUEST, message.into()));
        }
        if server.world_of_id(id).is_some() {
            return Err(Refusal(StatusCode::CONFLICT, format!("there is a world {id} already")));
        }
    }
    let world = server.make_world(new.id, None, new.scenario);
    ok(json!({"id": world.id(), "key": world.key(), "base_url": world.base_url()}))
}

async fn remove_world(State(server): Shared, Path(id): Path<String>) -> Answer {
    world(&server, &id)?;
    ok(json!({"removed": server.remove_world(&id)}))
}

async fn reset(State(server): Shared, Path(id): Path<String>) -> Answer {
    world(&server, &id)?.reset();
    ok(json!({}))
}

async fn set_scenario(State(server): Shared, Path(id): Path<String>, body: String) -> Answer {
    let world = world(&server, &id)?;
    world.set_scenario(parse(&body)?);
    ok(json!({}))
}

async fn faults(State(server): Shared, Path(id): Path<String>) -> Answer {
    ok(world(&server, &id)?.faults())
}

async fn add_fault(State(server): Shared, Path(id): Path<String>, body: String) -> Answer {
    let world = world(&server, &id)?;
    let fault: Fault = parse(&body)?;
    world.add_fault(fault);
    ok(world.faults())
}

async fn jobs(State(server): Shared, Path(id): Path<String>) -> Answer {
    ok(world(&server, &id)?.jobs())
}

async fn job(State(server): Shared, Path((id, job)): Path<(String, String)>) -> Answer {
    let found = world(&server, &id)?.jobs().into_iter().find(|record| record.id == job);
    found.map_or_else(|| Err(no_job(&job)), ok)
}

fn no_job(job: &str) -> Refusal {
    Refusal(StatusCode::NOT_FOUND, format!("there is no job {job}"))
}

async fn act_on_job(
    State(server): Shared,
    Path((id, job, action)): Path<(String, String, String)>,
) -> Answer {
    let world = world(&server, &id)?;
    let found = match action.as_str() {
        "complete" => world.force(&job, "completed"),
        "fail" => world.force(&job, "failed"),
        "hold" => world.force(&job, "processing"),
        "release" => world.release(&job),
        other => {
            let message = format!("`{other}` is none of complete, fail, hold, release");
            return Err(Refusal(StatusCode::NOT_FOUND, message));
        }
    };
    if found { ok(json!({})) } else { Err(no_job(&job)) }
}

fn clock_json(world: &World) -> Value {
    let state = world.state();
    json!({
        "mode": state.clock.mode(),
        "now": state.clock.now().to_string(),
        "elapsed_seconds": state.clock.elapsed().as_secs_f64(),
    })
}

async fn clock(State(server): Shared, Path(id): Path<String>) -> Answer {
    ok(clock_json(&world(&server, &id)?))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ClockChange {
    mode: Option<ClockMode>,
    advance: Option<Span>,
    to: Option<Timestamp>,
}

async fn set_clock(State(server): Shared, Path(id): Path<String>, body: String) -> Answer {
    let world = world(&server, &id)?;
    let change: ClockChange = parse(&body)?;
    if let Some(mode) = change.mode {
        world.set_clock(mode);
    }
    if let Some(span) = change.advance {
        world.advance(span.0);
    }
    if let Some(to) = change.to {
        let now = world.state().clock.now();
        let ahead = Duration::try_from(to.duration_since(now)).map_err(|_| {
            Refusal(StatusCode::BAD_REQUEST, format!("{to} is past; it is {now} already"))
        })?;
        world.advance(ahead);
    }
    ok(clock_json(&world))
}

async fn journal(State(server): Shared, Path(id): Path<String>) -> Answer {
    ok(world(&server, &id)?.journal())
}

async fn ledger(State(server): Shared, Path(id): Path<String>) -> Answer {
    ok(world(&server, &id)?.ledger())
}
