//! A world's webhooks, over HTTP.

use axum::extract::{Path, State};
use http::StatusCode;

use super::{Answer, Refusal, Shared, ok, world};

pub(super) async fn webhooks(State(server): Shared, Path(id): Path<String>) -> Answer {
    ok(world(&server, &id)?.webhooks())
}

/// Answers when the delivery was sent.
pub(super) async fn redeliver(
    State(server): Shared,
    Path((id, number)): Path<(String, u64)>,
) -> Answer {
    let world = world(&server, &id)?;
    if !world.redeliver(number) {
        let message = format!("there is no delivery {number}");
        return Err(Refusal(StatusCode::NOT_FOUND, message));
    }
    world.settled().await;
    ok(world.webhooks())
}
