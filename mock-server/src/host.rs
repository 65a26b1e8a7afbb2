//! A page in a browser may make requests to this machine under another name of its own (DNS
//! rebinding): such requests are refused, unless the server was opened to other machines.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::HOST;
use http::uri::Authority;
use serde_json::json;

use crate::server::Server;

pub(crate) async fn check(
    State(server): State<Arc<Server>>,
    request: Request,
    next: Next,
) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if server.public || is_local(host) {
        return next.run(request).await;
    }
    let message = "The mock server answers only to the names of this machine.";
    (StatusCode::FORBIDDEN, axum::Json(json!({"code": 403, "message": message}))).into_response()
}

/// Whether the host of a request, with or without a port, is this machine.
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
