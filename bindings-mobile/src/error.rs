//! Errors as plain data; the faces make the language's own of it.

use std::error::Error as _;
use std::time::Duration;

use viseme::ErrorKind;

use crate::prediction::NativePrediction;
use crate::report::NativeViolation;
use crate::time::bounded;

/// What an error knows.
#[derive(Debug, Clone, Default, uniffi::Record)]
pub struct NativeErrorInfo {
    /// The stable code.
    pub code: String,
    /// What was wrong, where, and what to do.
    pub explanation: String,
    /// What the errors behind it say, the nearest first.
    pub causes: Vec<String>,
    /// How many times the failed step was tried.
    pub attempts: u32,
    /// The job's id, once known.
    pub job_id: Option<String>,
    /// The service's application code.
    pub app_code: Option<i64>,
    /// The last state of the job that was seen.
    pub prediction: Option<NativePrediction>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// The service's id of the request.
    pub request_id: Option<String>,
    /// How long the service asks to wait.
    pub retry_after: Option<Duration>,
    /// The answer's body, bounded.
    pub body: Option<String>,
    /// Every broken rule.
    pub violations: Vec<NativeViolation>,
    /// What was submitted and when, as JSON.
    pub record: Option<String>,
    /// The jobs that could be the lost one.
    pub candidates: Vec<NativePrediction>,
}

/// What crosses the border in place of a result: one variant for each category of
/// `conformance/errors.yaml`.
// The text given here is lost on the way to Kotlin; the faces take the explanation.
#[derive(Debug, thiserror::Error, uniffi::Error)]
pub enum NativeError {
    /// The client was set up with something it cannot use.
    #[error("{}", info.explanation)]
    Config {
        /// What is known of it.
        info: NativeErrorInfo,
    },
    /// The input breaks the model's rules.
    #[error("{}", info.explanation)]
    Input {
        /// What is known of it.
        info: NativeErrorInfo,
    },
    /// A request got no answer that can be used.
    #[error("{}", info.explanation)]
    Api {
        /// What is known of it.
        info: NativeErrorInfo,
    },
    /// The answer to a submit was lost.
    #[error("{}", info.explanation)]
    Submission {
        /// What is known of it.
        info: NativeErrorInfo,
    },
    /// A medium could not be uploaded.
    #[error("{}", info.explanation)]
    Upload {
        /// What is known of it.
        info: NativeErrorInfo,
    },
    /// An output could not be downloaded.
    #[error("{}", info.explanation)]
    Download {
        /// What is known of it.
        info: NativeErrorInfo,
    },
    /// The job did not end well, or not in time.
    #[error("{}", info.explanation)]
    Job {
        /// What is known of it.
        info: NativeErrorInfo,
    },
}

impl NativeError {
    /// A refusal of the border itself.
    pub(crate) fn config(explanation: String) -> Self {
        Self::Config { info: NativeErrorInfo::refusal(ErrorKind::Config, explanation) }
    }

    /// A refusal of the border itself.
    pub(crate) fn input(explanation: String) -> Self {
        Self::Input { info: NativeErrorInfo::refusal(ErrorKind::InvalidInput, explanation) }
    }
}

impl NativeErrorInfo {
    fn refusal(kind: ErrorKind, explanation: String) -> Self {
        Self { code: kind.code().to_owned(), explanation, attempts: 1, ..Self::default() }
    }
}

impl From<&viseme::Error> for NativeErrorInfo {
    fn from(error: &viseme::Error) -> Self {
        let http = error.http();
        Self {
            code: error.code().to_owned(),
            explanation: error.to_string(),
            causes: causes(error),
            attempts: error.attempts(),
            job_id: error.job_id().map(str::to_owned),
            app_code: error.app_code(),
            prediction: error.prediction().map(NativePrediction::from),
            status: http.map(|http| http.status),
            request_id: http.and_then(|http| http.request_id.clone()),
            retry_after: http.and_then(|http| http.retry_after).map(bounded),
            body: http.map(|http| http.body.clone()),
            violations: error.violations().iter().map(NativeViolation::from).collect(),
            record: error.record().and_then(|record| serde_json::to_string(record).ok()),
            candidates: error.candidates().map(NativePrediction::from).collect(),
        }
    }
}

impl From<viseme::Error> for NativeError {
    fn from(error: viseme::Error) -> Self {
        let info = NativeErrorInfo::from(&error);
        match error.kind() {
            ErrorKind::Config => Self::Config { info },
            ErrorKind::InvalidInput => Self::Input { info },
            ErrorKind::SubmissionUnknown => Self::Submission { info },
            ErrorKind::Upload => Self::Upload { info },
            ErrorKind::Download => Self::Download { info },
            ErrorKind::JobFailed | ErrorKind::JobCancelled | ErrorKind::WaitTimeout => {
                Self::Job { info }
            }
            // All others are of one request; webhooks are left to servers.
            _ => Self::Api { info },
        }
    }
}

fn causes(error: &viseme::Error) -> Vec<String> {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    causes
}
