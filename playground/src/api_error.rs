//! The errors of the page's API: a status, a stable code, and a sentence that says what to do.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Map, Value, json};
use viseme::ErrorKind;

/// An error response.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// Further fields of the error.
    pub(crate) details: Map<String, Value>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), details: Map::new() }
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_input", message)
    }

    /// An operation of this machine failed; `doing` completes "Cannot …".
    pub(crate) fn local(doing: &str, error: &std::io::Error) -> Self {
        let message = format!("Cannot {doing}: {error}.");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "local", message)
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    /// Returns the error as the page shows it.
    pub(crate) fn to_json(&self) -> Value {
        let mut error = self.details.clone();
        error.insert("code".to_owned(), self.code.into());
        error.insert("message".to_owned(), self.message.as_str().into());
        Value::Object(error)
    }
}

impl From<&viseme::Error> for ApiError {
    fn from(error: &viseme::Error) -> Self {
        let status = match error.kind() {
            ErrorKind::InvalidInput => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::BAD_GATEWAY,
        };
        let mut found = Self::new(status, error.code(), error.message());
        if !error.violations().is_empty() {
            found = found.with("violations", json!(error.violations()));
        }
        if let Some(id) = error.job_id() {
            found = found.with("job_id", id);
        }
        let candidates: Vec<_> = error.candidates().map(|job| job.id.as_str()).collect();
        if !candidates.is_empty() {
            found = found.with("candidates", json!(candidates));
        }
        found
    }
}

impl From<viseme::Error> for ApiError {
    fn from(error: viseme::Error) -> Self {
        Self::from(&error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.to_json() }))).into_response()
    }
}
