//! What the routes read of requests.

use std::collections::HashMap;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use http::Uri;

use crate::api_error::ApiError;

pub(crate) type Result<T> = std::result::Result<T, ApiError>;
pub(crate) type JsonBody<T> = std::result::Result<Json<T>, JsonRejection>;

/// Returns the JSON of a request.
pub(crate) fn parsed<T>(body: JsonBody<T>) -> Result<T> {
    body.map(|Json(value)| value).map_err(|rejection| {
        ApiError::new(rejection.status(), "bad_request", rejection.body_text())
    })
}

/// Returns the parameters of a URL.
pub(crate) fn query(uri: &Uri) -> HashMap<String, String> {
    let text = uri.query().unwrap_or_default();
    url::form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}
