//! An exchange as the journal keeps it: compact, because a world under load records tens of thousands,
//! and few of them are ever read.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::exchange::{Exchange, MAX_RESPONSE_BODY, NearestRule, Termination};
use super::fault_table::TriggeredFault;
use super::recorded_head::{RequestHeaders, RequestLine, ResponseHeaders};
use crate::digest::request_id_from;
use crate::response::Response;
use crate::scenario::{FaultAction, RequestKind};

/// The largest request body that is kept, in bytes.
pub(crate) const MAX_BODY: usize = 4096;

/// One request and its response.
#[derive(Debug)]
pub(crate) struct ExchangeRecord {
    pub(crate) sequence: u64,
    pub(crate) connection: u64,
    pub(crate) reused: bool,
    pub(crate) kind: RequestKind,
    /// The seed of the world at the request, for the request's id.
    pub(crate) seed: u64,
    pub(crate) line: RequestLine,
    pub(crate) headers: Arc<RequestHeaders>,
    /// The body of the request, if it has one.
    pub(crate) body: Option<Box<RecordedBody>>,
    pub(crate) status: Option<u16>,
    pub(crate) termination: Termination,
    pub(crate) bytes_written: u64,
    pub(crate) response_bytes: u64,
    pub(crate) response: Option<Bytes>,
    /// The headers of the response, once there is one.
    pub(crate) response_headers: Option<ResponseHeaders>,
    /// What few exchanges have.
    pub(crate) details: Option<Box<Details>>,
    pub(crate) job_id: Option<Arc<str>>,
    pub(crate) at: Moment,
    pub(crate) wall_ms: u64,
    pub(crate) ended_at: Option<Moment>,
    pub(crate) ended_wall_ms: Option<u64>,
    pub(crate) last_event: u64,
}

/// The body of a request.
#[derive(Debug)]
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

impl ExchangeRecord {
    /// Records the response before it gets the id of the request.
    pub(crate) fn set_response(&mut self, response: &Response) {
        self.status = Some(response.status);
        self.response_headers = Some(ResponseHeaders::of(response));
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
        let [method, path, query] = self.line.parts().map(str::to_owned);
        let details = self.details.as_deref();
        let body = self.body.as_deref();
        let request_id = request_id_from(world, self.seed, self.sequence);
        let response_headers = self.response_headers.as_ref();
        Exchange {
            sequence: self.sequence,
            request_id: request_id.clone(),
            connection: self.connection,
            reused: self.reused,
            kind: self.kind,
            method,
            path,
            query,
            authorized: self.headers.authorized,
            headers: self.headers.pairs(),
            body_sha256: body.map(|body| body.sha256.clone()).unwrap_or_default(),
            body_bytes: body.map_or(0, |body| body.size),
            body: body.and_then(|body| serde_json::from_slice(body.content.as_ref()?).ok()),
            status: self.status,
            termination: self.termination,
            bytes_written: self.bytes_written,
            response_bytes: self.response_bytes,
            response: self.response.clone(),
            response_headers: response_headers
                .map(|headers| headers.pairs(request_id, self.response_bytes))
                .unwrap_or_default(),
            rule: self.rule().map(str::to_owned),
            nearest_rule: details.and_then(|details| details.nearest_rule.clone()),
            note: details.and_then(|details| details.note.clone()),
            fault: self.fault_action().cloned(),
            fault_when: self.fault().map(|fault| fault.when),
            fault_index: self.fault().map(|fault| fault.index),
            job_id: self.job_id.as_deref().map(str::to_owned),
            at: self.at.to_string(),
            wall_ms: self.wall_ms,
            ended_at: self.ended_at.map(|at| at.to_string()),
            ended_wall_ms: self.ended_wall_ms,
        }
    }
}
