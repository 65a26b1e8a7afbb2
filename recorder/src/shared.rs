//! What all requests share.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use viseme::Forwarding;

use crate::journal::Journal;

/// What all requests share.
pub(crate) struct Shared {
    pub(crate) journal: Journal,
    pub(crate) clients: Forwarding,
    pub(crate) port: u16,
    /// Where media are while they pass.
    pub(crate) temporary: PathBuf,
    /// Where they are kept, if they are.
    pub(crate) kept: Option<PathBuf>,
    /// How long a job is polled.
    pub(crate) poll_limit: Duration,
    /// The number of submits without a response.
    pub(crate) submits: watch::Sender<usize>,
    /// Whether the recorder's own polls end.
    pub(crate) stopped: watch::Sender<bool>,
}

impl Shared {
    /// Counts a submit until the guard is dropped.
    pub(crate) fn count_submit(self: &Arc<Self>) -> SubmitGuard {
        self.submits.send_modify(|count| *count += 1);
        SubmitGuard(Arc::clone(self))
    }

    /// Notes that the client was gone before the response.
    pub(crate) fn left(&self, number: u64) {
        if let Some(exchange) = self.journal.state().exchanges.get_mut(&number) {
            exchange.client_left = true;
        }
    }

    /// Waits until no submit is without a response.
    pub(crate) async fn submits_answered(&self) {
        // It fails if the sender is gone, which is a part of this.
        let _ = self.submits.subscribe().wait_for(|count| *count == 0).await;
    }

    /// Waits until the recorder's own polls must end.
    pub(crate) async fn until_stopped(&self) {
        let _ = self.stopped.subscribe().wait_for(|stopped| *stopped).await;
    }
}

/// A submit without a response.
pub(crate) struct SubmitGuard(Arc<Shared>);

impl Drop for SubmitGuard {
    fn drop(&mut self) {
        self.0.submits.send_modify(|count| *count = count.saturating_sub(1));
    }
}
