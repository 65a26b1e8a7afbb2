//! The routes of one world, and of the list of worlds.

use std::time::Duration;

use axum::Extension;
use axum::extract::{Path, RawQuery, State};
use http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::query::Query;
use super::{Context, ControlBody, ControlError, ControlResult, ok};
use crate::access::BaseUrl;
use crate::clock::ClockMode;
use crate::context::ServerContext;
use crate::scenario::{self, ClockScenario, Fault, RequestKind, Scenario, Span};
use crate::verify::Expect;
use crate::world::World;

pub(super) fn find(server: &ServerContext, id: &str) -> Result<World, ControlError> {
    let world = server.worlds.by_id(id);
    world.ok_or_else(|| ControlError::not_found(format!("there is no world {id}")))
}

/// Reads a body that must not be empty.
fn parse_required<T: serde::de::DeserializeOwned>(body: &str) -> Result<T, ControlError> {
    if body.trim().is_empty() {
        return Err(ControlError::bad_request("the body is required"));
    }
    parse(body)
}

/// Reads a body in YAML or JSON. Its errors name the field.
fn parse<T: serde::de::DeserializeOwned>(body: &str) -> Result<T, ControlError> {
    scenario::parse::parse(body).map_err(ControlError::bad_request)
}

fn validated(result: Result<(), String>) -> Result<(), ControlError> {
    result.map_err(ControlError::bad_request)
}

/// Shows a world. The base URL is the one that the client used.
fn world_json(world: &World, BaseUrl(base_url): &BaseUrl) -> Value {
    json!({"id": world.id(), "key": world.key(), "base_url": &**base_url})
}

pub(super) async fn list(
    State(server): Context,
    Extension(base_url): Extension<BaseUrl>,
) -> ControlResult {
    let worlds = server.worlds.all();
    ok(worlds.iter().map(|world| world_json(world, &base_url)).collect::<Vec<_>>())
}

pub(super) async fn show(
    State(server): Context,
    Extension(base_url): Extension<BaseUrl>,
    Path(id): Path<String>,
) -> ControlResult {
    ok(world_json(&find(&server, &id)?, &base_url))
}

/// A new world. `seed` and `clock` override the scenario's.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct NewWorld {
    id: Option<String>,
    seed: Option<u64>,
    clock: Option<ClockScenario>,
    scenario: Scenario,
}

pub(super) async fn create(
    State(server): Context,
    Extension(base_url): Extension<BaseUrl>,
    ControlBody(body): ControlBody,
) -> ControlResult {
    let mut new: NewWorld = parse(&body)?;
    new.scenario.seed = new.seed.or(new.scenario.seed);
    new.scenario.clock = new.clock.take().or(new.scenario.clock.take());
    validated(new.scenario.validate())?;
    if server.worlds.is_full() {
        return Err(ControlError::too_many("there are too many worlds; remove some"));
    }
    if let Some(id) = &new.id {
        let is_valid = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if id.is_empty() || !is_valid {
            let message = format!("`id` must be letters, digits, `-` and `_`, got {id:?}");
            return Err(ControlError::bad_request(message));
        }
    }
    let world = match &new.id {
        Some(id) => server.worlds.create_with_id(id, new.scenario).ok_or_else(|| {
            ControlError(StatusCode::CONFLICT, format!("there is already a world {id}"))
        })?,
        None => server.worlds.create(new.scenario),
    };
    ok(world_json(&world, &base_url))
}

pub(super) async fn remove(State(server): Context, Path(id): Path<String>) -> ControlResult {
    find(&server, &id)?;
    ok(json!({"removed": server.worlds.remove(&id)}))
}

pub(super) async fn reset(State(server): Context, Path(id): Path<String>) -> ControlResult {
    find(&server, &id)?.reset();
    ok(json!({}))
}

pub(super) async fn scenario(State(server): Context, Path(id): Path<String>) -> ControlResult {
    ok(find(&server, &id)?.scenario())
}

pub(super) async fn set_scenario(
    State(server): Context,
    Path(id): Path<String>,
    ControlBody(body): ControlBody,
) -> ControlResult {
    let world = find(&server, &id)?;
    let scenario: Scenario = parse_required(&body)?;
    validated(scenario.validate())?;
    world.set_scenario(scenario);
    ok(json!({}))
}

pub(super) async fn faults(State(server): Context, Path(id): Path<String>) -> ControlResult {
    ok(find(&server, &id)?.faults())
}

pub(super) async fn add_fault(
    State(server): Context,
    Path(id): Path<String>,
    ControlBody(body): ControlBody,
) -> ControlResult {
    let world = find(&server, &id)?;
    let fault: Fault = parse_required(&body)?;
    validated(fault.validate())?;
    if world.add_fault(fault) {
        ok(world.faults())
    } else {
        Err(ControlError::too_many("the world has too many faults; set a new scenario"))
    }
}

pub(super) async fn clear_faults(State(server): Context, Path(id): Path<String>) -> ControlResult {
    let world = find(&server, &id)?;
    world.clear_faults();
    ok(world.faults())
}

pub(super) async fn remove_fault(
    State(server): Context,
    Path((id, index)): Path<(String, String)>,
) -> ControlResult {
    let world = find(&server, &id)?;
    if !index.parse().is_ok_and(|index| world.remove_fault(index)) {
        return Err(ControlError::not_found(format!("there is no fault {index}")));
    }
    ok(world.faults())
}

pub(super) async fn jobs(State(server): Context, Path(id): Path<String>) -> ControlResult {
    ok(find(&server, &id)?.jobs())
}

pub(super) async fn job(
    State(server): Context,
    Path((id, job)): Path<(String, String)>,
) -> ControlResult {
    find(&server, &id)?.job(&job).map_or_else(|| Err(no_job(&job)), ok)
}

fn no_job(job: &str) -> ControlError {
    ControlError::not_found(format!("there is no job {job}"))
}

pub(super) async fn act_on_job(
    State(server): Context,
    Path((id, job, action)): Path<(String, String, String)>,
) -> ControlResult {
    let world = find(&server, &id)?;
    let found = match action.as_str() {
        "complete" => world.force(&job, "completed"),
        "fail" => world.force(&job, "failed"),
        "hold" => world.hold(&job),
        "release" => world.release(&job),
        other => {
            let message =
                format!("the action must be complete, fail, hold or release, got `{other}`");
            return Err(ControlError::not_found(message));
        }
    };
    if found { ok(json!({})) } else { Err(no_job(&job)) }
}

fn clock_json(world: &World) -> Value {
    json!(world.state().clock.record())
}

pub(super) async fn clock(State(server): Context, Path(id): Path<String>) -> ControlResult {
    ok(clock_json(&find(&server, &id)?))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ClockChange {
    mode: Option<ClockMode>,
    advance: Option<Span>,
    #[serde(deserialize_with = "scenario::optional_date")]
    to: Option<Timestamp>,
}

/// Responds when everything that became due has happened.
pub(super) async fn set_clock(
    State(server): Context,
    Path(id): Path<String>,
    ControlBody(body): ControlBody,
) -> ControlResult {
    let world = find(&server, &id)?;
    let change: ClockChange = parse(&body)?;
    let now = world.state().clock.now();
    // Everything is validated before anything changes.
    let ahead = match change.to {
        None => Duration::ZERO,
        Some(to) => Duration::try_from(to.duration_since(now)).map_err(|_| {
            let message = format!("`to` must not be in the past: {to}, now is {now}");
            ControlError(StatusCode::CONFLICT, message)
        })?,
    };
    if let Some(mode) = change.mode {
        validated(mode.validate())?;
        world.set_clock(mode);
    }
    world.advance(ahead.saturating_add(change.advance.unwrap_or_default().0));
    world.settled().await;
    ok(clock_json(&world))
}

/// Lists exchanges: those after `since`, at most `limit`, of the kind `kind` (or `point`).
pub(super) async fn journal(
    State(server): Context,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> ControlResult {
    let world = find(&server, &id)?;
    let query = Query::parse(query.as_deref(), &["since", "limit", "kind", "point"])?;
    let since = query.number("since")?.unwrap_or(0);
    let limit = query.number("limit")?.unwrap_or(u64::MAX);
    let kind = match query.get("kind").or(query.get("point")) {
        None => RequestKind::Any,
        Some(word) => serde_json::from_value(Value::from(word)).map_err(|_| {
            let message = format!(
                "`kind` must be submit, poll, presign, put, output, history, other or any, got {word:?}"
            );
            ControlError::bad_request(message)
        })?,
    };
    ok(world.journal_after(since, usize::try_from(limit).unwrap_or(usize::MAX), kind))
}

pub(super) async fn ledger(State(server): Context, Path(id): Path<String>) -> ControlResult {
    ok(find(&server, &id)?.ledger())
}

pub(super) async fn webhooks(State(server): Context, Path(id): Path<String>) -> ControlResult {
    ok(find(&server, &id)?.webhooks())
}

/// Responds when the delivery was sent.
pub(super) async fn redeliver(
    State(server): Context,
    Path((id, number)): Path<(String, String)>,
) -> ControlResult {
    let world = find(&server, &id)?;
    if !number.parse().is_ok_and(|number| world.redeliver(number)) {
        return Err(ControlError::not_found(format!("there is no delivery {number}")));
    }
    world.settled().await;
    ok(world.webhooks())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Verification {
    expect: Expect,
}

pub(super) async fn verify(
    State(server): Context,
    Path(id): Path<String>,
    ControlBody(body): ControlBody,
) -> ControlResult {
    let world = find(&server, &id)?;
    let verification: Verification = parse_required(&body)?;
    ok(world.verify(&verification.expect))
}
