//! Parses the responses of requests that can be retried.

use std::time::SystemTime;

use http::header::DATE;
use serde_json::{Map, Value};

use super::body::Exchange;
use super::envelope::{Envelope, integer};
use super::error_mapping::{connection_error, status_error, unexpected};
use super::retry::RequestFailure;

/// Parses the `data` of a response; `operation` completes "… when …". A success that `parse`
/// rejects is temporary: gateways sometimes respond in place of the service.
pub(crate) fn classify<T>(
    operation: &str,
    exchange: Exchange,
    parse: impl FnOnce(Value) -> Option<T>,
) -> Result<T, RequestFailure> {
    let response =
        exchange.map_err(|error| RequestFailure::Transient(connection_error(operation, error)))?;
    let envelope = Envelope::of(&response);
    if envelope.is_success() {
        let data = envelope.json.and_then(|mut json| json.get_mut("data").map(Value::take));
        return data.and_then(parse).ok_or_else(|| {
            let what = "it does not contain the requested data";
            RequestFailure::Transient(unexpected(operation, &response, what))
        });
    }
    let error = status_error(operation, &response, &envelope);
    Err(RequestFailure::from_status(envelope.status, error))
}

/// Returns the time of the server that a response states, also that of an error.
pub(crate) fn server_time(
    operation: &str,
    exchange: Exchange,
) -> crate::error::Result<Option<SystemTime>> {
    let response = exchange.map_err(|error| connection_error(operation, error))?;
    let date = response.headers.get(DATE).and_then(|date| date.to_str().ok());
    Ok(date.and_then(|date| httpdate::parse_http_date(date).ok()))
}

/// Removes and returns a field if it can be parsed. Otherwise it stays, and ends up in `extra`.
pub(super) fn take<T>(
    fields: &mut Map<String, Value>,
    name: &str,
    read: impl Fn(&Value) -> Option<T>,
) -> Option<T> {
    let value = fields.get(name)?;
    let read = if value.is_null() { None } else { Some(read(value)?) };
    fields.remove(name);
    read
}

pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Returns a number, also if it is a string.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        _ => None,
    }
}

pub(super) fn count(value: &Value) -> Option<u64> {
    integer(value).and_then(|count| u64::try_from(count).ok())
}

pub(super) fn moment(value: &Value) -> Option<SystemTime> {
    let timestamp: jiff::Timestamp = value.as_str()?.parse().ok()?;
    Some(timestamp.into())
}

/// Formats a time as the API expects it: `2025-10-01T00:00:00Z`.
pub(super) fn date(at: SystemTime) -> String {
    jiff::Timestamp::try_from(at).unwrap_or_default().to_string()
}
