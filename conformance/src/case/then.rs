//! What is to be seen at the end of a case.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::{Map, Value};
use viseme_mock::RequestKind;

/// What is to come of an operation.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutcomeCheck {
    /// A matcher for its value.
    pub value: Option<Value>,
    /// An error, and what of it.
    pub error: Option<ExpectedError>,
    /// That it was cancelled.
    pub cancelled: Option<bool>,
    /// A matcher for the list of events.
    pub events: Option<Value>,
    /// Whether it may fail or not: what it does to the world is what counts.
    pub may_fail: bool,
}

/// An error that is to come.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExpectedError {
    /// Its code.
    pub code: Option<String>,
    /// Or one of these.
    pub any_of: Vec<String>,
    /// A matcher for its message.
    pub message: Option<Value>,
    /// A matcher for its attributes.
    pub attributes: Option<Value>,
    /// Whether the world's last job can be had from it.
    pub knows_job: Option<bool>,
}

/// What is to be seen at the end: the last operation's outcome, and the world.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Then {
    /// A matcher for the last operation's value.
    pub value: Option<Value>,
    /// The last operation's error.
    pub error: Option<ExpectedError>,
    /// That the last operation was cancelled.
    pub cancelled: Option<bool>,
    /// A matcher for the last operation's events.
    pub events: Option<Value>,
    /// Whether the last operation may fail or not.
    pub may_fail: bool,
    /// How many requests of certain kinds, as the mock server's `verify` reads it.
    pub requests: Vec<Value>,
    /// When the polls come, as the mock server's `verify` reads it.
    pub polls: Map<String, Value>,
    /// When the submits come, as the mock server's `verify` reads it; and matchers for the lists of
    /// their `bodies` and `queries`.
    pub submits: Map<String, Value>,
    /// Kinds of requests in the order in which they first come.
    pub order: Vec<RequestKind>,
    /// Kind of request → header → matcher.
    pub headers: HashMap<RequestKind, Map<String, Value>>,
    /// The ledger's numbers, as the mock server's `verify` reads them.
    pub ledger: Map<String, Value>,
    /// What is to have become of the faults: `all_consumed`.
    pub faults: Option<Value>,
    /// How much time passes, as the mock server's `verify` reads it.
    pub elapsed: Map<String, Value>,
    /// Files in the case's folder.
    pub files: BTreeMap<String, FileCheck>,
    /// What must not be.
    pub forbid: Vec<Forbidden>,
}

/// A file that is to be there, or not.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FileCheck {
    /// Its size.
    pub bytes: Option<u64>,
    /// The fixture that it equals.
    pub same_as: Option<String>,
    /// It is not there.
    pub absent: bool,
}

/// What must not be.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Forbidden {
    /// A request after this happened: `cancel`.
    RequestsAfter(String),
    /// A text in certain places.
    TextIn(TextIn),
}

/// A text that must not stand in certain places.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextIn {
    /// The text.
    pub text: String,
    /// `errors`, `logs`, `urls`, `output`.
    pub places: Vec<String>,
}

impl Then {
    /// What is to come of the last operation.
    #[must_use]
    pub fn outcome(&self) -> OutcomeCheck {
        OutcomeCheck {
            value: self.value.clone(),
            error: self.error.clone(),
            cancelled: self.cancelled,
            events: self.events.clone(),
            may_fail: self.may_fail,
        }
    }
}
