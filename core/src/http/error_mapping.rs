//! Converts error responses, invalid responses and connection failures to errors.

use std::borrow::Cow;
use std::time::SystemTime;

use http::HeaderMap;
use serde_json::Value;

use super::body::FullResponse;
use super::envelope::{Envelope, integer};
use super::redirects::{self, is_redirect};
use super::retry_after::retry_after;
use super::transport::{Sent, TransportError};
use crate::error::{Error, ErrorKind, ResponseInfo};
use crate::protocol::Prediction;

/// The service's application code for an account without credits (third-party sources).
const INSUFFICIENT_CREDITS: i64 = 1407;

/// Returns the error for a response that is not a success; `operation` completes "… when …".
pub(crate) fn status_error(operation: &str, response: &FullResponse, envelope: &Envelope) -> Error {
    let text = envelope
        .json
        .as_ref()
        .and_then(message)
        .or_else(|| is_redirect(envelope.status).then(|| redirect(&response.headers)).flatten())
        .unwrap_or_else(|| excerpt(&response.body, &response.headers));
    let text = response.redactor.clean(text).into_owned();
    let app_code = envelope.json.as_ref().and_then(app_code);
    let kind = kind(envelope.status, app_code, &text);
    let is_page = text.starts_with(HTML_PAGE);
    let text = if text.is_empty() { String::new() } else { format!(": {text}") };
    let text = text.trim_end_matches('.');
    let end = if text.ends_with(['?', '!']) { "" } else { "." };
    let message = format!(
        "The service answered HTTP {} when {operation}{text}{end}{}",
        envelope.status,
        advice(kind, operation, is_page),
    );
    Error::new(kind, message)
        .with_http(response_info(response, envelope.status))
        .with_app_code(app_code)
}

/// Returns the text of a response without an envelope; empty if there is none.
pub(super) fn error_text(response: &FullResponse) -> String {
    let json = Envelope::of(response).json;
    json.as_ref().and_then(message).unwrap_or_else(|| excerpt(&response.body, &response.headers))
}

/// Returns the error for a success that cannot be parsed.
pub(crate) fn unexpected(operation: &str, response: &FullResponse, what: &str) -> Error {
    let message = format!(
        "The service's response when {operation} cannot be understood: {what} (HTTP {}).",
        response.status,
    );
    Error::new(ErrorKind::UnexpectedResponse, message)
        .with_http(response_info(response, response.status))
}

/// Returns why a success cannot be parsed, to complete a sentence.
pub(crate) fn describe_unexpected(response: &FullResponse, envelope: &Envelope) -> String {
    match &envelope.json {
        _ if response.body.is_empty() => "its body is empty".to_owned(),
        None => {
            let excerpt = excerpt(&response.body, &response.headers);
            format!("its body is not JSON but {}", response.redactor.clean(excerpt))
        }
        Some(json) if json.get("data").is_some_and(Value::is_null) => {
            "its `data` is null".to_owned()
        }
        Some(_) => "it contains no prediction with an id and a status".to_owned(),
    }
}

/// Removes the key from the error text of a prediction.
pub(crate) fn without_key(mut prediction: Prediction, response: &FullResponse) -> Prediction {
    prediction.error = prediction.error.map(|text| response.redactor.clean(text).into_owned());
    prediction
}

/// Returns the error for an exchange that failed or timed out.
pub(crate) fn connection_error(operation: &str, error: TransportError) -> Error {
    let (kind, verb) = if error.timed_out {
        (ErrorKind::RequestTimeout, "took too long")
    } else {
        (ErrorKind::Connection, "failed")
    };
    // A server that cannot be reached may be the wrong one.
    let advice = match (kind, error.sent) {
        (ErrorKind::Connection, Sent::No) => " Check the network and the base URL.",
        _ => "",
    };
    let connection = error.connection();
    let message = format!("The {connection} {verb} when {operation}: {error}.{advice}");
    Error::new(kind, message).with_source(error)
}

fn kind(status: u16, app_code: Option<i64>, text: &str) -> ErrorKind {
    if (400..500).contains(&status)
        && (status == 402 || app_code == Some(INSUFFICIENT_CREDITS) || is_about_credits(text))
    {
        return ErrorKind::InsufficientCredits;
    }
    match status {
        400 | 422 => ErrorKind::BadRequest,
        401 => ErrorKind::Authentication,
        403 => ErrorKind::PermissionDenied,
        404 => ErrorKind::NotFound,
        429 => ErrorKind::RateLimit,
        500..=599 => ErrorKind::Server,
        _ => ErrorKind::ApiStatus,
    }
}

/// Returns whether a message is about credits ("insufficient balance"), and not about permissions.
fn is_about_credits(text: &str) -> bool {
    let text = text.to_lowercase();
    text.contains("insufficient")
        && !["permission", "privilege", "scope", "role", "access"]
            .iter()
            .any(|word| text.contains(word))
}

fn advice(kind: ErrorKind, operation: &str, is_page: bool) -> &'static str {
    match kind {
        // The API responds in JSON. A gateway sends a page with 5xx.
        ErrorKind::NotFound | ErrorKind::ApiStatus if is_page => " Check the base URL.",
        ErrorKind::Authentication => " Check the API key (`api_key` or WAVESPEED_API_KEY).",
        ErrorKind::InsufficientCredits => " Top up the account.",
        ErrorKind::PermissionDenied => {
            " The key may not do this, or the account is suspended: see the account's page."
        }
        ErrorKind::RateLimit => " Send fewer requests, or raise the account's tier.",
        ErrorKind::BadRequest => " Correct the input.",
        ErrorKind::NotFound if operation.starts_with("submitting") => " Check the model's id.",
        ErrorKind::NotFound if operation.contains("job") => {
            " The id may be wrong, or older than seven days."
        }
        ErrorKind::Server => " Try again later.",
        _ => "",
    }
}

fn response_info(response: &FullResponse, status: u16) -> ResponseInfo {
    let cut = response.body.get(..ResponseInfo::MAX_BODY).unwrap_or(&response.body);
    ResponseInfo {
        status,
        request_id: request_id(&response.headers),
        retry_after: retry_after(&response.headers, SystemTime::now()),
        body: response.redactor.clean(String::from_utf8_lossy(cut)).into_owned(),
    }
}

/// Returns the request id of a response.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<String> {
    let header = |name: &str| Some(headers.get(name)?.to_str().ok()?.to_owned());
    header("x-request-id").or_else(|| header("request-id")).filter(|id| !id.is_empty())
}

/// Returns the message in an error body, in any of the formats of the service and its gateway.
fn message(json: &Value) -> Option<String> {
    let message_text = match json {
        Value::String(text) => text.clone(),
        Value::Array(items) => join(items),
        Value::Object(map) => {
            if let (Some(Value::Array(path)), Some(text)) = (map.get("loc"), map.get("msg")) {
                return Some(shorten(&at_field(path, &message(text)?)));
            }
            let text = ["message", "error", "detail", "errors", "msg", "title"]
                .iter()
                .find_map(|name| map.get(*name).and_then(message))?;
            match map.get("error_code").and_then(Value::as_str) {
                Some(code) => format!("{text} [{code}]"),
                None => text,
            }
        }
        _ => return None,
    };
    let message_text = message_text.trim();
    (!message_text.is_empty()).then(|| shorten(message_text))
}

fn join(items: &[Value]) -> String {
    items.iter().filter_map(message).collect::<Vec<_>>().join("; ")
}

/// Adds the field to a message in FastAPI's form: `{"loc": ["body", "video"], "msg": …}`.
fn at_field(path: &[Value], text: &str) -> String {
    let names: Vec<String> = path
        .iter()
        .enumerate()
        .filter(|(at, name)| {
            !(*at == 0 && matches!(name.as_str(), Some("body" | "query" | "path")))
        })
        .map(|(_, name)| name.as_str().map_or_else(|| name.to_string(), str::to_owned))
        .collect();
    if names.is_empty() { text.to_owned() } else { format!("`{}`: {text}", names.join(".")) }
}

/// Returns the target of a redirect without the query, which can contain secrets.
fn redirect(headers: &HeaderMap) -> Option<String> {
    let to = redirects::location(headers)?;
    let to = to.split(['?', '#']).next().unwrap_or_default();
    Some(format!(
        "it redirects to {}, which the client does not follow. If that is the right service, set the base \
         URL to it",
        shorten(to)
    ))
}

/// Returns the application code in an error body: in `data`, or in the envelope if it is not in the
/// range of HTTP statuses.
fn app_code(json: &Value) -> Option<i64> {
    let inner = json.get("data").and_then(|data| data.get("code")).and_then(integer);
    inner.or_else(|| json.get("code").and_then(integer)).filter(|code| *code >= 1000)
}

/// How a page is described.
const HTML_PAGE: &str = "a page of HTML";

/// Returns whether a body is a web page or the error of a storage service.
pub(super) fn is_error_page(body: &[u8]) -> bool {
    let text = beginning(body);
    let text = without_mark(&text);
    let lower = text.get(..15).unwrap_or(text).to_ascii_lowercase();
    xml_error(text).is_some() || ["<!doctype html", "<html"].iter().any(|it| lower.starts_with(it))
}

fn beginning(body: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(body.get(..512).unwrap_or(body))
}

/// Returns the text without a byte order mark, which Azure puts before its errors.
fn without_mark(text: &str) -> &str {
    text.trim_start_matches('\u{feff}').trim()
}

/// Returns the beginning of a body that is not JSON. For HTML, only says so.
fn excerpt(body: &[u8], headers: &HeaderMap) -> String {
    let is_html = headers
        .get(http::header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.contains("html"));
    let text = beginning(body);
    let text = without_mark(&text);
    if let Some(error) = xml_error(text) {
        return shorten(&error);
    }
    if is_html || text.starts_with('<') {
        return match title(text) {
            Some(title) => format!("{HTML_PAGE} (\"{title}\")"),
            None => HTML_PAGE.to_owned(),
        };
    }
    if text.is_empty() { String::new() } else { format!("\"{}\"", shorten(text)) }
}

pub(super) fn title(html: &str) -> Option<&str> {
    element(html, "title")
}

/// Returns the code and the message in the error of a storage service (S3's form).
pub(super) fn xml_error(text: &str) -> Option<String> {
    if !text.starts_with('<') || !text.contains("<Error") {
        return None;
    }
    match (element(text, "Code")?, element(text, "Message")) {
        (code, Some(message)) => Some(format!("{code}: {message}")),
        (code, None) => Some(code.to_owned()),
    }
}

/// Returns the text of the first element with that name.
fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let start = format!("<{name}>");
    let rest = text.get(text.find(&start)? + start.len()..)?;
    let content = rest.get(..rest.find(&format!("</{name}>"))?)?.trim();
    (!content.is_empty()).then_some(content)
}

/// Shortens a text to one line of at most 200 characters.
fn shorten(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

#[cfg(test)]
mod tests;
