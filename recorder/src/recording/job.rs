//! A job, as it can be played again.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A job whose submit was accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordedJob {
    /// The id of the job.
    pub id: String,
    /// The id of the model.
    pub model: String,
    /// The input of the submit, redacted like a [`RecordedBody::Json`](super::RecordedBody::Json).
    pub input: Value,
    /// Whether a webhook was requested.
    #[serde(default)]
    pub webhook: bool,
    /// When the submit was sent.
    pub sent_at_ms: u64,
    /// When its response had arrived. The service accepted the job between the two.
    pub accepted_at_ms: u64,
    /// When the submit was sent, by the clock of this machine.
    pub submitted_at: Timestamp,
    /// When the service says that it created the job, by its clock and as it wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// The states that were seen, in their order; the first is the one of the submit's response.
    pub states: Vec<RecordedState>,
    /// How the job ended; `None` if it had not when the recording did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<JobOutcome>,
    /// `timings` of the last state, as the service wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timings: Option<Value>,
    /// `executionTime` of the last state, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_time_ms: Option<u64>,
}

/// A state of a job, and when it began.
///
/// It began between the two times, which count from the moment in which the service accepted the job. That
/// moment is known to some milliseconds only; the interval allows for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedState {
    /// The status word, such as `processing`.
    pub status: String,
    /// The earliest time.
    pub not_before_ms: u64,
    /// The latest time.
    pub not_after_ms: u64,
    /// What narrowed the interval, besides the polls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub narrowed_by: Option<NarrowedBy>,
}

/// What narrowed an interval, besides the polls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NarrowedBy {
    /// `timings.inference` or `executionTime`, taken as the time from `processing` to the end. That is an
    /// assumption; it is made only if it fits to the polls.
    Timings,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobOutcome {
    /// The last status word.
    pub status: String,
    /// The application code, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    /// The error text; empty if there was none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error: String,
    /// The outputs.
    #[serde(default)]
    pub outputs: Vec<RecordedOutput>,
}

/// An output of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RecordedOutput {
    /// A file behind a URL.
    File {
        /// The URL without its query.
        url: String,
        /// The SHA-256 of its bytes in lower-case hex, a key of
        /// [`Recording::media`](super::Recording::media); `None` if nobody read the whole of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sha256: Option<String>,
    },
    /// A text or any other JSON value, redacted.
    Value {
        /// The value.
        value: Value,
    },
}
