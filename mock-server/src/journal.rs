//! What happened, exchange by exchange.

use std::collections::VecDeque;

use bytes::Bytes;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::scenario::{FaultAction, RequestKind};

/// How many exchanges a world remembers.
const CAPACITY: usize = 20_000;
/// How much of a body is kept.
pub(crate) const MAX_BODY: usize = 4096;
/// How many bytes an answer may have of which the journal keeps the body.
pub const MAX_RESPONSE_BODY: usize = 64 * 1024;

/// One request and what became of it.
#[derive(Clone, Debug, Serialize)]
pub struct Exchange {
    /// Its number in the world, from 1.
    pub sequence: u64,
    /// The number of its connection, in the order in which the world's connections came, from 1.
    pub connection: u64,
    /// Whether the connection had carried a request before.
    pub reused: bool,
    /// The kind of request.
    pub kind: RequestKind,
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The query, without the question mark.
    pub query: String,
    /// Whether the request carried an `Authorization` header. The header itself is not kept.
    pub authorized: bool,
    /// The other headers, in order of arrival.
    pub headers: Vec<(String, String)>,
    /// SHA-256 of the request's body in hexadecimal; empty for no body.
    pub body_sha256: String,
    /// How many bytes the request's body had.
    pub body_bytes: u64,
    /// The body as JSON, where it is JSON of moderate size.
    pub body: Option<Value>,
    /// The status of the answer; `None` where no byte of one was sent.
    pub status: Option<u16>,
    /// How it ended.
    pub termination: Termination,
    /// How many bytes of the answer the socket took, head and body.
    pub bytes_written: u64,
    /// How many bytes the answer's body was to have.
    pub response_bytes: u64,
    /// The answer's body, where it is JSON by its content type and of moderate size; a fault on
    /// the wire may have kept it from arriving.
    #[serde(serialize_with = "as_json")]
    pub response: Option<Bytes>,
    /// The rule that decided how a submitted job goes.
    pub rule: Option<String>,
    /// The fault that struck.
    pub fault: Option<FaultAction>,
    /// Which of the world's faults that was, from 0, in the order of `World::faults`.
    pub fault_index: Option<usize>,
    /// The job it was about.
    pub job_id: Option<String>,
    /// When it arrived, by the world's clock.
    pub at: String,
    /// When it arrived, in milliseconds of real time since the server started.
    pub wall_ms: u64,
}

/// The answer as JSON, or as text where a fault has spoilt it.
fn as_json<S: Serializer>(response: &Option<Bytes>, serializer: S) -> Result<S::Ok, S::Error> {
    let value = response.as_ref().map(|bytes| {
        serde_json::from_slice(bytes)
            .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(bytes).into_owned()))
    });
    value.serialize(serializer)
}

/// How an exchange ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Termination {
    /// It has not: the answer is awaited, or on its way.
    #[default]
    Open,
    /// The whole answer was written.
    Complete,
    /// A fault reset the connection.
    Reset,
    /// A fault closed the connection.
    Closed,
    /// The client left before the whole answer was written.
    ClientGone,
}

/// The exchanges of a world; the oldest are forgotten first.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    entries: VecDeque<Exchange>,
    count: u64,
}

impl Journal {
    /// Takes down an exchange under the next number, and gives the number.
    pub(crate) fn record(&mut self, mut exchange: Exchange) -> u64 {
        self.count += 1;
        exchange.sequence = self.count;
        if self.entries.len() == CAPACITY {
            self.entries.pop_front();
        }
        self.entries.push_back(exchange);
        self.count
    }

    /// Changes the exchange of that number, unless it is forgotten.
    pub(crate) fn update(&mut self, sequence: u64, change: impl FnOnce(&mut Exchange)) {
        let first = self.entries.front().map_or(0, |entry| entry.sequence);
        let index = sequence.checked_sub(first).and_then(|index| usize::try_from(index).ok());
        if let Some(entry) = index.and_then(|index| self.entries.get_mut(index)) {
            change(entry);
        }
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &Exchange> {
        self.entries.iter()
    }

    /// How many there were, with those that are forgotten.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }
}
