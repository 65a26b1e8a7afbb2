//! What happened, exchange by exchange.

use std::collections::VecDeque;

use serde::Serialize;
use serde_json::Value;

use crate::scenario::{Effect, Point};

/// How many exchanges a world remembers.
const CAPACITY: usize = 20_000;
/// How much of a body is kept.
pub(crate) const MAX_BODY: usize = 4096;

/// One request and what became of it.
#[derive(Clone, Debug, Serialize)]
pub struct Exchange {
    /// Its number in the world, from 1.
    pub sequence: u64,
    /// The number of its connection on the server.
    pub connection: u64,
    /// Whether the connection had carried a request before.
    pub reused: bool,
    /// The kind of request.
    pub point: Point,
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
    /// The status of the answer; `None` where none was sent.
    pub status: Option<u16>,
    /// How many bytes the answer's body was to have.
    pub answer_bytes: u64,
    /// The rule that decided how a submitted job goes.
    pub rule: Option<String>,
    /// The fault that struck.
    pub fault: Option<Effect>,
    /// The job it was about.
    pub job_id: Option<String>,
    /// When it arrived, by the world's clock.
    pub at: String,
    /// When it arrived, in milliseconds of real time since the server started.
    pub wall_ms: u64,
}

/// The exchanges of a world; the oldest are forgotten first.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    entries: VecDeque<Exchange>,
    count: u64,
}

impl Journal {
    /// Takes down an exchange under the next number.
    pub(crate) fn record(&mut self, mut exchange: Exchange) {
        self.count += 1;
        exchange.sequence = self.count;
        if self.entries.len() == CAPACITY {
            self.entries.pop_front();
        }
        self.entries.push_back(exchange);
    }

    pub(crate) fn entries(&self) -> Vec<Exchange> {
        self.entries.iter().cloned().collect()
    }
}
