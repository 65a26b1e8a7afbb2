//! The expectations of a case.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::{Map, Value};
use viseme_mock::RequestKind;

/// The expected outcome of an operation.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutcomeExpectation {
    /// A matcher for its value.
    pub value: Option<Value>,
    /// The expected error.
    pub error: Option<ErrorExpectation>,
    /// Whether the operation must be cancelled.
    pub cancelled: Option<bool>,
    /// A matcher for the list of events.
    pub events: Option<Value>,
    /// Whether the operation may succeed or fail. Only its effects on the world are checked.
    pub may_fail: bool,
}

/// The expected error of an operation.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ErrorExpectation {
    /// The code.
    pub code: Option<String>,
    /// Alternative codes.
    pub any_of: Vec<String>,
    /// A matcher for the message.
    pub message: Option<Value>,
    /// A matcher for the attributes.
    pub attributes: Option<Value>,
    /// Whether the error must reveal the id of the world's last job.
    pub has_job_id: Option<bool>,
}

/// The expectations at the end of a case: the outcome of the last operation, and the world.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expectations {
    /// A matcher for the value of the last operation.
    pub value: Option<Value>,
    /// The error of the last operation.
    pub error: Option<ErrorExpectation>,
    /// Whether the last operation must be cancelled.
    pub cancelled: Option<bool>,
    /// A matcher for the events of the last operation.
    pub events: Option<Value>,
    /// Whether the last operation may succeed or fail.
    pub may_fail: bool,
    /// The number of requests by method and path, checked by `verify` of the mock server.
    pub requests: Vec<Value>,
    /// The times of the polls, checked by `verify` of the mock server.
    pub polls: Map<String, Value>,
    /// The times of the submits, checked by `verify` of the mock server; and matchers for the lists
    /// of their `bodies` and `queries`.
    pub submits: Map<String, Value>,
    /// The order in which the kinds of requests first occur.
    pub order: Vec<RequestKind>,
    /// Kind of request → header → matcher.
    pub headers: HashMap<RequestKind, Map<String, Value>>,
    /// The counts of the ledger, checked by `verify` of the mock server.
    pub ledger: Map<String, Value>,
    /// Whether all faults were applied: `all_consumed`.
    pub faults: Option<Value>,
    /// The elapsed time, checked by `verify` of the mock server.
    pub elapsed: Map<String, Value>,
    /// The files in the folder of the case.
    pub files: BTreeMap<String, FileExpectation>,
    /// What must not happen.
    pub forbid: Vec<Forbidden>,
}

/// A file that must exist, or must not.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FileExpectation {
    /// Its size in bytes.
    pub bytes: Option<u64>,
    /// The fixture that it must equal.
    pub same_as: Option<String>,
    /// Whether it must not exist.
    pub absent: bool,
}

/// What must not happen.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Forbidden {
    /// A request after an event: `cancel`.
    RequestsAfter(String),
    /// A text in certain places.
    TextIn(TextIn),
}

/// A text that must not appear in certain places.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextIn {
    /// The text.
    pub text: String,
    /// The places: `errors`, `logs`, `urls`.
    pub places: Vec<String>,
}

impl Expectations {
    /// Returns the expected outcome of the last operation.
    #[must_use]
    pub fn outcome(&self) -> OutcomeExpectation {
        OutcomeExpectation {
            value: self.value.clone(),
            error: self.error.clone(),
            cancelled: self.cancelled,
            events: self.events.clone(),
            may_fail: self.may_fail,
        }
    }
}
