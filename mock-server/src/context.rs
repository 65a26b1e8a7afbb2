//! What all connections of a server share.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderValue;

use crate::addresses::Addresses;
use crate::connection::{Activity, Outbox};
use crate::known_headers::KnownHeaders;
use crate::world::registry::WorldRegistry;
use crate::world::state::WorldState;

/// What all connections of a server share.
pub(crate) struct ServerContext {
    pub(crate) addresses: Addresses,
    pub(crate) worlds: WorldRegistry,
    /// How long a client may pause within a request.
    pub(crate) request_timeout: Duration,
    /// How many connections there were.
    pub(crate) connections: AtomicU64,
    /// How many requests belonged to no world.
    pub(crate) requests: AtomicU64,
    /// The URL of the playground that uses this server, if there is one.
    pub(crate) playground_url: Option<String>,
}

/// A `Host` header, and the base URL of the responses to its requests.
type HostUrl = (HeaderValue, Arc<str>);

/// The connection of a request.
#[derive(Clone, Default)]
pub(crate) struct Peer {
    pub(crate) outbox: Outbox,
    pub(crate) activity: Activity,
    /// By a world's epoch: the connection's number in that world, and how many requests of the
    /// world it carried.
    numbers: Arc<Mutex<HashMap<u64, (u64, u64)>>>,
    /// The last accepted `Host` header, and the base URL for it.
    base_url: Arc<Mutex<Option<HostUrl>>>,
    /// The headers of its last poll.
    known_headers: Arc<Mutex<Option<KnownHeaders>>>,
}

impl Peer {
    /// Returns the base URL of the response to a request with this `Host`, which a connection usually
    /// does not change. Returns `None` if the host is not accepted.
    pub(crate) fn base_url(&self, addresses: &Addresses, host: &HeaderValue) -> Option<Arc<str>> {
        let mut last = self.base_url.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, base_url)) = last.as_ref().filter(|(last, _)| last == host) {
            return Some(Arc::clone(base_url));
        }
        let base_url: Arc<str> = addresses.base_url_for(host.to_str().ok()?)?.into();
        // A copy: the header is a part of a larger buffer.
        let host = HeaderValue::from_bytes(host.as_bytes()).ok()?;
        *last = Some((host, Arc::clone(&base_url)));
        Some(base_url)
    }

    /// Returns what the headers of its last poll say, locked.
    pub(crate) fn known_headers(&self) -> MutexGuard<'_, Option<KnownHeaders>> {
        self.known_headers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the connection's number in the world, and whether it carried an earlier request.
    pub(crate) fn number_in(&self, state: &mut WorldState) -> (u64, bool) {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = numbers.entry(state.epoch).or_insert_with(|| (state.new_connection(), 0));
        entry.1 += 1;
        (entry.0, entry.1 > 1)
    }
}
