//! Turns an answer into HTTP.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use futures_util::{StreamExt as _, stream};
use http::header::{CONTENT_LENGTH, DATE};
use http::{HeaderValue, Method, StatusCode};
use jiff::Timestamp;

use crate::artefact::Content;
use crate::clock::http_date;
use crate::reply::{Reply, ReplyBody};
use crate::spooled;

/// The answer, ready to be written; `promised` is the length it tells, where that is wrong.
pub(super) fn response(
    reply: Reply,
    method: &Method,
    date: Option<Timestamp>,
    promised: Option<u64>,
) -> Response {
    let bodiless = body_length(&reply, method) == 0;
    let (body, streamed) = match reply.body {
        _ if bodiless => (Body::empty(), None),
        ReplyBody::Bytes(bytes) => (Body::from(bytes), None),
        ReplyBody::Part { content, start, length } => (part(&content, start, length), Some(length)),
    };
    // A body of a length that hyper knows would be held against the wrong one; one that ended
    // early would never be sent. What is missing does not come, and the flow of bytes is closed.
    let body = match promised {
        Some(_) => Body::from_stream(body.into_data_stream().chain(stream::pending())),
        None => body,
    };
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in reply.headers {
        // A header that cannot be sent is left out.
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().append(name, value);
        }
    }
    if let Some(length) = promised.or(streamed) {
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    // The world's date; without one hyper gives the real one.
    if let Some(date) = date.and_then(|date| HeaderValue::from_str(&http_date(date)).ok()) {
        response.headers_mut().insert(DATE, date);
    }
    response
}

/// How many bytes of body are written where this answers a request of that method.
pub(super) fn body_length(reply: &Reply, method: &Method) -> u64 {
    let bodiless = *method == Method::HEAD || matches!(reply.status, 204 | 304);
    if bodiless { 0 } else { reply.length() }
}

fn part(content: &Content, start: u64, length: u64) -> Body {
    match content {
        Content::Memory(bytes) => {
            let start = usize::try_from(start).unwrap_or(usize::MAX).min(bytes.len());
            let end = start.saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
            Body::from(bytes.slice(start..end.min(bytes.len())))
        }
        Content::Disk(file, _) => {
            Body::from_stream(spooled::stream(Arc::clone(file), start, length))
        }
    }
}
