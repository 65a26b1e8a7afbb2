//! The pauses between attempts at a transfer.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::config::Config;
use crate::protocol::Backoff;

/// Sleeps between attempts.
pub(super) struct RetryPauses {
    clock: Arc<dyn Clock>,
    backoff: Backoff,
    max_retry_after: Duration,
}

impl RetryPauses {
    pub(super) fn new(clock: Arc<dyn Clock>, config: &Config) -> Self {
        Self { clock, backoff: config.backoff, max_retry_after: config.max_retry_after }
    }

    /// Sleeps after this many failures in a row; as long as the server `asked` for where that is
    /// longer, within the bound of the set-up.
    pub(super) async fn after(&self, failures: u32, asked: Option<Duration>) {
        let pause = self.backoff.delay(failures, self.clock.random());
        let asked = asked.unwrap_or_default().min(self.max_retry_after);
        self.clock.sleep(pause.max(asked)).await;
    }
}
