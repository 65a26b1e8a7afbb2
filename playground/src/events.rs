//! Events for the page. Each is the whole state of one thing, so that none is needed twice, and a
//! page that connects again misses nothing.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use tokio::sync::broadcast;

/// The most events that wait for a slow page. One that misses some gets the whole state.
const CAPACITY: usize = 256;

/// One event.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// What it is about: `job` or `quote`.
    pub(crate) name: &'static str,
    /// The state, with its `revision`.
    pub(crate) data: Value,
}

/// Sends events to all connected pages.
pub(crate) struct Events {
    sender: broadcast::Sender<Event>,
    revision: AtomicU64,
}

impl Default for Events {
    fn default() -> Self {
        Self { sender: broadcast::channel(CAPACITY).0, revision: AtomicU64::new(0) }
    }
}

impl Events {
    /// Sends the state of something.
    pub(crate) fn send(&self, name: &'static str, state: &Value) {
        // Fails if no page is connected.
        let _ = self.sender.send(self.event(name, state));
    }

    /// Returns an event with a revision that is larger than those of all before it.
    pub(crate) fn event(&self, name: &'static str, state: &Value) -> Event {
        let revision = self.revision.fetch_add(1, Ordering::Relaxed);
        Event { name, data: json!({ "revision": revision, "state": state }) }
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.sender.subscribe()
    }
}
