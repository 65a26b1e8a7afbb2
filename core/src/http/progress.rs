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

#[cfg(test)]
mod tests {
    use super::*;

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
