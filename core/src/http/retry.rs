//! Retries of requests that may be repeated: reads, uploads and downloads.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::protocol::{RetryPolicy, is_retryable};

/// Why a request failed, and whether a retry may succeed.
#[derive(Debug)]
pub(crate) enum RequestFailure {
    /// A later attempt may succeed.
    Transient(Error),
    /// Every further attempt would fail too.
    Final(Error),
}

impl RequestFailure {
    /// Classifies an error by the HTTP status that caused it.
    pub(super) fn from_status(status: u16, error: Error) -> Self {
        if is_retryable(status) { Self::Transient(error) } else { Self::Final(error) }
    }

    pub(crate) fn error(&self) -> &Error {
        match self {
            Self::Transient(error) | Self::Final(error) => error,
        }
    }
}

/// Pauses between attempts by a [`RetryPolicy`].
#[derive(Clone)]
pub(crate) struct Retry {
    clock: Arc<dyn Clock>,
    policy: RetryPolicy,
}

impl Retry {
    pub(crate) fn new(clock: Arc<dyn Clock>, config: &Config) -> Self {
        Self { clock, policy: config.retry_policy() }
    }

    /// Returns the same retries, but at most this many.
    pub(crate) fn at_most(self, max_retries: u32) -> Self {
        let max_retries = self.policy.max_retries.min(max_retries);
        Self { policy: RetryPolicy { max_retries, ..self.policy }, ..self }
    }

    /// Sleeps before the next attempt, at least for the `Retry-After` of `error`.
    ///
    /// # Errors
    /// `error` if no retry is left after this many failures in a row.
    pub(crate) async fn pause(&self, failures: u32, error: Error) -> Result<()> {
        let retry_after = retry_after(&error);
        match self.policy.next_pause(failures, retry_after, self.clock.random()) {
            Some(pause) => {
                tracing::debug!(failures, %error, ?pause, "retrying after a pause");
                self.clock.sleep(pause).await;
                Ok(())
            }
            None => Err(error.with_attempts(failures)),
        }
    }

    /// Calls `attempt` until it succeeds, fails for good, or no retry is left.
    pub(crate) async fn run<T, F>(&self, mut attempt: impl FnMut() -> F) -> Result<T>
    where
        F: Future<Output = Result<T, RequestFailure>>,
    {
        let mut attempts = 1;
        loop {
            match attempt().await {
                Ok(value) => return Ok(value),
                Err(RequestFailure::Final(error)) => return Err(error.with_attempts(attempts)),
                Err(RequestFailure::Transient(error)) => self.pause(attempts, error).await?,
            }
            attempts += 1;
        }
    }
}

/// Returns the `Retry-After` of the response that caused an error.
pub(crate) fn retry_after(error: &Error) -> Option<Duration> {
    error.http()?.retry_after
}
