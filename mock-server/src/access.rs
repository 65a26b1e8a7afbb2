//! Decides which requests get in: by their `Host` header, and by their `Origin`.
//!
//! A web page can make requests to this machine under a name of its own (DNS rebinding), or from its
//! own origin. The mocked API responds to pages of allowed origins (CORS). The control API responds
//! to no other origin at all.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HOST, HeaderName, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version};
use serde_json::json;

use crate::context::{Peer, ServerContext};
use crate::digest::request_id_from;

/// The path of the control API.
pub(crate) const CONTROL_PATH: &str = "/_mock/v1";

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, OPTIONS");
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "accept-ranges, content-length, content-range, date, etag, retry-after, x-request-id",
);
const REQUEST_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-request-private-network");
const ALLOW_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-allow-private-network");

/// The header with the id of a request, in every response of the mocked API.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The base URL for the response to a request.
#[derive(Clone)]
pub(crate) struct BaseUrl(pub(crate) String);

/// Refuses requests with a wrong `Host` or `Origin`. Adds the headers of CORS to the responses of the
/// others, and a request id to those of the mocked API.
pub(crate) async fn check(
    State(server): State<Arc<ServerContext>>,
    request: Request,
    next: Next,
) -> Response {
    let is_control = is_control(&request);
    let mut response = respond(&server, request, next).await;
    // A world gives its requests an id. These belong to none.
    if !is_control && !response.headers().contains_key(X_REQUEST_ID) {
        let number = server.requests.fetch_add(1, Ordering::Relaxed);
        if let Ok(id) = HeaderValue::try_from(request_id_from("", 0, number)) {
            response.headers_mut().insert(X_REQUEST_ID, id);
        }
    }
    response
}

fn is_control(request: &Request) -> bool {
    request.uri().path().starts_with("/_mock/")
}

async fn respond(server: &ServerContext, mut request: Request, next: Next) -> Response {
    // The connection waits for no other request until this one is handled.
    let _active = request.extensions().get::<Peer>().map(|peer| peer.activity.start());
    let host = match single_host(request.headers(), request.version()) {
        Ok(host) => host.map(str::to_owned),
        Err(message) => return error(StatusCode::BAD_REQUEST, message),
    };
    let base_url = match &host {
        Some(host) => server.addresses.base_url_for(host),
        None => Some(server.addresses.base_url().to_owned()),
    };
    let Some(base_url) = base_url else {
        let message = format!(
            "The mock server does not accept the Host {:?}. Start it with --allow-host to add a name.",
            host.unwrap_or_default()
        );
        return error(StatusCode::FORBIDDEN, &message);
    };
    request.extensions_mut().insert(BaseUrl(base_url));
    let Some(origin) = request.headers().get(ORIGIN).cloned() else {
        return next.run(request).await;
    };
    let text = origin.to_str().unwrap_or_default();
    if is_control(&request) {
        let is_own = server.addresses.is_own_origin(text, host.as_deref().unwrap_or_default());
        if is_own {
            return next.run(request).await;
        }
        let message = "The control API does not accept requests of other origins.";
        return error(StatusCode::FORBIDDEN, message);
    }
    if !server.addresses.allows_origin(text) {
        return next.run(request).await;
    }
    let preflight = (*request.method() == Method::OPTIONS)
        .then(|| request.headers().get(ACCESS_CONTROL_REQUEST_METHOD))
        .flatten()
        .is_some();
    let mut response =
        if preflight { preflight_response(request.headers()) } else { next.run(request).await };
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    headers.append(VARY, HeaderValue::from_static("origin"));
    response
}

/// Returns the `Host` header. HTTP/1.1 requires exactly one.
fn single_host(headers: &HeaderMap, version: Version) -> Result<Option<&str>, &'static str> {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => {
            host.to_str().map(Some).map_err(|_| "The Host header must be ASCII text.")
        }
        (Some(_), Some(_)) => Err("A request must have one Host header, not several."),
        (None, _) if version == Version::HTTP_10 => Ok(None),
        (None, _) => Err("A request must have a Host header."),
    }
}

fn preflight_response(request: &HeaderMap) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    if let Some(names) = request.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
    }
    if request.contains_key(REQUEST_PRIVATE_NETWORK) {
        headers.insert(ALLOW_PRIVATE_NETWORK, HeaderValue::from_static("true"));
    }
    response
}

fn error(status: StatusCode, message: &str) -> Response {
    (status, axum::Json(json!({"code": status.as_u16(), "message": message}))).into_response()
}
