//! The error type of the crate.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

pub use viseme_spec::ErrorKind;

use crate::media::Violation;
use crate::prediction::{Prediction, SubmitRecord};

/// A result with the crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The HTTP response of the service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResponseInfo {
    /// The HTTP status.
    pub status: u16,
    /// The service's id of the request, if it sent one. Quote it to the service's support.
    pub request_id: Option<String>,
    /// The delay before the next request that the service asks for.
    pub retry_after: Option<Duration>,
    /// The body as text, truncated to [`ResponseInfo::MAX_BODY`] bytes.
    pub body: String,
}

/// Returns the reason of an I/O error in plain words.
pub(crate) fn io_reason(error: &io::Error) -> String {
    let known = match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder",
        io::ErrorKind::PermissionDenied => "permission denied",
        io::ErrorKind::IsADirectory => "it is a folder",
        io::ErrorKind::NotADirectory => "a part of the path is not a folder",
        io::ErrorKind::ReadOnlyFilesystem => "the disk is read-only",
        io::ErrorKind::StorageFull => "the disk is full",
        _ => {
            let text = error.to_string();
            // The number of the operating system helps nobody.
            return text.split(" (os error ").next().unwrap_or_default().to_owned();
        }
    };
    known.to_owned()
}

impl ResponseInfo {
    /// The maximum number of bytes of a body that an error keeps.
    pub const MAX_BODY: usize = 4096;
}

/// An error: a message for people, a stable [`code`](Error::code) for programs, and everything
/// known about the job and the response.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    http: Option<ResponseInfo>,
    app_code: Option<i64>,
    job_id: Option<String>,
    prediction: Option<Arc<Prediction>>,
    violations: Vec<Violation>,
    candidates: Vec<Arc<Prediction>>,
    record: Option<Box<SubmitRecord>>,
    attempts: u32,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            http: None,
            app_code: None,
            job_id: None,
            prediction: None,
            violations: Vec::new(),
            candidates: Vec::new(),
            record: None,
            attempts: 1,
            source: None,
        }))
    }

    pub(crate) fn with_http(mut self, http: ResponseInfo) -> Self {
        self.0.http = Some(http);
        self
    }

    pub(crate) fn with_app_code(mut self, code: Option<i64>) -> Self {
        self.0.app_code = code;
        self
    }

    pub(crate) fn with_job(mut self, id: impl Into<String>) -> Self {
        self.0.job_id = Some(id.into());
        self
    }

    pub(crate) fn with_prediction(mut self, prediction: Option<Arc<Prediction>>) -> Self {
        self.0.prediction = prediction;
        self
    }

    pub(crate) fn with_violations(mut self, violations: Vec<Violation>) -> Self {
        self.0.violations = violations;
        self
    }

    pub(crate) fn with_message(mut self, message: impl Into<String>) -> Self {
        self.0.message = message.into();
        self
    }

    pub(crate) fn with_candidates(mut self, candidates: Vec<Arc<Prediction>>) -> Self {
        self.0.candidates = candidates;
        self
    }

    pub(crate) fn with_record(mut self, record: SubmitRecord) -> Self {
        self.0.record = Some(Box::new(record));
        self
    }

    pub(crate) fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    pub(crate) fn with_boxed_source(mut self, source: Box<dyn StdError + Send + Sync>) -> Self {
        self.0.source = Some(Arc::from(source));
        self
    }

    pub(crate) fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.source = Some(Arc::new(source));
        self
    }

    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the stable code of the kind, the same in every language.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.0.kind.code()
    }

    /// Returns the message: what is wrong and what to do. [`Display`](fmt::Display) adds the job's
    /// id.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns the HTTP response, if there was one.
    #[must_use]
    pub fn http(&self) -> Option<&ResponseInfo> {
        self.0.http.as_ref()
    }

    /// Returns the service's application code (1200, 1402, …), if it sent one.
    #[must_use]
    pub fn app_code(&self) -> Option<i64> {
        self.0.app_code
    }

    /// Returns the job's id, if it was known. `client.job(id)` continues with the job.
    #[must_use]
    pub fn job_id(&self) -> Option<&str> {
        self.0.job_id.as_deref()
    }

    /// Returns the last known state of the job.
    #[must_use]
    pub fn prediction(&self) -> Option<&Prediction> {
        self.0.prediction.as_deref()
    }

    /// Returns the violations of the input; empty unless the kind is [`ErrorKind::InvalidInput`].
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.0.violations
    }

    /// Returns the jobs of the history that could be the lost one; empty unless the kind is
    /// [`ErrorKind::SubmissionUnknown`] and several match.
    pub fn candidates(&self) -> impl Iterator<Item = &Prediction> {
        self.0.candidates.iter().map(Arc::as_ref)
    }

    /// Returns the record of a submit with an unknown outcome. Pass it to
    /// [`Client::recover`](crate::Client::recover) to search for the job again.
    #[must_use]
    pub fn record(&self) -> Option<&SubmitRecord> {
        self.0.record.as_deref()
    }

    /// Returns how many times the failed step was tried.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        match &self.0.job_id {
            Some(id) if !self.0.message.contains(id.as_str()) => write!(f, " (job {id})"),
            _ => Ok(()),
        }
    }
}

/// Shows the code and the message, so that an error that ends `main` can be read. `{:#?}` shows all fields.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            return write!(f, "{}: {self}", self.code());
        }
        f.debug_struct("Error")
            .field("code", &self.code())
            .field("message", &self.0.message)
            .field("http", &self.0.http)
            .field("app_code", &self.0.app_code)
            .field("job_id", &self.0.job_id)
            .field("violations", &self.0.violations)
            .field("attempts", &self.0.attempts)
            .field("source", &self.0.source)
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
