//! An exchange as the journal keeps it: compact, because a world under load records tens of thousands,
//! and few of them are ever read.

use bytes::Bytes;
use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderName, Method};
use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::exchange::{Exchange, MAX_RESPONSE_BODY, NearestRule, Termination};
use super::fault_table::TriggeredFault;
use crate::digest::request_id_from;
use crate::response::Response;
use crate::scenario::{FaultAction, RequestKind};

/// The largest request body that is kept, in bytes.
pub(crate) const MAX_BODY: usize = 4096;
/// Ends each of the texts of a record. No part of an HTTP head contains it.
const END: char = '\0';
/// The usual length of the headers of a response.
const RESPONSE_HEADERS: usize = 160;

/// One request and its response.
#[derive(Debug)]
pub(crate) struct ExchangeRecord {
    pub(crate) sequence: u64,
    pub(crate) connection: u64,
    pub(crate) reused: bool,
    pub(crate) kind: RequestKind,
    /// The seed of the world at the request, for the request's id.
    pub(crate) seed: u64,
    pub(crate) head: HeadText,
    pub(crate) body: RecordedBody,
    pub(crate) status: Option<u16>,
    pub(crate) termination: Termination,
    pub(crate) bytes_written: u64,
    pub(crate) response_bytes: u64,
    pub(crate) response: Option<Bytes>,
    /// What few exchanges have.
    pub(crate) details: Option<Box<Details>>,
    pub(crate) job_id: Option<String>,
    pub(crate) at: Moment,
    pub(crate) wall_ms: u64,
    pub(crate) ended_at: Option<Moment>,
    pub(crate) ended_wall_ms: Option<u64>,
    pub(crate) last_event: u64,
}

/// The body of a request.
#[derive(Debug, Default)]
pub(crate) struct RecordedBody {
    pub(crate) sha256: String,
    pub(crate) size: u64,
    /// The bytes of a body of moderate size.
    pub(crate) content: Option<Bytes>,
}

/// What few exchanges have.
#[derive(Debug, Default)]
pub(crate) struct Details {
    pub(crate) rule: Option<String>,
    pub(crate) nearest_rule: Option<NearestRule>,
    pub(crate) note: Option<String>,
    pub(crate) fault: Option<TriggeredFault>,
}

/// A date, written as the service writes dates: with nine digits of nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment(pub(crate) Timestamp);

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.9}", self.0)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The texts of a request and of its response's headers, one after the other in one piece of memory: the
/// method, the path, the query, then names and values of headers.
#[derive(Debug)]
pub(crate) struct HeadText {
    text: String,
    /// Where the headers of the response begin.
    response: usize,
    /// Whether the request carried an `Authorization` header, which is not kept.
    authorized: bool,
}

impl HeadText {
    /// Returns the texts of a request, without the headers that may hold a secret.
    pub(crate) fn new(method: &Method, path: &str, query: &str, headers: &HeaderMap) -> Self {
        let length = |(name, value): (&HeaderName, &http::HeaderValue)| {
            name.as_str().len() + value.as_bytes().len() + 2
        };
        let request = method.as_str().len() + path.len() + query.len() + 3;
        let headers_length: usize = headers.iter().map(length).sum();
        let mut text = String::with_capacity(request + headers_length + RESPONSE_HEADERS);
        for part in [method.as_str(), path, query] {
            push(&mut text, part);
        }
        let mut authorized = false;
        for (name, value) in headers {
            authorized |= *name == AUTHORIZATION;
            if [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION].contains(name) {
                continue;
            }
            push(&mut text, name.as_str());
            push(&mut text, &String::from_utf8_lossy(value.as_bytes()));
        }
        let response = text.len();
        Self { text, response, authorized }
    }

    /// Adds the headers of the response, in the place of earlier ones.
    fn set_response(&mut self, response: &Response) {
        self.text.truncate(self.response);
        for (name, value) in &response.headers {
            push(&mut self.text, name.as_str());
            push(&mut self.text, value);
        }
        push(&mut self.text, "content-length");
        push(&mut self.text, &response.length().to_string());
    }

    /// Returns the method, the path and the query.
    pub(crate) fn request_line(&self) -> [&str; 3] {
        let mut parts = self.text.split(END);
        std::array::from_fn(|_| parts.next().unwrap_or_default())
    }

    fn request_headers(&self) -> Vec<(String, String)> {
        pairs(self.text.get(..self.response).unwrap_or_default().split_terminator(END).skip(3))
    }

    fn response_headers(&self) -> Vec<(String, String)> {
        pairs(self.text.get(self.response..).unwrap_or_default().split_terminator(END))
    }
}

fn push(text: &mut String, part: &str) {
    text.push_str(part);
    text.push(END);
}

fn pairs<'t>(mut texts: impl Iterator<Item = &'t str>) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    while let (Some(name), Some(value)) = (texts.next(), texts.next()) {
        pairs.push((name.to_owned(), value.to_owned()));
    }
    pairs
}

impl ExchangeRecord {
    /// Records the response before it is written.
    pub(crate) fn set_response(&mut self, response: &Response) {
        self.status = Some(response.status);
        self.head.set_response(response);
        self.response_bytes = response.length();
        self.response = response.json_body(MAX_RESPONSE_BODY);
    }

    pub(crate) fn rule(&self) -> Option<&str> {
        self.details.as_ref()?.rule.as_deref()
    }

    pub(crate) fn fault(&self) -> Option<&TriggeredFault> {
        self.details.as_ref()?.fault.as_ref()
    }

    pub(crate) fn fault_action(&self) -> Option<&FaultAction> {
        self.fault().map(|fault| &fault.action)
    }

    /// Adds a remark.
    pub(crate) fn add_note(&mut self, note: &str) {
        let details = self.details.get_or_insert_default();
        match &mut details.note {
            Some(before) => *before = format!("{before}; {note}"),
            None => details.note = Some(note.to_owned()),
        }
    }

    /// Returns the exchange as it is read; `world` is the id of its world.
    pub(crate) fn exchange(&self, world: &str) -> Exchange {
        let [method, path, query] = self.head.request_line().map(str::to_owned);
        let details = self.details.as_deref();
        let body = self.body.content.as_ref();
        Exchange {
            sequence: self.sequence,
            request_id: request_id_from(world, self.seed, self.sequence),
            connection: self.connection,
            reused: self.reused,
            kind: self.kind,
            method,
            path,
            query,
            authorized: self.head.authorized,
            headers: self.head.request_headers(),
            body_sha256: self.body.sha256.clone(),
            body_bytes: self.body.size,
            body: body.and_then(|bytes| serde_json::from_slice(bytes).ok()),
            status: self.status,
            termination: self.termination,
            bytes_written: self.bytes_written,
            response_bytes: self.response_bytes,
            response: self.response.clone(),
            response_headers: self.head.response_headers(),
            rule: self.rule().map(str::to_owned),
            nearest_rule: details.and_then(|details| details.nearest_rule.clone()),
            note: details.and_then(|details| details.note.clone()),
            fault: self.fault_action().cloned(),
            fault_when: self.fault().map(|fault| fault.when),
            fault_index: self.fault().map(|fault| fault.index),
            job_id: self.job_id.clone(),
            at: self.at.to_string(),
            wall_ms: self.wall_ms,
            ended_at: self.ended_at.map(|at| at.to_string()),
            ended_wall_ms: self.ended_wall_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::{ACCEPT, CONTENT_TYPE, LOCATION};

    use super::*;

    #[test]
    fn the_texts_of_a_head_are_kept_without_secrets() {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("a, b"));
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer secret"));
        headers.append(COOKIE, HeaderValue::from_static("secret"));
        headers.append("x-empty", HeaderValue::from_static(""));
        headers.append("x-bytes", HeaderValue::from_bytes(b"caf\xe9").unwrap());
        headers.append("x-empty", HeaderValue::from_static("2"));
        let mut head = HeadText::new(&Method::GET, "/a/b", "", &headers);
        assert!(head.authorized && !head.text.contains("secret"));
        assert_eq!(head.request_line(), ["GET", "/a/b", ""]);
        let owned = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
        };
        let mut expected = owned(&[
            ("accept", "a, b"),
            ("x-empty", ""),
            ("x-empty", "2"),
            ("x-bytes", "caf\u{fffd}"),
        ]);
        let mut found = head.request_headers();
        expected.sort();
        found.sort();
        assert_eq!(found, expected);
        assert!(head.response_headers().is_empty());

        head.set_response(&Response::typed(200, "text/plain", "abc").header(LOCATION, ""));
        let expected = [("content-type", "text/plain"), ("location", ""), ("content-length", "3")];
        assert_eq!(head.response_headers(), owned(&expected));
        head.set_response(&Response::typed(200, "text/html", ""));
        assert_eq!(head.response_headers().len(), 2, "instead of the first");
        assert_eq!(head.request_headers().len(), 4);
        assert!(head.response_headers().contains(&(CONTENT_TYPE.to_string(), "text/html".into())));
    }
}
