//! The rules by which requests get in: by their `Host` header, and by their `Origin`.
//!
//! A web page can make requests to this machine under a name of its own (DNS rebinding), or from its
//! own origin. The mocked API responds to pages of allowed origins (CORS). The control API responds
//! to no other origin at all.

use std::sync::Arc;

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, HOST, HeaderName,
};
use http::{HeaderMap, HeaderValue, StatusCode, Version};
use serde_json::json;

/// The path of the control API.
pub(crate) const CONTROL_PATH: &str = "/_mock/v1";

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, OPTIONS");
const REQUEST_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-request-private-network");
const ALLOW_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-allow-private-network");

/// The header with the id of a request, in every response of the mocked API.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The base URL for the response to a request.
#[derive(Clone)]
pub(crate) struct BaseUrl(pub(crate) Arc<str>);

/// Returns whether a request is to the control API or to a file of the dashboard.
pub(crate) fn is_control(request: &Request) -> bool {
    request.uri().path().starts_with("/_mock/")
}

/// Returns the `Host` header. HTTP/1.1 requires exactly one.
pub(crate) fn single_host(
    headers: &HeaderMap,
    version: Version,
) -> Result<Option<&HeaderValue>, &'static str> {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) if host.to_str().is_ok() => Ok(Some(host)),
        (Some(_), None) => Err("The Host header must be ASCII text."),
        (Some(_), Some(_)) => Err("A request must have one Host header, not several."),
        (None, _) if version == Version::HTTP_10 => Ok(None),
        (None, _) => Err("A request must have a Host header."),
    }
}

/// Returns the response to a preflight request of an allowed origin.
pub(crate) fn preflight_response(request: &HeaderMap) -> Response {
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

/// Returns the response to a request that does not get in.
pub(crate) fn error(status: StatusCode, message: &str) -> Response {
    (status, axum::Json(json!({"code": status.as_u16(), "message": message}))).into_response()
}
