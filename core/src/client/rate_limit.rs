//! The rate and concurrency limits that all jobs of a client share.

use std::sync::PoisonError;
use std::time::Duration;

use tokio::sync::SemaphorePermit;

use super::{Client, upload};
use crate::error::{ErrorKind, Result};
use crate::http::RequestPermit;
use crate::protocol::{PollLimiter, PollResponse, SubmitLimiter};

/// The pause of all polls of a client after a 429 without `Retry-After`.
const PAUSE_AFTER_429: Duration = Duration::from_secs(1);

impl Client {
    /// Waits until the rate limit allows another poll. Returns `false` immediately if that would be after
    /// `latest`.
    pub(super) async fn await_poll_slot(&self, latest: Duration) -> bool {
        loop {
            let reserved = self.poll_limiter(|limiter| limiter.reserve(self.now(), latest));
            let Some(wait) = reserved else { return false };
            self.sleep(wait).await;
            if !self.poll_limiter(|limiter| limiter.is_paused(self.now())) {
                return true;
            }
        }
    }

    /// Pauses the polls of all jobs if the service responded with 429.
    pub(super) fn on_rate_limited(&self, response: &PollResponse) {
        if let PollResponse::Temporary { error, retry_after } = response
            && error.kind() == ErrorKind::RateLimit
        {
            let longest = self.shared.config.max_retry_after;
            let pause = retry_after.unwrap_or(PAUSE_AFTER_429).min(longest);
            let until = self.now().saturating_add(pause);
            self.poll_limiter(|limiter| limiter.pause_until(until));
        }
    }

    /// Acquires a slot of the limit of concurrent jobs, if there is one.
    pub(super) async fn acquire_slot(&self) -> Result<Option<SemaphorePermit<'_>>> {
        match &self.shared.running {
            Some(running) => Ok(Some(running.acquire().await.map_err(upload::closed)?)),
            None => Ok(None),
        }
    }

    /// Waits until the rate limit allows a submit, and returns the permit for its request.
    pub(super) async fn acquire_submit_permit(&self) -> Result<RequestPermit<'_>> {
        loop {
            if let Some(permit) = self.acquire_submit_permit_by(Duration::MAX).await? {
                return Ok(permit);
            }
        }
    }

    /// Like [`acquire_submit_permit`](Self::acquire_submit_permit), but returns `None` immediately if the
    /// submit would be after `latest`.
    pub(super) async fn acquire_submit_permit_by(
        &self,
        latest: Duration,
    ) -> Result<Option<RequestPermit<'_>>> {
        loop {
            let reserved = self.submit_limiter(|limiter| limiter.reserve(self.now(), latest));
            let Some(wait) = reserved else { return Ok(None) };
            self.sleep(wait).await;
            let permit = self.api.connection().await?;
            // A pause may have started in the meantime; then the permit is released for polls.
            if !self.submit_limiter(|limiter| limiter.is_paused(self.now())) {
                return Ok(Some(permit));
            }
        }
    }

    /// Pauses all submits after a 429.
    pub(super) fn pause_submits(&self, pause: Duration) {
        let until = self.now().saturating_add(pause);
        self.submit_limiter(|limiter| limiter.pause_until(until));
    }

    fn submit_limiter<T>(&self, act: impl FnOnce(&mut SubmitLimiter) -> T) -> T {
        act(&mut self.shared.submit_limiter.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn poll_limiter<T>(&self, act: impl FnOnce(&mut PollLimiter) -> T) -> T {
        // A panic elsewhere cannot leave the limiter in an invalid state.
        act(&mut self.shared.poll_limiter.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
