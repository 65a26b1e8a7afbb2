//! Faults that change what a response says.

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::clock::http_date;
use crate::response::{Response, ResponseBody};
use crate::scenario::{Body, ResponseMutation, RetryAfter, StatusResponse};

/// The most bytes that a fault adds to a response.
const MAX_SIZE: usize = 64 * 1024 * 1024;

/// Returns a response with the fault's status. `now` is the world's time.
pub(crate) fn status_response(fault: &StatusResponse, now: Timestamp) -> Response {
    let message = reason(fault.status);
    let mut response = match fault.body.as_ref().unwrap_or(&Body::Json) {
        Body::Json => Response::error(fault.status, message),
        Body::Html => {
            Response::typed(fault.status, "text/html", gateway_page(fault.status, message))
        }
        Body::Empty => {
            Response { headers: Vec::new(), ..Response::typed(fault.status, "", Bytes::new()) }
        }
        Body::WrongEnvelope => Response::json(fault.status, &json!({"detail": [{"msg": message}]})),
        Body::Text(text) => Response::typed(fault.status, "text/plain", text.clone()),
        Body::Value(value) => Response::json(fault.status, value),
    };
    if let Some(retry_after) = &fault.retry_after {
        response = response.header(RETRY_AFTER, retry_after_text(retry_after, now));
    }
    if let Some(location) = &fault.location {
        response = response.header(LOCATION, location.clone());
    }
    response
}

fn retry_after_text(retry_after: &RetryAfter, now: Timestamp) -> String {
    match retry_after {
        RetryAfter::Seconds(span) => span.0.as_secs().to_string(),
        RetryAfter::Date { date } => http_date(now.saturating_add(date.0).unwrap_or(now)),
        RetryAfter::Raw { raw } => {
            // A value that no header can have is replaced by an empty one.
            HeaderValue::from_bytes(raw.as_bytes()).map(|_| raw.clone()).unwrap_or_default()
        }
    }
}

fn gateway_page(status: u16, message: &str) -> String {
    format!(
        "<html>\r\n<head><title>{status} {message}</title></head>\r\n<body>\r\n\
         <center><h1>{status} {message}</h1></center>\r\n</body>\r\n</html>\r\n"
    )
}

fn reason(status: u16) -> &'static str {
    http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("Error")
}

/// Returns the changed response. Mutations of JSON leave other responses as they are.
pub(crate) fn apply(response: Response, fault: &ResponseMutation) -> Response {
    match fault {
        ResponseMutation::ContentType(kind) => {
            without_type(response).header(CONTENT_TYPE, kind.clone())
        }
        ResponseMutation::NoContentType => without_type(response),
        ResponseMutation::GzipCorrupt => response.header(CONTENT_ENCODING, "gzip"),
        ResponseMutation::HugeHeader(length) => {
            response.header(HeaderName::from_static("x-huge"), "x".repeat((*length).min(MAX_SIZE)))
        }
        ResponseMutation::Corrupt => {
            let length = usize::try_from(response.length()).unwrap_or(MAX_SIZE).min(MAX_SIZE);
            Response { body: ResponseBody::Bytes(vec![b'x'; length].into()), ..response }
        }
        // The download handler applies it.
        ResponseMutation::RangeIgnored => response,
        _ => {
            let ResponseBody::Bytes(bytes) = &response.body else { return response };
            match mutated(bytes, fault) {
                Some(bytes) => Response { body: ResponseBody::Bytes(bytes), ..response },
                None => response,
            }
        }
    }
}

fn without_type(mut response: Response) -> Response {
    response.headers.retain(|(name, _)| name != CONTENT_TYPE);
    response
}

fn mutated(bytes: &Bytes, fault: &ResponseMutation) -> Option<Bytes> {
    match fault {
        ResponseMutation::TruncateJson(length) => Some(bytes.slice(..(*length).min(bytes.len()))),
        ResponseMutation::InvalidUtf8 => Some(joined(&[bytes, b"\xff\xfe"])),
        ResponseMutation::ByteOrderMark => Some(joined(&[b"\xef\xbb\xbf", bytes])),
        ResponseMutation::TrailingGarbage => Some(joined(&[bytes, b"}garbage"])),
        ResponseMutation::Huge(length) => {
            Some(joined(&[&vec![b' '; (*length).min(MAX_SIZE)], bytes]))
        }
        ResponseMutation::Deep(depth) => {
            let depth = (*depth).min(MAX_SIZE / 2);
            let field = format!("{{\"deep\":{}{},", "[".repeat(depth), "]".repeat(depth));
            Some(joined(&[field.as_bytes(), bytes.strip_prefix(b"{")?]))
        }
        ResponseMutation::DuplicateKeys => {
            let json: Value = serde_json::from_slice(bytes).ok()?;
            let keys = json.as_object()?.keys();
            let nulls: String = keys.map(|key| format!("{}:null,", Value::from(&**key))).collect();
            Some(joined(&[b"{", nulls.as_bytes(), bytes.strip_prefix(b"{")?]))
        }
        _ => {
            let mut json: Value = serde_json::from_slice(bytes).ok()?;
            mutate_json(&mut json, fault);
            Some(Bytes::from(json.to_string()))
        }
    }
}

fn joined(parts: &[&[u8]]) -> Bytes {
    Bytes::from(parts.concat())
}

fn mutate_json(json: &mut Value, fault: &ResponseMutation) {
    match fault {
        ResponseMutation::NumbersAsStrings => return numbers_to_strings(json),
        ResponseMutation::EnvelopeError { code, message } => {
            *json = json!({"code": code, "message": message});
            return;
        }
        ResponseMutation::Merge(values) => return merge(json, values),
        ResponseMutation::Remove(pointers) => {
            return pointers.iter().for_each(|pointer| remove(json, pointer));
        }
        _ => {}
    }
    let Some(data) = json.get_mut("data") else { return };
    match fault {
        ResponseMutation::DataNull => *data = Value::Null,
        ResponseMutation::MissingId => {
            if let Some(fields) = data.as_object_mut() {
                fields.remove("id");
            }
        }
        ResponseMutation::WrongId => set(data, "id", json!("00000000000000000000000000000000")),
        ResponseMutation::StatusRegress => set(data, "status", json!("created")),
        ResponseMutation::UnknownStatus(word) => set(data, "status", json!(word)),
        ResponseMutation::OutputsNull => set(data, "outputs", Value::Null),
        ResponseMutation::OutputsEmpty => set(data, "outputs", json!([])),
        ResponseMutation::OutputsObjects => {
            if let Some(outputs) = data.get_mut("outputs").and_then(Value::as_array_mut) {
                for output in outputs {
                    *output = json!({"url": output.take()});
                }
            }
        }
        _ => {}
    }
}

fn set(data: &mut Value, name: &str, value: Value) {
    if let Some(fields) = data.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}

fn numbers_to_strings(json: &mut Value) {
    match json {
        Value::Number(number) => *json = Value::String(number.to_string()),
        Value::Array(items) => items.iter_mut().for_each(numbers_to_strings),
        Value::Object(fields) => fields.values_mut().for_each(numbers_to_strings),
        _ => {}
    }
}

fn merge(json: &mut Value, values: &Value) {
    match (json, values) {
        (Value::Object(fields), Value::Object(values)) => {
            for (name, value) in values {
                merge(fields.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (json, value) => *json = value.clone(),
    }
}

/// Removes the value that a JSON pointer points at, if there is one.
fn remove(json: &mut Value, pointer: &str) {
    let Some((parent, name)) = pointer.rsplit_once('/') else { return };
    match json.pointer_mut(parent) {
        Some(Value::Object(fields)) => {
            fields.remove(&name.replace("~1", "/").replace("~0", "~"));
        }
        Some(Value::Array(items)) => {
            if let Some(index) = name.parse().ok().filter(|index| *index < items.len()) {
                items.remove(index);
            }
        }
        _ => {}
    }
}
