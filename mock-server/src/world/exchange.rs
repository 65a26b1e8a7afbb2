//! An exchange as tests and programs read it.

use bytes::Bytes;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::scenario::{FaultAction, RequestKind, When};

/// The largest response body that the journal keeps, in bytes.
pub const MAX_RESPONSE_BODY: usize = 64 * 1024;

/// One request and its response.
#[derive(Clone, Debug, Serialize)]
pub struct Exchange {
    /// Its number in the world, from 1.
    pub sequence: u64,
    /// The `X-Request-Id` header of its response. No other request has the same.
    pub request_id: String,
    /// The number of its connection within the world, from 1.
    pub connection: u64,
    /// Whether the connection carried an earlier request.
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
    /// The request's body, if it is JSON of moderate size.
    pub body: Option<Value>,
    /// The status of the response; `None` if no byte of it was sent.
    pub status: Option<u16>,
    /// How it ended.
    pub termination: Termination,
    /// How many bytes of the response were written to the socket, head and body.
    pub bytes_written: u64,
    /// The length of the response's body, even if a fault cut it.
    pub response_bytes: u64,
    /// The response's body, if its content type is JSON and it is of moderate size. A fault on the
    /// wire may have kept it from the client.
    #[serde(serialize_with = "as_json")]
    pub response: Option<Bytes>,
    /// The headers of the response, in order. A fault on the wire may have kept them from the client.
    pub response_headers: Vec<(String, String)>,
    /// The rule that decided how a submitted job proceeds.
    pub rule: Option<String>,
    /// The rule that came nearest, if the scenario has rules and none matches the submit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest_rule: Option<NearestRule>,
    /// A remark, for example on an unknown model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The fault that was triggered.
    pub fault: Option<FaultAction>,
    /// Whether the request had its effect before that fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault_when: Option<When>,
    /// The index of that fault in `World::faults`.
    pub fault_index: Option<usize>,
    /// The job of the request.
    pub job_id: Option<String>,
    /// When the request arrived, by the world's clock.
    pub at: String,
    /// When the request arrived, in milliseconds of real time since the world was created.
    pub wall_ms: u64,
    /// When it ended, by the world's clock; `None` while it is open.
    pub ended_at: Option<String>,
    /// When it ended, in milliseconds of real time since the world was created.
    pub ended_wall_ms: Option<u64>,
}

/// A rule of the scenario that nearly matched a submit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NearestRule {
    /// The rule, such as `scenario jobs[0]`.
    pub rule: String,
    /// One sentence for each condition that the submit does not meet.
    pub differences: Vec<String>,
}

/// Serializes the response as JSON, or as text if it is not JSON.
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
    /// It has not ended: the response is still to be written.
    #[default]
    Open,
    /// The whole response was written.
    Complete,
    /// A fault reset the connection.
    Reset,
    /// A fault closed the connection.
    Closed,
    /// The client disconnected before the whole response was written.
    ClientGone,
}
