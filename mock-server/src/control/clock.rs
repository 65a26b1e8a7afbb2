//! A world's clock, over HTTP.

use std::time::Duration;

use axum::extract::{Path, State};
use http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Refusal, Shared, check, ok, parse, world};
use crate::clock::ClockMode;
use crate::scenario::Span;
use crate::world::World;

fn clock_json(world: &World) -> Value {
    let state = world.state();
    json!({
        "mode": state.clock.mode(),
        "now": state.clock.now().to_string(),
        "elapsed_seconds": state.clock.elapsed().as_secs_f64(),
    })
}

pub(super) async fn clock(State(server): Shared, Path(id): Path<String>) -> Answer {
    ok(clock_json(&world(&server, &id)?))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ClockChange {
    mode: Option<ClockMode>,
    advance: Option<Span>,
    to: Option<Timestamp>,
}

pub(super) async fn set_clock(
    State(server): Shared,
    Path(id): Path<String>,
    body: String,
) -> Answer {
    let world = world(&server, &id)?;
    let change: ClockChange = parse(&body)?;
    let now = world.state().clock.now();
    // Judged before anything is changed.
    let ahead = match change.to {
        None => Duration::ZERO,
        Some(to) => Duration::try_from(to.duration_since(now)).map_err(|_| {
            Refusal(StatusCode::BAD_REQUEST, format!("{to} is past; it is {now} already"))
        })?,
    };
    if let Some(mode) = change.mode {
        check(mode.check())?;
        world.set_clock(mode);
    }
    world.advance(ahead.saturating_add(change.advance.unwrap_or_default().0));
    world.settled().await;
    ok(clock_json(&world))
}
