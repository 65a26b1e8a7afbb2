//! A world: everything that belongs to one API key. Worlds are independent of each other.

pub(crate) mod deliveries;
pub(crate) mod event_frame;
pub(crate) mod event_log;
pub(crate) mod exchange;
pub(crate) mod exchange_record;
mod exchange_summary;
pub(crate) mod fault_table;
pub(crate) mod job;
pub(crate) mod journal;
pub(crate) mod ledger;
pub(crate) mod pending_exchange;
pub(crate) mod recorded_head;
pub(crate) mod registry;
pub(crate) mod state;
mod webhook_scheduler;
mod webhook_sender;
mod webhook_signature;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use self::deliveries::WebhookDelivery;
use self::event_frame::SharedFrames;
use self::event_log::Single;
use self::exchange::Exchange;
use self::fault_table::FaultCount;
use self::job::JobRecord;
use self::ledger::Ledger;
use self::state::WorldState;
use self::webhook_sender::WebhookSender;
use crate::clock::ClockMode;
use crate::digest::{hash_u64, hex};
use crate::scenario::{Fault, RequestKind, Scenario};

/// A handle on a world; cheap to clone.
#[derive(Clone)]
pub struct World {
    pub(crate) shared: Arc<WorldShared>,
}

pub(crate) struct WorldShared {
    id: String,
    key: String,
    base_url: String,
    created: Instant,
    /// Whether webhooks may be sent to other machines.
    remote_webhooks: bool,
    webhook_sender: WebhookSender,
    state: Mutex<WorldState>,
    /// Begins the ids of events; other worlds, and other runs of the server, have others.
    events_id: String,
    frames: Mutex<SharedFrames>,
    /// How many clients read events.
    pub(crate) watchers: AtomicUsize,
    stopped: AtomicBool,
}

impl World {
    pub(crate) fn new(
        id: String,
        key: String,
        base_url: String,
        scenario: Scenario,
        epoch: u64,
        remote_webhooks: bool,
    ) -> Self {
        let seed = scenario.seed.unwrap_or_else(|| hash_u64(&[id.as_bytes(), key.as_bytes()]));
        let started = jiff::Timestamp::now().as_nanosecond().to_string();
        let shared = WorldShared {
            id,
            key,
            base_url,
            created: Instant::now(),
            remote_webhooks,
            webhook_sender: WebhookSender::default(),
            state: Mutex::new(WorldState::new(scenario, seed, epoch)),
            events_id: hex(&hash_u64(&[&epoch.to_be_bytes(), started.as_bytes()]).to_be_bytes()),
            frames: Mutex::default(),
            watchers: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Returns the world's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.shared.id
    }

    /// Returns the API key of the world.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.shared.key
    }

    /// Returns the base URL for clients.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.shared.base_url
    }

    /// Sets a new scenario. Jobs, uploads and the journal stay.
    pub fn set_scenario(&self, scenario: Scenario) {
        self.state().set_scenario(scenario);
        self.shared.webhook_sender.wake();
    }

    /// Adds a fault. It counts requests from now on. Returns `false`, and adds nothing, if the world
    /// has a thousand faults already.
    pub fn add_fault(&self, fault: Fault) -> bool {
        let mut state = self.state();
        state.events.record_single(Single::Faults);
        state.faults.extend(&[fault])
    }

    /// Removes the fault with this index. Returns `false` if there is none.
    pub fn remove_fault(&self, index: usize) -> bool {
        let mut state = self.state();
        state.events.record_single(Single::Faults);
        state.faults.remove(index)
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        let mut state = self.state();
        state.events.record_single(Single::Faults);
        state.faults.clear();
    }

    /// Returns the scenario, with the faults that it was set with.
    #[must_use]
    pub fn scenario(&self) -> Scenario {
        self.state().scenario.clone()
    }

    /// Returns the faults, and how often each was triggered.
    #[must_use]
    pub fn faults(&self) -> Vec<FaultCount> {
        self.state().faults.counts()
    }

    /// Moves the world's clock forward. Webhooks that become due are sent;
    /// [`settled`](Self::settled) waits for them.
    pub fn advance(&self, by: Duration) {
        {
            let mut state = self.state();
            state.clock.advance(by);
            state.events.record_single(Single::Clock);
        }
        self.shared.webhook_sender.wake();
    }

    /// Changes how time passes in the world.
    pub fn set_clock(&self, mode: ClockMode) {
        {
            let mut state = self.state();
            state.clock.set_mode(mode);
            state.events.record_single(Single::Clock);
        }
        self.shared.webhook_sender.wake();
    }

    /// Returns every exchange so far.
    #[must_use]
    pub fn journal(&self) -> Vec<Exchange> {
        self.state().journal.entries().map(|entry| entry.exchange(self.id())).collect()
    }

    /// Returns at most `limit` exchanges of this kind with numbers above `since`, oldest first.
    #[must_use]
    pub fn journal_after(&self, since: u64, limit: usize, kind: RequestKind) -> Vec<Exchange> {
        let state = self.state();
        let matching = state.journal.after(since).filter(|entry| kind.covers(entry.kind));
        matching.take(limit).map(|entry| entry.exchange(self.id())).collect()
    }

    /// Returns the exchanges of one kind.
    #[must_use]
    pub fn requests(&self, kind: RequestKind) -> Vec<Exchange> {
        let state = self.state();
        let matching = state.journal.entries().filter(|entry| kind.covers(entry.kind));
        matching.map(|entry| entry.exchange(self.id())).collect()
    }

    /// Returns the charges.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.state().ledger()
    }

    /// Returns the jobs, oldest first.
    #[must_use]
    pub fn jobs(&self) -> Vec<JobRecord> {
        let state = self.state();
        state.jobs().iter().map(|job| state.job_record(job)).collect()
    }

    /// Returns one job; `None` if the id is unknown.
    #[must_use]
    pub fn job(&self, job_id: &str) -> Option<JobRecord> {
        let state = self.state();
        state.job(job_id).map(|job| state.job_record(job))
    }

    /// Puts a job into a state, whatever its timeline says. Returns `false` if the id is unknown.
    pub fn force(&self, job_id: &str, status: &str) -> bool {
        self.set_forced(job_id, |_, _| Some(status.to_owned()))
    }

    /// Keeps a job in its current state. Returns `false` if the id is unknown.
    pub fn hold(&self, job_id: &str) -> bool {
        self.set_forced(job_id, |job, now| Some(job.status(now).to_owned()))
    }

    /// Returns a job to its timeline, as if it had never been held. Returns `false` if the id is
    /// unknown.
    pub fn release(&self, job_id: &str) -> bool {
        self.set_forced(job_id, |_, _| None)
    }

    fn set_forced(
        &self,
        job_id: &str,
        status: impl FnOnce(&job::Job, Duration) -> Option<String>,
    ) -> bool {
        {
            let mut state = self.state();
            let now = state.clock.elapsed();
            let Some(job) = state.job_mut(job_id) else { return false };
            job.forced = status(job, now);
            job.forced_at = job.forced.as_ref().map(|_| now);
            webhook_scheduler::reschedule(&mut state, job_id);
        }
        self.shared.webhook_sender.wake();
        true
    }

    /// Removes jobs, uploads, charges and the journal; the scenario starts over.
    pub fn reset(&self) {
        let mut state = self.state();
        *state = state.fresh();
    }

    /// Returns the webhook deliveries so far, in the order of their jobs' ends.
    #[must_use]
    pub fn webhooks(&self) -> Vec<WebhookDelivery> {
        self.state().webhooks.records()
    }

    /// Sends a delivery again at once, with a new signature and all its retries. Returns `false` if
    /// the number is unknown.
    pub fn redeliver(&self, number: u64) -> bool {
        let found = {
            let mut state = self.state();
            let now = state.clock.elapsed();
            let found = state.webhooks.redeliver(number, now);
            state.record_webhook(number);
            found
        };
        self.shared.webhook_sender.wake();
        found
    }

    /// Returns the secret that webhooks are signed with now.
    #[must_use]
    pub fn webhook_secret(&self) -> String {
        self.state().webhooks.secret(self.id())
    }

    /// Replaces the secret. Earlier signatures stay as they are.
    pub fn rotate_webhook_secret(&self) {
        self.state().webhooks.rotate_secret();
    }

    /// Waits until every webhook that is due by the world's clock was sent and answered.
    pub async fn settled(&self) {
        self.shared.webhook_sender.settled().await;
    }

    /// Updates the webhook of a job after a request about it. If the scenario sends the webhook
    /// before the submit is answered, this returns after it was sent.
    pub(crate) async fn update_webhook(&self, job_id: Option<&str>, is_submit: bool) {
        let Some(job_id) = job_id else { return };
        let before_answer = {
            let mut state = self.state();
            if state.job(job_id).is_none_or(|job| job.webhook.is_none()) {
                return;
            }
            if is_submit {
                webhook_scheduler::register(&mut state, job_id)
            } else {
                webhook_scheduler::reschedule(&mut state, job_id);
                false
            }
        };
        if is_submit {
            self.shared.webhook_sender.start(self);
        }
        self.shared.webhook_sender.wake();
        if before_answer {
            self.settled().await;
        }
    }

    /// Stops sending webhooks and events.
    pub(crate) fn stop(&self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
        self.shared.webhook_sender.stop();
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.shared.stopped.load(Ordering::Relaxed)
    }

    /// Returns the real time since the world was created.
    pub(crate) fn age(&self) -> Duration {
        self.shared.created.elapsed()
    }

    pub(crate) fn age_ms(&self) -> u64 {
        u64::try_from(self.age().as_millis()).unwrap_or(u64::MAX)
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, WorldState> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
