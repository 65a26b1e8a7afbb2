//! The search for a lost submit, and the errors of a search without a result.

use std::sync::Arc;
use std::time::Duration;

use super::Prediction;
use crate::error::{Error, ErrorKind};

/// The search for one lost submit.
#[derive(Clone, Debug)]
pub(super) struct Search {
    /// Why the submit is lost.
    pub(super) cause: Error,
    /// When the search ends.
    pub(super) until: Duration,
    /// From when on the history has the job, if there is one.
    pub(super) complete_at: Duration,
    /// How many times the history was searched.
    pub(super) searches: u32,
    /// Why the last search failed.
    pub(super) failure: Option<Error>,
}

impl Search {
    pub(super) fn new(cause: Error, until: Duration) -> Self {
        Self { cause, until, complete_at: until, searches: 0, failure: None }
    }

    /// Returns the error if the window has passed and the history has no such job.
    pub(super) fn nothing(self) -> Error {
        match self.failure {
            Some(failure) => {
                let found = format!("the history could not be read ({})", clause(&failure));
                submission_unknown(&self.cause, &found)
            }
            None => submission_unknown(
                &self.cause,
                "the history shows no job that is surely it, which makes it likely, but not \
                 certain, that it was not taken",
            ),
        }
    }

    /// Returns the error if the history cannot be read.
    pub(super) fn refused(self, error: &Error) -> Error {
        let found = format!("the history could not be read ({})", clause(error));
        submission_unknown(&self.cause, &found)
    }

    /// Returns the error if jobs match, but none is certain.
    pub(super) fn candidates(self, jobs: Vec<Arc<Prediction>>) -> Error {
        let ids: Vec<_> = jobs.iter().map(|job| job.id.as_str()).collect();
        let found = match ids.as_slice() {
            [id] => {
                format!("the history shows one job that could be it, but does not prove it: {id}")
            }
            _ => {
                format!("the history shows {} jobs that could be it: {}", ids.len(), ids.join(", "))
            }
        };
        submission_unknown(&self.cause, &found).with_candidates(jobs)
    }
}

/// Returns the error of a submit that may have been accepted; `found` is the result of the search.
pub(super) fn submission_unknown(cause: &Error, found: &str) -> Error {
    let message = format!(
        "The submit was sent, but no usable response came ({}), and {found}. The job may exist and \
         may be charged; it was not sent again. Look at the history of your account before you \
         submit the same input again.",
        clause(cause),
    );
    let mut error = Error::new(ErrorKind::SubmissionUnknown, message);
    if let Some(http) = cause.http() {
        error = error.with_http(http.clone());
    }
    error.with_app_code(cause.app_code()).with_source(cause.clone())
}

fn clause(error: &Error) -> &str {
    error.message().trim_end_matches('.')
}
