//! Polls a job: drives the wait machine.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::FutureExt as _;
use url::Url;

use super::Client;
use super::learning_wait::LearningWait;
use super::ledger_key::{JobStart, KeyEntry};
use super::progress::{OnProgress, Progress};
use super::webhook_inbox::Subscription;
use crate::error::{Error, ErrorKind, Result};
use crate::protocol::{Prediction, WaitAction, WaitEvent, WaitMachine, WaitPolicy};

/// How long after a submit a 404 for the job may be a delay of the service. A guess.
const UNKNOWN_GRACE: Duration = Duration::from_secs(30);
/// How long a poll at the deadline may wait for the rate limit, and how long it may take.
const LAST_POLL: Duration = Duration::from_secs(5);

/// Waits for one job.
pub(super) struct Poller {
    client: Client,
    watch: WaitMachine,
    /// The URL of the job's state, made once for all polls.
    url: Url,
    deadline: Duration,
    /// The webhook deliveries of the job.
    deliveries: Subscription,
    /// The next step; `None` at the end.
    action: Option<Next>,
    /// The key of the ledger that the end of the job is recorded under.
    key: Option<KeyEntry>,
    /// Learns from the job, if the client learns and knows when the job was accepted.
    learning: Option<LearningWait>,
}

enum Next {
    Report(WaitEvent),
    Do(WaitAction),
}

/// The result of one step of polling.
pub(super) enum PollStep {
    /// The job changed.
    Update(Arc<Prediction>),
    /// The wait is over.
    End(Result<Arc<Prediction>>),
}

impl Poller {
    /// Waits for the job of a submit.
    pub(super) fn started(client: Client, start: JobStart, deadline: Duration) -> Self {
        match start {
            JobStart::Submitted(prediction) => {
                let accepted = client.now();
                Self::submitted(client, prediction, accepted, deadline)
            }
            JobStart::Known(id) => Self::resumed(client, &id, deadline),
        }
    }

    /// Waits for a job whose submit was accepted at this time.
    pub(super) fn submitted(
        client: Client,
        prediction: Arc<Prediction>,
        accepted: Duration,
        deadline: Duration,
    ) -> Self {
        let learning = LearningWait::start(&client, &prediction, accepted);
        let policy = policy(&client, &prediction.model, deadline);
        let watch = WaitMachine::submitted(prediction, policy);
        Self { learning, ..Self::new(client, watch, deadline) }
    }

    /// Waits for a job known by its id.
    pub(super) fn resumed(client: Client, job_id: &str, deadline: Duration) -> Self {
        let policy = policy(&client, "", deadline);
        Self::new(client, WaitMachine::resume(job_id, policy), deadline)
    }

    fn new(client: Client, watch: WaitMachine, deadline: Duration) -> Self {
        let deliveries = client.shared.webhook_inbox.subscribe(watch.job_id());
        let action = Some(Next::Report(WaitEvent::Start));
        let url = client.api.poll_url(watch.job_id());
        Self { client, watch, url, deadline, deliveries, action, key: None, learning: None }
    }

    /// Records the end of the job under this key of the ledger.
    pub(super) fn with_key(self, key: Option<KeyEntry>) -> Self {
        Self { key, ..self }
    }

    /// Polls until the job changes or the wait ends; returns `None` after the end.
    pub(super) async fn next(&mut self, on_progress: &OnProgress) -> Option<PollStep> {
        loop {
            match self.action.take()? {
                Next::Report(event) => {
                    let now = self.client.now();
                    if let Some(learning) = &mut self.learning {
                        if learning.observe(&event, now) {
                            learning.save(now).await;
                        }
                        if !matches!(event, WaitEvent::Woke) {
                            self.watch.plan_pause(learning.pause(now, self.client.random()));
                        }
                    }
                    let step = self.watch.step(now, event, self.client.random());
                    self.action = Some(Next::Do(step.action));
                    if let Some(update) = step.update {
                        if let Some(key) = &self.key
                            && update.status.is_terminal()
                        {
                            key.settled(&update).await;
                        }
                        tracing::debug!(job = update.id, status = %update.status, "update");
                        on_progress.emit(|| Progress::Update(Arc::clone(&update)));
                        return Some(PollStep::Update(update));
                    }
                }
                Next::Do(WaitAction::Finish(outcome)) => return Some(PollStep::End(outcome)),
                Next::Do(WaitAction::Nothing) => return None,
                Next::Do(WaitAction::Sleep(pause, failure)) => {
                    if let Some(error) = failure {
                        tracing::debug!(%error, ?pause, "poll failed; trying again");
                        on_progress.emit(|| Progress::Retrying { error, after: pause });
                    }
                    let sleep = self.client.sleep(pause).map(|()| WaitEvent::Woke);
                    let event = self.deliveries.race(sleep).await;
                    self.action = Some(Next::Report(event));
                }
                Next::Do(WaitAction::Poll) => {
                    // Boxed because it is large and short-lived: a job mostly sleeps.
                    let (due, sent) = (self.client.now(), OnceLock::new());
                    let job = (self.watch.job_id(), &self.url);
                    let poll = poll(&self.client, job, self.deadline, &sent).boxed();
                    let event = self.deliveries.race(poll).await;
                    if let (Some(learning), Some(sent)) = (&mut self.learning, sent.get()) {
                        learning.sent(due, *sent);
                    }
                    self.action = Some(Next::Report(event));
                }
            }
        }
    }

    /// Waits to the end.
    pub(super) async fn finish(&mut self, on_progress: &OnProgress) -> Result<Arc<Prediction>> {
        loop {
            match self.next(on_progress).await {
                Some(PollStep::Update(_)) => {}
                Some(PollStep::End(outcome)) => return outcome,
                // The end precedes `None`.
                None => return Err(wait_ended(self.watch.job_id())),
            }
        }
    }
}

/// Polls once the rate limit allows it, and sets `sent` to that time.
async fn poll(
    client: &Client,
    (job_id, url): (&str, &Url),
    deadline: Duration,
    sent: &OnceLock<Duration>,
) -> WaitEvent {
    let latest = deadline.max(client.now()).saturating_add(LAST_POLL);
    if !client.await_poll_slot(latest).await {
        // A webhook may still arrive in time.
        client.sleep(deadline.saturating_sub(client.now())).await;
        return WaitEvent::HeldBack;
    }
    let left = deadline.saturating_sub(*sent.get_or_init(|| client.now()));
    let response = client.api.poll(job_id, url, left.max(LAST_POLL)).await;
    client.on_rate_limited(&response);
    WaitEvent::Polled(response)
}

fn policy(client: &Client, model: &str, deadline: Duration) -> WaitPolicy {
    let config = &client.shared.config;
    WaitPolicy {
        pacing: client.pacing(model),
        retry: config.poll_retry_policy(),
        unknown_grace: UNKNOWN_GRACE,
        deadline,
    }
}

/// The error of a wait that continues after its end.
fn wait_ended(job_id: &str) -> Error {
    Error::new(ErrorKind::UnexpectedResponse, "The wait has already ended.").with_job(job_id)
}
