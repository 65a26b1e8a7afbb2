//! A world: everything that belongs to one API key. Worlds know nothing of each other.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::clock::ClockMode;
use crate::fault_table::FaultCount;
use crate::job::JobRecord;
use crate::journal::Exchange;
use crate::ledger::Ledger;
use crate::scenario::{Fault, RequestKind, Scenario};
use crate::state::{WorldState, hash_u64};
use crate::verify::{Expect, VerifyResult, verify};
use crate::webhooks::Courier;

/// A handle on a world; cheap to clone.
#[derive(Clone)]
pub struct World {
    pub(crate) shared: Arc<WorldShared>,
}

pub(crate) struct WorldShared {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) base_url: String,
    pub(crate) started: Instant,
    /// Whether webhooks may go to other machines.
    pub(crate) remote_webhooks: bool,
    pub(crate) courier: Courier,
    state: Mutex<WorldState>,
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
        let state = Mutex::new(WorldState::new(base_url.clone(), scenario, seed, epoch));
        let started = Instant::now();
        let courier = Courier::default();
        Self {
            shared: Arc::new(WorldShared {
                id,
                key,
                base_url,
                started,
                remote_webhooks,
                courier,
                state,
            }),
        }
    }

    /// The world's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.shared.id
    }

    /// The API key that opens it.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.shared.key
    }

    /// The base URL to give to a client.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.shared.base_url
    }

    /// Sets a new script; what happened so far stays.
    pub fn set_scenario(&self, scenario: Scenario) {
        self.state().set_scenario(scenario);
        self.shared.courier.ring();
    }

    /// Adds a fault; it counts requests from now on. `false` where the world holds a thousand
    /// faults already: then it is not added.
    pub fn add_fault(&self, fault: Fault) -> bool {
        self.state().faults.extend(&[fault])
    }

    /// The faults and how often each struck.
    #[must_use]
    pub fn faults(&self) -> Vec<FaultCount> {
        self.state().faults.counts()
    }

    /// Moves the world's clock forward. Webhooks that fall due are sent;
    /// [`settled`](Self::settled) waits for them.
    pub fn advance(&self, by: Duration) {
        self.state().clock.advance(by);
        self.shared.courier.ring();
    }

    /// Changes how time passes in the world.
    pub fn set_clock(&self, mode: ClockMode) {
        self.state().clock.set_mode(mode);
        self.shared.courier.ring();
    }

    /// Every exchange so far.
    #[must_use]
    pub fn journal(&self) -> Vec<Exchange> {
        self.state().journal.entries().cloned().collect()
    }

    /// The exchanges of one kind.
    #[must_use]
    pub fn requests(&self, point: RequestKind) -> Vec<Exchange> {
        let state = self.state();
        state.journal.entries().filter(|exchange| exchange.kind == point).cloned().collect()
    }

    /// What was charged.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        let state = self.state();
        Ledger::of(state.jobs(), state.clock.elapsed())
    }

    /// The jobs, oldest first.
    #[must_use]
    pub fn jobs(&self) -> Vec<JobRecord> {
        let state = self.state();
        let now = state.clock.elapsed();
        state.jobs().iter().map(|job| job.record(now, state.date(job.submitted))).collect()
    }

    /// One job; `None` where there is no such job.
    #[must_use]
    pub fn job(&self, job_id: &str) -> Option<JobRecord> {
        let state = self.state();
        let now = state.clock.elapsed();
        state.job(job_id).map(|job| job.record(now, state.date(job.submitted)))
    }

    /// Puts a job into a state, whatever its timeline says; `false` where there is no such job.
    pub fn force(&self, job_id: &str, status: &str) -> bool {
        let found = self.state().force(job_id, Some(status.to_owned()));
        self.shared.courier.ring();
        found
    }

    /// Keeps a job in the state it is in; `false` where there is no such job.
    pub fn hold(&self, job_id: &str) -> bool {
        let mut state = self.state();
        let now = state.clock.elapsed();
        let status = state.job(job_id).map(|job| job.status(now).to_owned());
        state.force(job_id, status)
    }

    /// Lets a job go on by its timeline again, as if it had never been held; `false` where there is no such job.
    pub fn release(&self, job_id: &str) -> bool {
        let found = self.state().force(job_id, None);
        self.shared.courier.ring();
        found
    }

    /// Compares what happened with what was to happen.
    #[must_use]
    pub fn verify(&self, expect: &Expect) -> VerifyResult {
        let ledger = self.ledger();
        let state = self.state();
        verify(expect, state.journal.entries(), &ledger, &state.faults.counts())
    }

    /// Forgets all that happened; the script starts over.
    pub fn reset(&self) {
        let mut state = self.state();
        *state = state.fresh();
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, WorldState> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
