//! The retry policy: which responses are retryable, how often to retry, and how long to wait.

use std::time::Duration;

use super::pacing::Backoff;

/// How often a request is retried where the caller sets no number.
pub const DEFAULT_MAX_RETRIES: u32 = 4;

/// The same for the polls of a wait, which is patient because the job is paid for: about three and a
/// half minutes with the default backoff.
pub const DEFAULT_MAX_POLL_RETRIES: u32 = 11;

/// How often a request is retried, and the pauses between the attempts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryPolicy {
    /// Maximum number of retries in a row after the first attempt.
    pub max_retries: u32,
    /// The pause after a failure; a longer `Retry-After` takes precedence.
    pub backoff: Backoff,
    /// The upper bound of a `Retry-After`.
    pub max_retry_after: Duration,
}

impl RetryPolicy {
    /// Returns the pause before the next attempt after this many failures in a row (1 is the
    /// first), or `None` if no retry is left. `random` is from 0 to 1.
    #[must_use]
    pub fn next_pause(
        &self,
        failures: u32,
        retry_after: Option<Duration>,
        random: f64,
    ) -> Option<Duration> {
        (failures <= self.max_retries)
            .then(|| self.backoff.delay(failures, random).max(self.bounded(retry_after)))
    }

    /// Returns the `Retry-After` within its bound; zero if there is none.
    #[must_use]
    pub fn bounded(&self, retry_after: Option<Duration>) -> Duration {
        retry_after.unwrap_or_default().min(self.max_retry_after)
    }
}

/// Returns whether a request that failed with this status may succeed later: request timeout,
/// too early, too many requests, and errors of the server.
#[must_use]
pub fn is_retryable(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500..=599)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RetryPolicy = RetryPolicy {
        max_retries: 3,
        backoff: Backoff { base: Duration::from_secs(1), max: Duration::from_secs(3) },
        max_retry_after: Duration::from_secs(10),
    };

    #[test]
    fn the_pause_doubles_up_to_its_maximum_until_no_retry_is_left() {
        let seconds = |failures| Some(POLICY.next_pause(failures, None, 0.5)?.as_secs());
        assert_eq!([1, 2, 3, 4].map(seconds), [Some(1), Some(2), Some(3), None]);
    }

    #[test]
    fn a_longer_retry_after_replaces_the_backoff_within_its_bound() {
        for (retry_after, expected) in [(0, 2), (2, 2), (5, 5), (10, 10), (3600, 10)] {
            let pause = POLICY.next_pause(2, Some(Duration::from_secs(retry_after)), 0.5);
            assert_eq!(pause, Some(Duration::from_secs(expected)), "{retry_after}");
        }
        let none_left = POLICY.next_pause(4, Some(Duration::from_secs(5)), 0.5);
        assert_eq!(none_left, None, "`Retry-After` grants no further attempt");
    }

    #[test]
    fn timeouts_rate_limits_and_server_errors_are_retryable() {
        for status in [408, 425, 429, 500, 502, 503, 504, 599] {
            assert!(is_retryable(status), "{status}");
        }
        for status in [200, 206, 302, 400, 401, 402, 403, 404, 409, 413, 416, 422, 499, 600] {
            assert!(!is_retryable(status), "{status}");
        }
    }
}
