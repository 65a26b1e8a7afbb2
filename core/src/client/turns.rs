//! Who may send what when: what all jobs of a client share.

use std::sync::PoisonError;
use std::time::Duration;

use tokio::sync::SemaphorePermit;

use super::{Client, upload};
use crate::error::{ErrorKind, Result};
use crate::http::RequestPermit;
use crate::protocol::{PollLimiter, PollResponse, SubmitLimiter};

/// How long all polls of a client rest after a 429 that does not say.
const REST_AFTER_429: Duration = Duration::from_secs(1);

impl Client {
    /// Waits until the shared budget lets one more poll through; `false`, at once, where that would
    /// be after `latest`.
    pub(super) async fn await_poll_slot(&self, latest: Duration) -> bool {
        loop {
            let reserved = self.budget(|budget| budget.reserve(self.now(), latest));
            let Some(wait) = reserved else { return false };
            self.sleep(wait).await;
            if !self.budget(|budget| budget.is_paused(self.now())) {
                return true;
            }
        }
    }

    /// Holds back the polls of all jobs where the service asked this client to slow down.
    pub(super) fn heed(&self, answer: &PollResponse) {
        if let PollResponse::Trouble { error, retry_after } = answer
            && error.kind() == ErrorKind::RateLimit
        {
            let longest = self.shared.config.max_retry_after;
            let pause = retry_after.unwrap_or(REST_AFTER_429).min(longest);
            let until = self.now().saturating_add(pause);
            self.budget(|budget| budget.pause_until(until));
        }
    }

    /// A place among the jobs that may be under way at once, where that is bounded.
    pub(super) async fn place(&self) -> Result<Option<SemaphorePermit<'_>>> {
        match &self.shared.running {
            Some(running) => Ok(Some(running.acquire().await.map_err(upload::closed)?)),
            None => Ok(None),
        }
    }

    /// Waits until a submit may go out, and gives the connection that it may go out on.
    pub(super) async fn await_submit_turn(&self) -> Result<RequestPermit<'_>> {
        loop {
            if let Some(turn) = self.await_submit_turn_by(Duration::MAX).await? {
                return Ok(turn);
            }
        }
    }

    /// As [`await_submit_turn`](Self::await_submit_turn); `None`, at once, where the turn would come
    /// after `latest`.
    pub(super) async fn await_submit_turn_by(
        &self,
        latest: Duration,
    ) -> Result<Option<RequestPermit<'_>>> {
        loop {
            let reserved = self.submit_budget(|budget| budget.reserve(self.now(), latest));
            let Some(wait) = reserved else { return Ok(None) };
            self.sleep(wait).await;
            let connection = self.shared.api.connection().await?;
            // A rest may have begun while this one waited; it gives its connection to a poll then.
            if !self.submit_budget(|budget| budget.is_paused(self.now())) {
                return Ok(Some(connection));
            }
        }
    }

    /// Holds back all submits: the service asked this client to slow down.
    pub(super) fn rest_from_submits(&self, pause: Duration) {
        let until = self.now().saturating_add(pause);
        self.submit_budget(|budget| budget.pause_until(until));
    }

    fn submit_budget<T>(&self, act: impl FnOnce(&mut SubmitLimiter) -> T) -> T {
        act(&mut self.shared.submit_budget.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn budget<T>(&self, act: impl FnOnce(&mut PollLimiter) -> T) -> T {
        // The budget stays whole whatever panics elsewhere.
        act(&mut self.shared.budget.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
