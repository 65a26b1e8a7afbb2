//! Detects transfers without progress.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How many bytes a transfer has moved.
#[derive(Clone, Default)]
pub(crate) struct ByteCount(Arc<AtomicU64>);

impl ByteCount {
    pub(crate) fn add(&self, bytes: usize) -> u64 {
        let bytes = bytes as u64;
        self.0.fetch_add(bytes, Ordering::Relaxed) + bytes
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How long a transfer may make no progress.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StallTimeouts {
    /// While bytes are left to send.
    pub(crate) transfer: Duration,
    /// For the response, once all bytes were sent: proxies and scanners pass a file on only when they
    /// have all of it.
    pub(crate) response: Duration,
}

/// How long the response to an upload may take, in units of the stall timeout.
const ANSWER_FACTOR: u32 = 5;

impl StallTimeouts {
    pub(crate) fn new(stall: Duration) -> Self {
        Self { transfer: stall, response: stall.saturating_mul(ANSWER_FACTOR) }
    }
}

/// Returns the transfer's result, or the time without progress after which it was given up; `size`
/// is the number of bytes to send.
pub(crate) async fn unless_stalled<T>(
    transfer: impl Future<Output = T>,
    count: &ByteCount,
    size: u64,
    timeouts: StallTimeouts,
) -> Result<T, Duration> {
    let mut transfer = std::pin::pin!(transfer);
    loop {
        let before = count.get();
        let timeout = if before < size { timeouts.transfer } else { timeouts.response };
        if let Ok(result) = tokio::time::timeout(timeout, &mut transfer).await {
            return Ok(result);
        }
        if count.get() == before {
            return Err(timeout);
        }
    }
}

/// The slowest download that still makes progress, in bytes a second. A mobile network of the second
/// generation is ten times as fast.
pub(crate) const MIN_RATE: u64 = 100;

/// Decides whether a download makes progress. A few bytes now and then are none: it would not end in days.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RateWatch {
    window: Duration,
    /// When the window began.
    started: Duration,
    /// How many bytes arrived in it.
    bytes: u64,
}

impl RateWatch {
    /// Starts to watch at `now`; `window` is the stall timeout.
    pub(crate) fn new(window: Duration, now: Duration) -> Self {
        Self { window, started: now, bytes: 0 }
    }

    /// Returns how many bytes are progress in this time.
    pub(crate) fn least_bytes(window: Duration) -> u64 {
        MIN_RATE.saturating_mul(window.as_secs()).max(1)
    }

    /// Counts bytes that arrived at `now`. Returns whether too few arrived in the window that ends now.
    pub(crate) fn is_too_slow(&mut self, bytes: usize, now: Duration) -> bool {
        self.bytes = self.bytes.saturating_add(bytes as u64);
        if now.saturating_sub(self.started) < self.window {
            return false;
        }
        let is_too_slow = self.bytes < Self::least_bytes(self.window);
        *self = Self::new(self.window, now);
        is_too_slow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_download_of_a_few_bytes_a_second_is_too_slow_at_the_end_of_a_window() {
        for (bytes_a_second, expected) in
            [(3, Some(60)), (99, Some(60)), (100, None), (100_000, None)]
        {
            let mut watch = RateWatch::new(Duration::from_secs(60), Duration::from_secs(7));
            let too_slow = (1..=600)
                .find(|second| watch.is_too_slow(bytes_a_second, Duration::from_secs(7 + second)));
            assert_eq!(too_slow, expected, "{bytes_a_second} bytes a second");
        }
        // A download that was fast and becomes slow.
        let mut watch = RateWatch::new(Duration::from_secs(60), Duration::ZERO);
        assert!(!watch.is_too_slow(1_000_000, Duration::from_secs(59)));
        assert!(!watch.is_too_slow(1, Duration::from_secs(61)));
        assert!(!watch.is_too_slow(1, Duration::from_secs(120)));
        assert!(watch.is_too_slow(1, Duration::from_secs(121)));
        assert_eq!(RateWatch::least_bytes(Duration::from_millis(10)), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_response_may_take_longer_than_the_stall_timeout() {
        let timeouts = StallTimeouts::new(Duration::from_secs(60));
        for (sent, seconds, expected) in [
            (5, 59, Ok(())),
            (5, 61, Err(Duration::from_secs(60))),
            (10, 61, Ok(())),
            (10, 299, Ok(())),
            (10, 301, Err(Duration::from_secs(300))),
        ] {
            let count = ByteCount::default();
            count.add(sent);
            let transfer = tokio::time::sleep(Duration::from_secs(seconds));
            let result = unless_stalled(transfer, &count, 10, timeouts).await;
            assert_eq!(result, expected, "{sent} bytes, {seconds} s");
        }
    }
}
