//! The control API: what a test does to a world, over HTTP.

mod clock;
mod metrics;
mod webhooks;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::scenario::{ClockScenario, Fault, Scenario};
use crate::server::Server;
use crate::verify::Expect;
use crate::world::World;

type Shared = State<Arc<Server>>;

pub(crate) fn router() -> Router<Arc<Server>> {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/metrics", get(metrics::metrics))
        .route("/openapi.json", get(openapi))
        .route("/worlds", get(worlds).post(make_world))
        .route("/worlds/{id}", get(one_world).delete(remove_world))
        .route("/worlds/{id}/reset", post(reset))
        .route("/worlds/{id}/scenario", put(set_scenario))
        .route("/worlds/{id}/faults", get(faults).post(add_fault))
        .route("/worlds/{id}/jobs", get(jobs))
        .route("/worlds/{id}/jobs/{job}", get(job))
        .route("/worlds/{id}/jobs/{job}/{action}", post(act_on_job))
        .route("/worlds/{id}/clock", get(clock::clock).post(clock::set_clock))
        .route("/worlds/{id}/journal", get(journal))
        .route("/worlds/{id}/ledger", get(ledger))
        .route("/worlds/{id}/webhooks", get(webhooks::webhooks))
        .route("/worlds/{id}/webhooks/{number}/redeliver", post(webhooks::redeliver))
        .route("/worlds/{id}/verify", post(verify))
        .fallback(no_route)
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
        .worlds
        .of_id(id)
        .ok_or_else(|| Refusal(StatusCode::NOT_FOUND, format!("there is no world {id}")))
}

/// The body as YAML or JSON, with what is wrong in it named.
fn parse<T: serde::de::DeserializeOwned>(body: &str) -> Result<T, Refusal> {
    serde_saphyr::from_str(body)
        .map_err(|error| Refusal(StatusCode::BAD_REQUEST, format!("the body is wrong: {error}")))
}

fn check(verdict: Result<(), String>) -> Result<(), Refusal> {
    verdict.map_err(|message| Refusal(StatusCode::BAD_REQUEST, message))
}

async fn healthz(State(server): Shared) -> Answer {
    ok(json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "worlds": server.worlds.all().len(),
        "connections": server.connections.load(Ordering::Relaxed),
    }))
}

async fn no_route() -> Refusal {
    let message = "there is no such route; /_mock/v1/openapi.json lists them";
    Refusal(StatusCode::NOT_FOUND, message.into())
}

async fn openapi() -> Response {
    ([(CONTENT_TYPE, "application/json")], crate::OPENAPI).into_response()
}

fn world_json(world: &World) -> Value {
    json!({"id": world.id(), "key": world.key(), "base_url": world.base_url()})
}

async fn worlds(State(server): Shared) -> Answer {
    ok(server.worlds.all().iter().map(world_json).collect::<Vec<_>>())
}

async fn one_world(State(server): Shared, Path(id): Path<String>) -> Answer {
    ok(world_json(&world(&server, &id)?))
}

/// `seed` and `clock` are short for the same in the scenario, and win over it.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct NewWorld {
    id: Option<String>,
    seed: Option<u64>,
    clock: Option<ClockScenario>,
    scenario: Scenario,
}

async fn make_world(State(server): Shared, body: String) -> Answer {
    let mut new: NewWorld =
        if body.trim().is_empty() { NewWorld::default() } else { parse(&body)? };
    new.scenario.seed = new.seed.or(new.scenario.seed);
    new.scenario.clock = new.clock.take().or(new.scenario.clock.take());
    check(new.scenario.check())?;
    if server.worlds.is_full() {
        return Err(Refusal(StatusCode::TOO_MANY_REQUESTS, "there are too many worlds".into()));
    }
    if let Some(id) = &new.id {
        let fits = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if id.is_empty() || !fits {
            let message = "an id is made of letters, digits, `-` and `_`";
            return Err(Refusal(StatusCode::BAD_REQUEST, message.into()));
        }
    }
    let world = match &new.id {
        Some(id) => server.worlds.make_called(id, new.scenario).ok_or_else(|| {
            Refusal(StatusCode::CONFLICT, format!("there is a world {id} already"))
        })?,
        None => server.worlds.make(new.scenario),
    };
    ok(world_json(&world))
}

async fn remove_world(State(server): Shared, Path(id): Path<String>) -> Answer {
    world(&server, &id)?;
    ok(json!({"removed": server.worlds.remove(&id)}))
}

async fn reset(State(server): Shared, Path(id): Path<String>) -> Answer {
    world(&server, &id)?.reset();
    ok(json!({}))
}

async fn set_scenario(State(server): Shared, Path(id): Path<String>, body: String) -> Answer {
    let world = world(&server, &id)?;
    let scenario: Scenario = parse(&body)?;
    check(scenario.check())?;
    world.set_scenario(scenario);
    ok(json!({}))
}

async fn faults(State(server): Shared, Path(id): Path<String>) -> Answer {
    ok(world(&server, &id)?.faults())
}

async fn add_fault(State(server): Shared, Path(id): Path<String>, body: String) -> Answer {
    let world = world(&server, &id)?;
    let fault: Fault = parse(&body)?;
    check(fault.check())?;
    if world.add_fault(fault) {
        ok(world.faults())
    } else {
        Err(Refusal(StatusCode::TOO_MANY_REQUESTS, "the world holds too many faults".into()))
    }
}

async fn jobs(State(server): Shared, Path(id): Path<String>) -> Answer {
    ok(world(&server, &id)?.jobs())
}

async fn job(State(server): Shared, Path((id, job)): Path<(String, String)>) -> Answer {
    world(&server, &id)?.job(&job).map_or_else(|| Err(no_job(&job)), ok)
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
        "hold" => world.hold(&job),
        "release" => world.release(&job),
        other => {
            let message = format!("`{other}` is none of complete, fail, hold, release");
            return Err(Refusal(StatusCode::NOT_FOUND, message));
        }
    };
    if found { ok(json!({})) } else { Err(no_job(&job)) }
}

async fn journal(State(server): Shared, Path(id): Path<String>) -> Answer {
    ok(world(&server, &id)?.journal())
}

async fn ledger(State(server): Shared, Path(id): Path<String>) -> Answer {
    ok(world(&server, &id)?.ledger())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Verification {
    expect: Expect,
}

async fn verify(State(server): Shared, Path(id): Path<String>, body: String) -> Answer {
    let world = world(&server, &id)?;
    let verification: Verification = parse(&body)?;
    ok(world.verify(&verification.expect))
}
