//! What a wait learns from its job, and what it makes of it.

use std::time::Duration;

use futures_util::FutureExt as _;

use super::Client;
use super::pacing_store::{PacingStore, SharedPacing, lock};
use crate::protocol::{ObservedJob, PollResponse, Prediction, WaitEvent, is_conclusive};

/// The name of the part of the execution time that is the work itself.
const INFERENCE: &str = "inference";

/// The longest pause because of polls that wait for slots.
const MAX_HELD: Duration = Duration::from_secs(5);

/// Learns the duration of one job, and places the polls of its wait.
pub(super) struct LearningWait {
    client: Client,
    pacing: SharedPacing,
    job: ObservedJob,
    /// When the last poll was sent.
    sent: Duration,
    /// How long it waited for its slot of the rate limit.
    held: Duration,
    /// Whether the store still counts it.
    counted: bool,
}

impl LearningWait {
    /// Starts with a job that was accepted at this time. Returns `None` if nothing can be learned from it.
    pub(super) fn start(
        client: &Client,
        prediction: &Prediction,
        accepted: Duration,
    ) -> Option<Self> {
        let store = client.shared.pacing_store.as_ref()?;
        // A recovered job was accepted earlier, and one that has ended already was never waited for.
        if prediction.recovered.is_some() || prediction.status.is_terminal() {
            return None;
        }
        let pacing = store.of(&prediction.model);
        if let Some(jobs) = lock(&pacing).planned_for() {
            tracing::debug!(
                job = prediction.id,
                jobs,
                "polls are placed by what earlier jobs took"
            );
        }
        store.begin_wait();
        let zero = Duration::ZERO;
        let job = ObservedJob::accepted(accepted);
        Some(Self { client: client.clone(), pacing, job, sent: zero, held: zero, counted: true })
    }

    /// A poll that was due at one time was sent at another.
    pub(super) fn sent(&mut self, due: Duration, sent: Duration) {
        self.sent = sent;
        self.held = sent.saturating_sub(due);
    }

    /// Learns from an event at this time. Returns whether the job has ended.
    pub(super) fn observe(&mut self, event: &WaitEvent, now: Duration) -> bool {
        match event {
            WaitEvent::Polled(PollResponse::State { prediction, .. }) => {
                let mut pacing = lock(&self.pacing);
                if prediction.status.is_terminal() {
                    pacing.ended(&self.job, now, run_time(prediction));
                    drop(pacing);
                    self.end();
                    return true;
                }
                pacing.open(&mut self.job, self.sent);
                false
            }
            WaitEvent::Delivered(prediction) if is_conclusive(prediction) => {
                lock(&self.pacing).ended_at(&self.job, now);
                self.end();
                true
            }
            _ => false,
        }
    }

    /// Returns the pause before the next poll, if enough is known. When polls wait for slots of the rate limit,
    /// the pauses grow with that time, so that the polls of one job do not hold up those of others.
    pub(super) fn pause(&self, now: Duration, random: f64) -> Option<Duration> {
        let pause = lock(&self.pacing).pause(&self.job, now, random)?;
        Some(pause.max(self.held.min(MAX_HELD)))
    }

    /// Keeps what was learned in the file, if there is one.
    pub(super) async fn save(&self, now: Duration) {
        if let Some(store) = self.store()
            && store.has_file()
        {
            store.save(now).boxed().await;
        }
    }

    /// The store waits for no more from this job. Jobs that end together would otherwise each leave the file to
    /// another one.
    fn end(&mut self) {
        if std::mem::take(&mut self.counted)
            && let Some(store) = self.store()
        {
            store.end_wait();
        }
    }

    fn store(&self) -> Option<&PacingStore> {
        self.client.shared.pacing_store.as_ref()
    }
}

impl Drop for LearningWait {
    fn drop(&mut self) {
        self.end();
    }
}

/// Returns how long the job ran by the service's clock.
fn run_time(prediction: &Prediction) -> Option<Duration> {
    prediction.timings.get(INFERENCE).copied().or(prediction.execution_time)
}
