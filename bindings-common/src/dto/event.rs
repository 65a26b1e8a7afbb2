//! What a task reports: events, errors, and the messages that carry them.

use std::error::Error as _;

use serde::Serialize;
use viseme::{Error, Progress};

use super::{PredictionData, Report, SubmitRecordData, Violation, millis};
use crate::host::in_words_of_host;

/// One message of a task.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Message<T> {
    /// An event; the task continues.
    Event(T),
    /// The result: the last message of most tasks.
    Value(T),
    /// The error that ended the task: the last message.
    Error(Box<ErrorData>),
    /// One of several results; the task continues.
    Item(T),
}

/// An error.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ErrorData {
    /// The stable code, the same in every language.
    #[cfg_attr(test, schemars(with = "super::words::ErrorCode"))]
    pub code: String,
    /// What is wrong and what to do.
    pub message: String,
    /// How many times the failed step was tried.
    pub attempts: u32,
    /// The job's id, on every error after it was known: `client.job(id)` continues from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_id: Option<String>,
    /// The service's application code (1200, 1402, …).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_code: Option<i64>,
    /// The last state of the job that was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prediction: Option<PredictionData>,
    /// The HTTP status, if there was an HTTP response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The service's id of the request; quote it to the service's support.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// How long the service wants the client to wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<f64>,
    /// The response body as text, at most 4096 bytes, without the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The rules that the input breaks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<Violation>,
    /// What was submitted and when, if the submit got no response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<SubmitRecordData>,
    /// The jobs of the history that could be the lost one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<PredictionData>,
    /// The messages of the errors behind this one, the nearest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
}

/// One progress event of a run. Ignore events that are unknown: later versions add some.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "event", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ProgressData {
    /// The input was checked; the report contains warnings.
    Checked {
        /// The result of the check.
        report: Report,
    },
    /// A medium is being uploaded.
    Uploading {
        /// The model's parameter.
        field: String,
        /// The bytes sent so far.
        sent: u64,
        /// The size in bytes.
        total: u64,
    },
    /// A medium was uploaded.
    Uploaded {
        /// The model's parameter.
        field: String,
        /// The URL at which the service reads it.
        url: String,
    },
    /// The POST that costs money is being sent. Save the record now: `client.recover` finds the job
    /// with it, even if this process dies before the response arrives.
    Submitting {
        /// The number of the attempt, from 1.
        attempt: u32,
        /// What is submitted.
        record: SubmitRecordData,
    },
    /// The submit got no response; the client searches the history for the job.
    Recovering,
    /// The service accepted the job.
    Submitted {
        /// The job's id.
        job_id: String,
    },
    /// The state of the job changed.
    Update {
        /// The new state.
        prediction: Box<PredictionData>,
    },
    /// A step failed and is retried.
    Retrying {
        /// What failed.
        error: Box<ErrorData>,
        /// The pause before the next attempt.
        after_ms: f64,
    },
}

/// An event of one of many runs.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunManyEvent {
    /// The position of the input, counted from 0.
    pub index: u64,
    /// The event.
    pub progress: ProgressData,
}

/// The result of one of many runs: a prediction or an error.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunManyItem {
    /// The position of the input, counted from 0.
    pub index: u64,
    /// The completed prediction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<PredictionData>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Box<ErrorData>>,
}

/// The jobs of an operation whose results the host has not received. An interrupt reports them, because
/// they continue at the service.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct OpenJobs {
    /// The ids of the jobs, in the order of their inputs.
    pub job_ids: Vec<String>,
    /// The submits that were sent and got no response yet: `client.recover` finds their jobs.
    pub records: Vec<SubmitRecordData>,
}

/// An event of an upload.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct UploadProgress {
    /// The bytes sent so far; from 0 again after a failed attempt.
    pub sent: u64,
    /// The size in bytes.
    pub total: u64,
}

/// An event of a download.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DownloadProgress {
    /// The bytes received so far.
    pub received: u64,
    /// The size in bytes, if the server says.
    pub total: Option<u64>,
}

impl ErrorData {
    /// Returns an error that is raised here and not in the core.
    #[must_use]
    pub fn new(code: &str, message: impl Into<String>) -> Box<Self> {
        let (code, message) = (code.to_owned(), message.into());
        Box::new(Self { code, message, attempts: 1, ..Self::default() })
    }
}

impl From<&Error> for ErrorData {
    fn from(error: &Error) -> Self {
        let http = error.http();
        Self {
            code: error.code().to_owned(),
            message: in_words_of_host(&error.to_string()),
            attempts: error.attempts(),
            job_id: error.job_id().map(str::to_owned),
            app_code: error.app_code(),
            prediction: error.prediction().cloned().map(PredictionData::from),
            status: http.map(|http| http.status),
            request_id: http.and_then(|http| http.request_id.clone()),
            retry_after_ms: http.and_then(|http| http.retry_after).map(millis),
            body: http.map(|http| http.body.clone()),
            violations: error.violations().iter().map(Violation::from).collect(),
            record: error.record().map(SubmitRecordData::from),
            candidates: error.candidates().cloned().map(PredictionData::from).collect(),
            causes: causes(error),
        }
    }
}

impl From<Error> for Box<ErrorData> {
    fn from(error: Error) -> Self {
        Self::new(ErrorData::from(&error))
    }
}

fn causes(error: &Error) -> Vec<String> {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(in_words_of_host(&cause.to_string()));
        next = cause.source();
    }
    causes
}

impl ProgressData {
    /// Returns the event, or nothing for an event that this version does not know.
    #[must_use]
    pub fn new(progress: Progress) -> Option<Self> {
        Some(match progress {
            Progress::Checked(report) => Self::Checked { report: report.into() },
            Progress::Uploading { field, sent, total } => Self::Uploading { field, sent, total },
            Progress::Uploaded { field, url } => Self::Uploaded { field, url: url.into() },
            Progress::Submitting { attempt, record } => {
                Self::Submitting { attempt, record: SubmitRecordData::from(&record) }
            }
            Progress::Recovering => Self::Recovering,
            Progress::Submitted { job_id } => Self::Submitted { job_id },
            Progress::Update(prediction) => {
                Self::Update { prediction: Box::new(prediction.as_ref().clone().into()) }
            }
            Progress::Retrying { error, after } => {
                Self::Retrying { error: error.into(), after_ms: millis(after) }
            }
            _ => return None,
        })
    }
}
