//! Applies the faults that change what an answer says.

use bytes::Bytes;
use http::HeaderValue;
use http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::reply::{Reply, ReplyBody};
use crate::scenario::{Body, Content, RetryAfter, StatusReply};

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
        RetryAfter::Date { date } => {
            let at = now.saturating_add(date.0).unwrap_or(now);
            httpdate::fmt_http_date(at.into())
        }
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
pub(crate) fn content(mut reply: Reply, fault: &Content) -> Reply {
    match fault {
        Content::ContentType(kind) => {
            reply.headers.retain(|(name, _)| name != CONTENT_TYPE);
            return reply.header(CONTENT_TYPE, kind.clone());
        }
        // Handled where the range is read.
        Content::RangeIgnored => return reply,
        _ => {}
    }
    let ReplyBody::Bytes(bytes) = &reply.body else { return reply };
    if let Some(changed) = changed(bytes, fault) {
        reply.body = ReplyBody::Bytes(changed);
    }
    reply
}

fn changed(bytes: &Bytes, fault: &Content) -> Option<Bytes> {
    match fault {
        Content::TruncateJson(length) => Some(bytes.slice(..(*length).min(bytes.len()))),
        Content::InvalidUtf8 => Some(joined(&[bytes, b"\xff\xfe"])),
        Content::ByteOrderMark => Some(joined(&[b"\xef\xbb\xbf", bytes])),
        Content::TrailingGarbage => Some(joined(&[bytes, b"}garbage"])),
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

fn change(json: &mut Value, fault: &Content) {
    if matches!(fault, Content::NumbersAsStrings) {
        return numbers_to_strings(json);
    }
    let Some(data) = json.get_mut("data") else { return };
    match fault {
        Content::DataNull => *data = Value::Null,
        Content::MissingId => {
            if let Some(fields) = data.as_object_mut() {
                fields.remove("id");
            }
        }
        Content::WrongId => set(data, "id", json!("00000000000000000000000000000000")),
        Content::UnknownStatus(word) => set(data, "status", json!(word)),
        Content::OutputsNull => set(data, "outputs", Value::Null),
        Content::OutputsEmpty => set(data, "outputs", json!([])),
        Content::OutputsObjects => {
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
