//! The events of a world as server-sent events.

use std::convert::Infallible;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::stream;
use http::HeaderMap;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::query::Query;
use super::worlds::find;
use super::{Context, ControlError};
use crate::world::World;

/// How long events are collected before they are sent.
const COLLECT: Duration = Duration::from_millis(50);
/// How often something is sent at least, so that a lost connection is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How many clients can read the events of a world at once.
const MAX_WATCHERS: usize = 64;

/// A client that reads events.
struct Watcher {
    world: World,
    /// The last event that was sent.
    position: u64,
    /// Exchanges up to this event were reported as missed.
    reported: u64,
    /// Whether there are more events than were sent at once.
    more: bool,
    sent: Instant,
    ticks: Interval,
}

impl Watcher {
    /// Returns `None` if there are too many already.
    fn new(world: World, position: u64) -> Option<Self> {
        let count = &world.shared.watchers;
        let fits = |count| (count < MAX_WATCHERS).then_some(count + 1);
        count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).ok()?;
        let mut ticks = interval(COLLECT);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Some(Self { world, position, reported: 0, more: false, sent: Instant::now(), ticks })
    }

    /// Returns the next text to send. Returns `None` when the world is removed.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.world.is_stopped() {
                return None;
            }
            if !std::mem::take(&mut self.more) {
                self.ticks.tick().await;
            }
            if let Some((text, reported)) = self.missed() {
                self.reported = reported;
                self.more = true;
                return Some(text);
            }
            if let Some((frame, more)) = self.world.frame_after(self.position) {
                (self.position, self.more) = (frame.last, more);
                if !frame.text.is_empty() {
                    self.sent = Instant::now();
                    return Some(frame.text);
                }
            } else if self.sent.elapsed() >= KEEP_ALIVE {
                self.sent = Instant::now();
                return Some(Bytes::from_static(b": no event\n\n"));
            }
        }
    }

    fn missed(&self) -> Option<(Bytes, u64)> {
        if self.position < self.reported {
            return None;
        }
        self.world.missed_event(self.position)
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.world.shared.watchers.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Sends the events after `Last-Event-ID`, or after `since`: all of them by default, or those from now
/// on with `since=latest`.
pub(super) async fn events(
    State(server): Context,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, ControlError> {
    let world = find(&server, &id)?;
    let query = Query::parse(query.as_deref(), &["since"])?;
    let header = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let position = match header.or(query.get("since")) {
        Some("latest") => world.last_event(),
        // The client gets everything again if its id is of an earlier run of the server.
        Some(id) => world.event_id(id).unwrap_or_default(),
        None => 0,
    };
    let watcher = Watcher::new(world, position).ok_or_else(|| {
        ControlError::too_many(format!("at most {MAX_WATCHERS} clients can read the events"))
    })?;
    let texts = stream::unfold(watcher, |mut watcher| async move {
        let text = watcher.next().await?;
        Some((Ok::<_, Infallible>(text), watcher))
    });
    let headers = [(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-store")];
    Ok((headers, Body::from_stream(texts)).into_response())
}
