//! A request that was received to its end.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use futures_util::StreamExt as _;
use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http::{HeaderMap, Method, Uri};
use hyper::body::Body as _;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::route::Route;
use crate::response::Response;
use crate::stored_file::{BodyError, FileContent, ReceivedBody};
use crate::world::recorded_head::RequestHeaders;

/// The largest file, as in official code.
pub(super) const MAX_FILE: u64 = 200 * 1024 * 1024;
/// How much a multipart form can add to the file in it.
const MAX_FORM: u64 = 64 * 1024;
/// The largest count: the largest whole number that every JSON parser reads exactly.
const MAX_COUNT: u64 = (1 << 53) - 1;
/// The largest time in milliseconds.
const MAX_MILLIS: u64 = 999_999_999_999_999;
/// The largest body of any other request.
const MAX_JSON: u64 = 20 * 1024 * 1024;

/// A request that was received to its end.
#[derive(Clone)]
pub(super) struct ReceivedRequest {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    /// The headers as the journal keeps them.
    pub(super) recorded: Arc<RequestHeaders>,
    /// The base URL of URLs in the response.
    pub(super) base_url: Arc<str>,
    pub(super) body: ReceivedBody,
    /// The file in a multipart body, or why it cannot be read.
    pub(super) file: Option<Result<MultipartFile, String>>,
}

/// A file in a multipart body.
#[derive(Clone)]
pub(super) struct MultipartFile {
    pub(super) name: String,
    pub(super) content_type: String,
    pub(super) body: ReceivedBody,
}

impl ReceivedRequest {
    pub(super) fn new(
        parts: Parts,
        base_url: Arc<str>,
        body: ReceivedBody,
        recorded: Arc<RequestHeaders>,
    ) -> Self {
        Self {
            method: parts.method,
            uri: parts.uri,
            headers: parts.headers,
            recorded,
            base_url,
            body,
            file: None,
        }
    }

    pub(super) fn query(&self) -> &str {
        self.uri.query().unwrap_or_default()
    }

    /// Returns the fields of a body that must be a JSON object.
    pub(super) fn fields(&self) -> Result<Fields, Response> {
        match self.json() {
            Some(Value::Object(fields)) => Ok(Fields(fields)),
            _ => Err(Response::error(400, "the body must be a JSON object")),
        }
    }

    /// Returns the body if it is JSON.
    pub(super) fn json(&self) -> Option<Value> {
        match &self.body.content {
            FileContent::Memory(bytes) => serde_json::from_slice(bytes).ok(),
            FileContent::Disk(..) | FileContent::Ranges(_) => None,
        }
    }

    /// Returns a header if it is text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns a query parameter.
    pub(super) fn query_parameter(&self, name: &str) -> Option<String> {
        self.query().split('&').find_map(|pair| {
            let (found, value) = pair.split_once('=')?;
            let text = percent_encoding::percent_decode_str(value).decode_utf8_lossy();
            (found == name).then(|| text.into_owned())
        })
    }
}

/// The fields of a JSON object. A field of the wrong type is an error; null is an absent field.
pub(super) struct Fields(pub(super) Map<String, Value>);

impl Fields {
    fn get<'f, T>(
        &'f self,
        name: &str,
        expected: &str,
        convert: impl FnOnce(&'f Value) -> Option<T>,
    ) -> Result<Option<T>, Response> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match convert(value) {
                Some(converted) => Ok(Some(converted)),
                None => Err(Response::error(400, &format!("{name} must be {expected}"))),
            },
        }
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Response> {
        self.get(name, "a string without NUL characters", text)
    }

    pub(super) fn object(&self, name: &str) -> Result<Option<&Map<String, Value>>, Response> {
        self.get(name, "an object", Value::as_object)
    }

    /// Refuses NUL characters in any value, whatever its name.
    pub(super) fn check_nul(&self) -> Result<(), Response> {
        let has_nul = self.0.iter().any(|(name, value)| name.contains('\0') || contains_nul(value));
        if has_nul {
            return Err(Response::error(400, "the body must not contain NUL characters"));
        }
        Ok(())
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, Response> {
        Ok(self.get(name, "true or false", Value::as_bool)?.unwrap_or(false))
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<f64>, Response> {
        self.get(name, "a number", Value::as_f64)
    }

    pub(super) fn count(&self, name: &str) -> Result<Option<u64>, Response> {
        self.get(name, "a whole number from 0 to 9007199254740991", |value| {
            // 5.0 is a whole number in JSON.
            let whole = value.as_f64().filter(|number| number.fract() == 0.0 && *number >= 0.0);
            let count = value.as_u64().or_else(|| whole.map(|number| number as u64))?;
            (count <= MAX_COUNT).then_some(count)
        })
    }

    pub(super) fn texts(&self, name: &str) -> Result<Option<Vec<&str>>, Response> {
        self.get(name, "a list of strings", |value| value.as_array()?.iter().map(text).collect())
    }

    pub(super) fn time(&self, name: &str) -> Result<Option<Timestamp>, Response> {
        let expected = "a date and time such as 2026-01-31T09:00:00Z";
        self.get(name, expected, |value| value.as_str()?.parse().ok())
    }

    /// Returns a time in milliseconds since 1970, as a string or a number.
    pub(super) fn millis(&self, name: &str) -> Result<Option<i64>, Response> {
        self.get(name, "milliseconds since 1970", |value| {
            let whole = value.as_f64().filter(|number| number.fract() == 0.0);
            let millis = value.as_i64().or(whole.map(|number| number as i64)).or_else(|| {
                let text = value.as_str().filter(|text| !text.starts_with('+'))?;
                text.parse().ok()
            })?;
            (millis.unsigned_abs() <= MAX_MILLIS).then_some(millis)
        })
    }
}

/// Returns a string without NUL characters.
fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.contains('\0'))
}

fn contains_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(contains_nul),
        Value::Object(fields) => {
            fields.iter().any(|(name, value)| name.contains('\0') || contains_nul(value))
        }
        _ => false,
    }
}

/// Reads the body. Returns an error response if it is too large or incomplete.
pub(super) async fn read_body(
    route: &Route,
    headers: &HeaderMap,
    body: Body,
    timeout: Duration,
) -> Result<ReceivedBody, Response> {
    if body.is_end_stream() {
        return Ok(ReceivedBody::empty());
    }
    let limit = match route {
        Route::MultipartUpload => MAX_FILE + MAX_FORM,
        Route::Put { .. } => MAX_FILE,
        _ => MAX_JSON,
    };
    let announced =
        headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > limit) {
        return Err(error_response(BodyError::TooLarge));
    }
    ReceivedBody::read(body.into_data_stream(), limit, timeout).await.map_err(error_response)
}

fn error_response(error: BodyError) -> Response {
    match error {
        BodyError::TooLarge => Response::error(413, "the body is too large"),
        BodyError::Timeout => Response::error(408, "the body took too long").close(),
        BodyError::Incomplete => Response::error(400, "the body is incomplete"),
        BodyError::Storage(error) => {
            Response::error(500, &format!("the mock server cannot store the body: {error}"))
        }
    }
}

/// Reads this many bytes of the body. Returns the rest unread.
pub(super) async fn skip(body: Body, bytes: u64) -> Option<Body> {
    let mut stream = body.into_data_stream();
    let mut skipped = 0;
    while skipped < bytes {
        skipped += stream.next().await?.ok()?.len() as u64;
    }
    Some(Body::from_stream(stream))
}
