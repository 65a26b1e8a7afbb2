//! Answers, before they go out.

use bytes::Bytes;
use http::HeaderName;
use http::header::CONTENT_TYPE;
use serde::Serialize;
use serde_json::json;

use crate::artefact::Content;

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(HeaderName, String)>,
    pub(crate) body: ReplyBody,
}

#[derive(Clone, Debug)]
pub(crate) enum ReplyBody {
    Bytes(Bytes),
    /// A part of a file.
    Part {
        content: Content,
        start: u64,
        length: u64,
    },
}

impl Reply {
    pub(crate) fn json(status: u16, body: &impl Serialize) -> Self {
        // Cannot fail: no body has keys that are not text.
        let body = serde_json::to_vec(body).unwrap_or_default();
        Self::typed(status, "application/json; charset=utf-8", body)
    }

    /// The service's envelope around `data`.
    pub(crate) fn success(data: &impl Serialize) -> Self {
        #[derive(Serialize)]
        struct Envelope<'d, D> {
            code: u16,
            message: &'static str,
            data: &'d D,
        }
        Self::json(200, &Envelope { code: 200, message: "success", data })
    }

    /// The service's refusal. The exact bodies are not known: this shape is a guess.
    pub(crate) fn refusal(status: u16, message: &str) -> Self {
        Self::json(status, &json!({"code": status, "message": message}))
    }

    pub(crate) fn typed(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: vec![(CONTENT_TYPE, content_type.to_owned())],
            body: ReplyBody::Bytes(body.into()),
        }
    }

    pub(crate) fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The body, where it is JSON by its content type and has at most that many bytes.
    pub(crate) fn json_body(&self, most: usize) -> Option<Bytes> {
        let json = |(name, value): &(HeaderName, String)| {
            *name == CONTENT_TYPE && value.starts_with("application/json")
        };
        match &self.body {
            ReplyBody::Bytes(bytes) if bytes.len() <= most && self.headers.iter().any(json) => {
                Some(bytes.clone())
            }
            _ => None,
        }
    }

    pub(crate) fn length(&self) -> u64 {
        match &self.body {
            ReplyBody::Bytes(bytes) => bytes.len() as u64,
            ReplyBody::Part { length, .. } => *length,
        }
    }
}
