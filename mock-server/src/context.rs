//! What all connections of a server share, and the check of the `Host` header.
//!
//! A web page can make requests to this machine under a name of its own (DNS rebinding). Requests
//! with such a name are refused, unless the server listens for other machines.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::HOST;
use http::uri::Authority;
use serde_json::json;

use crate::connection::Outbox;
use crate::world::registry::WorldRegistry;
use crate::world::state::WorldState;

/// What all connections of a server share.
pub(crate) struct ServerContext {
    pub(crate) base_url: String,
    /// Whether other machines can connect; then any `Host` is accepted.
    pub(crate) is_public: bool,
    pub(crate) worlds: WorldRegistry,
    /// How many connections there were.
    pub(crate) connections: AtomicU64,
}

/// The connection of a request.
#[derive(Clone, Default)]
pub(crate) struct Peer {
    pub(crate) outbox: Outbox,
    /// By a world's epoch: the connection's number in that world, and how many requests of the
    /// world it carried.
    numbers: Arc<Mutex<HashMap<u64, (u64, u64)>>>,
}

impl Peer {
    /// Returns the connection's number in the world, and whether it carried an earlier request.
    pub(crate) fn number_in(&self, state: &mut WorldState) -> (u64, bool) {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = numbers.entry(state.epoch).or_insert_with(|| (state.new_connection(), 0));
        entry.1 += 1;
        (entry.0, entry.1 > 1)
    }
}

/// Refuses requests whose `Host` header is not a name of this machine.
pub(crate) async fn check_host(
    State(server): State<Arc<ServerContext>>,
    request: Request,
    next: Next,
) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if server.is_public || is_local(host) {
        return next.run(request).await;
    }
    let message =
        format!("The mock server accepts only names of this machine as Host, got {host:?}.");
    (StatusCode::FORBIDDEN, axum::Json(json!({"code": 403, "message": message}))).into_response()
}

/// Returns whether a host, with or without a port, is this machine.
fn is_local(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host();
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn names_of_this_machine() {
        for host in ["localhost", "LocalHost:80", "127.0.0.1", "127.9.9.9:8080", "[::1]", "[::1]:1"]
        {
            assert!(is_local(host), "{host}");
        }
        for host in ["", "example.com", "127.example.com", "127.0.0.1.example.com:80", "10.0.0.1"] {
            assert!(!is_local(host), "{host}");
        }
    }
}
