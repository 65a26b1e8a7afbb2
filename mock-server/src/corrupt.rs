//! Applies the faults that change what an answer says.

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::clock::http_date;
use crate::reply::{Reply, ReplyBody};
use crate::scenario::{Body, ResponseMutation, RetryAfter, StatusReply};

/// The most bytes that a fault adds to an answer.
const MAX_SIZE: usize = 64 * 1024 * 1024;

/// The answer with another status; `now` is the world's.
pub(crate) fn status_reply(fault: &StatusReply, now: Timestamp) -> Reply {
    let message = reason(fault.status);
    let mut reply = match fault.body.as_ref().unwrap_or(&Body::Json) {
        Body::Json => Reply::refusal(fault.status, message),
        Body::Html => Reply::typed(fault.status, "text/html", gateway_page(fault.status, message)),
        Body::Empty => {
            Reply { headers: Vec::new(), ..Reply::typed(fault.status, "", Bytes::new()) }
        }
        Body::WrongEnvelope => Reply::json(fault.status, &json!({"detail": [{"msg": message}]})),
        Body::Text(text) => Reply::typed(fault.status, "text/plain", text.clone()),
        Body::Value(value) => Reply::json(fault.status, value),
    };
    if let Some(retry_after) = &fault.retry_after {
        reply = reply.header(RETRY_AFTER, retry_after_text(retry_after, now));
    }
    if let Some(location) = &fault.location {
        reply = reply.header(LOCATION, location.clone());
    }
    reply
}

fn retry_after_text(retry_after: &RetryAfter, now: Timestamp) -> String {
    match retry_after {
        RetryAfter::Seconds(span) => span.0.as_secs().to_string(),
        RetryAfter::Date { date } => http_date(now.saturating_add(date.0).unwrap_or(now)),
        RetryAfter::Raw { raw } => {
            // What cannot stand in a header at all is left out of it.
            HeaderValue::from_str(raw).map(|_| raw.clone()).unwrap_or_default()
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

/// The answer with its content changed. Answers that are no JSON are left alone by changes that
/// need JSON.
pub(crate) fn content(reply: Reply, fault: &ResponseMutation) -> Reply {
    match fault {
        ResponseMutation::ContentType(kind) => {
            without_type(reply).header(CONTENT_TYPE, kind.clone())
        }
        ResponseMutation::NoContentType => without_type(reply),
        ResponseMutation::GzipCorrupt => reply.header(CONTENT_ENCODING, "gzip"),
        ResponseMutation::HugeHeader(length) => {
            reply.header(HeaderName::from_static("x-huge"), "x".repeat((*length).min(MAX_SIZE)))
        }
        ResponseMutation::Corrupt => {
            let length = usize::try_from(reply.length()).unwrap_or(MAX_SIZE).min(MAX_SIZE);
            Reply { body: ReplyBody::Bytes(vec![b'x'; length].into()), ..reply }
        }
        // Handled where the range is read.
        ResponseMutation::RangeIgnored => reply,
        _ => {
            let ReplyBody::Bytes(bytes) = &reply.body else { return reply };
            match changed(bytes, fault) {
                Some(changed) => Reply { body: ReplyBody::Bytes(changed), ..reply },
                None => reply,
            }
        }
    }
}

fn without_type(mut reply: Reply) -> Reply {
    reply.headers.retain(|(name, _)| name != CONTENT_TYPE);
    reply
}

fn changed(bytes: &Bytes, fault: &ResponseMutation) -> Option<Bytes> {
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
            change(&mut json, fault);
            Some(Bytes::from(json.to_string()))
        }
    }
}

fn joined(parts: &[&[u8]]) -> Bytes {
    Bytes::from(parts.concat())
}

fn change(json: &mut Value, fault: &ResponseMutation) {
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

/// Takes out what a JSON pointer points at, if there is something.
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
