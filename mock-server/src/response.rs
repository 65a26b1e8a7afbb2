//! Responses of the API, and how they become HTTP.

use std::borrow::Cow;

use axum::body::Body;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use http_body_util::{Either, Full};
use serde::Serialize;
use serde_json::json;

use crate::stored_file::{self, FileContent};

/// A body as it is written. Only a few need an allocation of their own.
pub(crate) type HttpBody = Either<Full<Bytes>, Body>;
/// A response as it is written.
pub(crate) type HttpResponse = http::Response<HttpBody>;

/// The content type of most responses.
pub(crate) const JSON: &str = "application/json; charset=utf-8";
/// Most bodies have at most this length.
const USUAL_BODY: usize = 1024;

/// A response, before it is written.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(HeaderName, Cow<'static, str>)>,
    pub(crate) body: ResponseBody,
}

#[derive(Clone, Debug)]
pub(crate) enum ResponseBody {
    Bytes(Bytes),
    /// A part of a file.
    Part {
        content: FileContent,
        start: u64,
        length: u64,
    },
}

impl Response {
    pub(crate) fn json(status: u16, body: &impl Serialize) -> Self {
        Self::of_json(status, to_json(body))
    }

    /// Returns a response whose body is this JSON.
    pub(crate) fn of_json(status: u16, body: Bytes) -> Self {
        Self::typed(status, JSON, body)
    }

    /// Returns the service's envelope around `data`.
    pub(crate) fn success(data: &impl Serialize) -> Self {
        Self::of_json(200, Self::envelope(data))
    }

    /// Returns the body of a success: the service's envelope around `data`.
    pub(crate) fn envelope(data: &impl Serialize) -> Bytes {
        #[derive(Serialize)]
        struct Envelope<'d, D> {
            code: u16,
            message: &'static str,
            data: &'d D,
        }
        to_json(&Envelope { code: 200, message: "success", data })
    }

    /// Returns an error of the service. The exact bodies are not known: this shape is a guess.
    pub(crate) fn error(status: u16, message: &str) -> Self {
        Self::json(status, &json!({"code": status, "message": message}))
    }

    pub(crate) fn typed(
        status: u16,
        content_type: impl Into<Cow<'static, str>>,
        body: impl Into<Bytes>,
    ) -> Self {
        // With place for the id of the request.
        let mut headers = Vec::with_capacity(2);
        headers.push((CONTENT_TYPE, content_type.into()));
        Self { status, headers, body: ResponseBody::Bytes(body.into()) }
    }

    pub(crate) fn header(mut self, name: HeaderName, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Closes the connection after the response.
    pub(crate) fn close(self) -> Self {
        self.header(CONNECTION, "close")
    }

    /// Returns the body if its content type is JSON and it has at most `limit` bytes.
    pub(crate) fn json_body(&self, limit: usize) -> Option<Bytes> {
        let is_json = |(name, value): &(HeaderName, Cow<'static, str>)| {
            *name == CONTENT_TYPE && value.starts_with("application/json")
        };
        match &self.body {
            ResponseBody::Bytes(bytes)
                if bytes.len() <= limit && self.headers.iter().any(is_json) =>
            {
                Some(bytes.clone())
            }
            _ => None,
        }
    }

    /// Returns the length of the body.
    pub(crate) fn length(&self) -> u64 {
        match &self.body {
            ResponseBody::Bytes(bytes) => bytes.len() as u64,
            ResponseBody::Part { length, .. } => *length,
        }
    }

    /// Returns how many bytes of the body are written in response to a request with this method.
    pub(crate) fn written_length(&self, method: &Method) -> u64 {
        let has_no_body = *method == Method::HEAD || matches!(self.status, 204 | 304);
        if has_no_body { 0 } else { self.length() }
    }

    /// Returns the HTTP response. `content_length` overrides the length in the head, for faults
    /// that announce a wrong one.
    pub(crate) fn into_http(
        self,
        method: &Method,
        date: Option<HeaderValue>,
        content_length: Option<u64>,
    ) -> HttpResponse {
        let is_empty = self.written_length(method) == 0;
        let (body, streamed) = match self.body {
            _ if is_empty => (Either::Left(Full::default()), None),
            ResponseBody::Bytes(bytes) => (Either::Left(Full::new(bytes)), None),
            ResponseBody::Part { content, start, length } => {
                (Either::Right(part(&content, start, length)), Some(length))
            }
        };
        // hyper compares a body of known length with the header, and never sends a body that ends
        // early. So the missing bytes never come, and the write plan closes the connection.
        let body = match content_length {
            Some(_) => Either::Right(Body::from_stream(
                Body::new(body).into_data_stream().chain(stream::pending()),
            )),
            None => body,
        };
        let mut response = HttpResponse::new(body);
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in self.headers {
            let value = match value {
                Cow::Borrowed(value) => {
                    HeaderValue::from_maybe_shared(Bytes::from_static(value.as_bytes()))
                }
                Cow::Owned(value) => HeaderValue::from_maybe_shared(Bytes::from(value)),
            };
            // A header that cannot be sent is left out.
            if let Ok(value) = value {
                response.headers_mut().append(name, value);
            }
        }
        if let Some(length) = content_length.or(streamed) {
            response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        // The world's date. Without it hyper would send the real one.
        if let Some(date) = date {
            response.headers_mut().insert(DATE, date);
        }
        response
    }
}

fn to_json(body: &impl Serialize) -> Bytes {
    let mut text = Vec::with_capacity(USUAL_BODY);
    // Cannot fail: no body has keys that are not text.
    let _ = serde_json::to_writer(&mut text, body);
    // The journal keeps it, without the unused capacity.
    if text.len() <= USUAL_BODY { Bytes::copy_from_slice(&text) } else { text.into() }
}

fn part(content: &FileContent, start: u64, length: u64) -> Body {
    match content {
        FileContent::Memory(bytes) => {
            let start = usize::try_from(start).unwrap_or(usize::MAX).min(bytes.len());
            let end = start.saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
            Body::from(bytes.slice(start..end.min(bytes.len())))
        }
        FileContent::Disk(..) | FileContent::Ranges(_) => {
            Body::from_stream(stored_file::stream(content.clone(), start, length))
        }
    }
}
