//! A world: everything that belongs to one API key. Worlds know nothing of each other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

use crate::artefact::Artefact;
use crate::clock::{Clock, ClockMode};
use crate::job::{Job, JobRecord};
use crate::journal::{Exchange, Journal};
use crate::ledger::Ledger;
use crate::scenario::{Effect, Fault, Point, Scenario, When};

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
    state: Mutex<WorldState>,
}

/// What happens in a world.
pub(crate) struct WorldState {
    pub(crate) clock: Clock,
    pub(crate) scenario: Scenario,
    pub(crate) faults: Vec<ActiveFault>,
    pub(crate) jobs: Vec<Job>,
    pub(crate) uploads: HashMap<String, Upload>,
    pub(crate) journal: Journal,
    pub(crate) balance_usd: f64,
    seed: u64,
    drawn: u64,
}

/// A fault and how often it struck.
#[derive(Clone, Debug)]
pub(crate) struct ActiveFault {
    pub(crate) fault: Fault,
    pub(crate) seen: u64,
    pub(crate) struck: u64,
}

/// A fault and how often it struck, for tests.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct FaultCount {
    /// The fault.
    pub fault: Fault,
    /// How many requests of its kind came since it was set.
    pub seen: u64,
    /// How often it struck.
    pub struck: u64,
    /// How often it is still to strike; `None` where that is open.
    pub left: Option<u64>,
}

/// A ticket that was given out, and the file that came by it.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub(crate) name: String,
    pub(crate) size: u64,
    pub(crate) content_type: String,
    pub(crate) signature: String,
    /// When the ticket runs out, on the world's clock.
    pub(crate) expires: Duration,
    pub(crate) file: Option<Arc<Artefact>>,
}

impl World {
    pub(crate) fn new(id: String, key: String, base_url: String, scenario: Scenario) -> Self {
        let seed = scenario.seed.unwrap_or_else(|| hash_u64(&[id.as_bytes(), key.as_bytes()]));
        let state = Mutex::new(WorldState::new(scenario, seed));
        let started = Instant::now();
        Self { shared: Arc::new(WorldShared { id, key, base_url, started, state }) }
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
    }

    /// Adds a fault; it counts requests from now on.
    pub fn add_fault(&self, fault: Fault) {
        self.state().faults.push(ActiveFault::new(fault));
    }

    /// The faults and how often each struck.
    #[must_use]
    pub fn faults(&self) -> Vec<FaultCount> {
        self.state().faults.iter().map(ActiveFault::count).collect()
    }

    /// Moves the world's clock forward.
    pub fn advance(&self, by: Duration) {
        self.state().clock.advance(by);
    }

    /// Changes how time passes in the world.
    pub fn set_clock(&self, mode: ClockMode) {
        self.state().clock.set_mode(mode);
    }

    /// Every exchange so far.
    #[must_use]
    pub fn journal(&self) -> Vec<Exchange> {
        self.state().journal.entries()
    }

    /// The exchanges of one kind.
    #[must_use]
    pub fn requests(&self, point: Point) -> Vec<Exchange> {
        self.journal().into_iter().filter(|exchange| exchange.point == point).collect()
    }

    /// What was charged.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.state().ledger()
    }

    /// The jobs, oldest first.
    #[must_use]
    pub fn jobs(&self) -> Vec<JobRecord> {
        let state = self.state();
        let now = state.clock.elapsed();
        state.jobs.iter().map(|job| job.record(now)).collect()
    }

    /// Puts a job into a state, whatever its timeline says; `false` where there is no such job.
    pub fn force(&self, job_id: &str, status: &str) -> bool {
        self.state().force(job_id, Some(status.to_owned()))
    }

    /// Lets a job go on by its timeline again; `false` where there is no such job.
    pub fn release(&self, job_id: &str) -> bool {
        self.state().force(job_id, None)
    }

    /// Forgets all that happened; the script starts over.
    pub fn reset(&self) {
        let mut state = self.state();
        *state = WorldState::new(state.scenario.clone(), state.seed);
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, WorldState> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WorldState {
    fn new(scenario: Scenario, seed: u64) -> Self {
        let mut state = Self {
            clock: Clock::new(ClockMode::Real, None),
            scenario: Scenario::default(),
            faults: Vec::new(),
            jobs: Vec::new(),
            uploads: HashMap::new(),
            journal: Journal::default(),
            balance_usd: 0.0,
            seed,
            drawn: 0,
        };
        state.set_scenario(scenario);
        state
    }

    fn set_scenario(&mut self, scenario: Scenario) {
        if let Some(clock) = &scenario.clock {
            self.clock = Clock::new(clock.mode, clock.start);
        }
        if let Some(seed) = scenario.seed {
            self.seed = seed;
        }
        self.balance_usd = scenario.balance_usd.unwrap_or(100.0);
        self.faults = scenario.faults.iter().cloned().map(ActiveFault::new).collect();
        self.scenario = scenario;
    }

    /// 32 hexadecimal digits, as the service's ids; the same seed gives the same ones.
    pub(crate) fn new_id(&mut self) -> String {
        self.drawn += 1;
        let digest = Sha256::digest([self.seed.to_be_bytes(), self.drawn.to_be_bytes()].concat());
        digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    /// A number from 0 to 1; the same seed gives the same ones.
    fn random(&mut self) -> f64 {
        self.drawn += 1;
        let hash = hash_u64(&[&self.seed.to_be_bytes(), &self.drawn.to_be_bytes()]);
        (hash >> 11) as f64 / (1u64 << 53) as f64
    }

    /// The effect of the first fault that strikes this request; every fault of its kind counts it.
    pub(crate) fn strike(&mut self, point: Point) -> Option<(Effect, When)> {
        let mut struck = None;
        for index in 0..self.faults.len() {
            let random = self.random_for(index, point);
            let Some(active) = self.faults.get_mut(index) else { continue };
            if !active.fault.at.covers(point) {
                continue;
            }
            active.seen += 1;
            if struck.is_none() && active.fault.strikes(active.seen, random) {
                active.struck += 1;
                struck = Some((active.fault.effect.clone(), active.fault.when));
            }
        }
        struck
    }

    /// Draws only where chance is asked for, so that other scripts keep their ids.
    fn random_for(&mut self, index: usize, point: Point) -> f64 {
        let draws = self.faults.get(index).is_some_and(|active| {
            active.fault.probability.is_some() && active.fault.at.covers(point)
        });
        if draws { self.random() } else { 0.0 }
    }

    pub(crate) fn job(&mut self, id: &str) -> Option<&mut Job> {
        self.jobs.iter_mut().find(|job| job.id == id)
    }

    fn force(&mut self, job_id: &str, status: Option<String>) -> bool {
        match self.job(job_id) {
            Some(job) => {
                job.forced = status;
                true
            }
            None => false,
        }
    }

    pub(crate) fn ledger(&self) -> Ledger {
        Ledger::of(&self.jobs, self.clock.elapsed())
    }

    /// A date of this world as the service writes it, with nine digits of nanoseconds.
    pub(crate) fn date(&self, elapsed: Duration) -> String {
        format!("{:.9}", self.clock.at(elapsed))
    }
}

impl ActiveFault {
    fn new(fault: Fault) -> Self {
        Self { fault, seen: 0, struck: 0 }
    }

    fn count(&self) -> FaultCount {
        FaultCount {
            fault: self.fault.clone(),
            seen: self.seen,
            struck: self.struck,
            left: self.fault.times().map(|times| times.saturating_sub(self.struck)),
        }
    }
}

fn hash_u64(parts: &[&[u8]]) -> u64 {
    let digest = Sha256::digest(parts.concat());
    digest.iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte))
}
