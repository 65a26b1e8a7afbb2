//! What happens in a world. All of it is behind one lock, so that each request is one step.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::artefact::Artefact;
use crate::clock::{Clock, ClockMode};
use crate::fault_table::FaultTable;
use crate::job::{Job, RETENTION};
use crate::journal::Journal;
use crate::scenario::Scenario;
use crate::webhooks::{self, Desk};

/// How many uploads a world holds.
const MAX_UPLOADS: usize = 10_000;
/// The balance where no scenario says.
const BALANCE_USD: f64 = 100.0;

/// The state of a world.
pub(crate) struct WorldState {
    pub(crate) base_url: String,
    pub(crate) clock: Clock,
    pub(crate) scenario: Scenario,
    pub(crate) faults: FaultTable,
    pub(crate) uploads: HashMap<String, Upload>,
    pub(crate) journal: Journal,
    pub(crate) balance_usd: f64,
    pub(crate) webhooks: Desk,
    /// Which life of which world it is: each reset begins another, and no two are alike.
    pub(crate) epoch: u64,
    jobs: Vec<Job>,
    job_numbers: HashMap<String, usize>,
    connections: u64,
    seed: u64,
    drawn: u64,
}

/// A ticket that was given out, and the file that came by it.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub(crate) name: String,
    pub(crate) size: u64,
    pub(crate) content_type: String,
    pub(crate) signature: String,
    /// When the ticket was given out, on the world's clock.
    pub(crate) made: Duration,
    /// When the ticket runs out.
    pub(crate) expires: Duration,
    pub(crate) file: Option<Arc<Artefact>>,
}

impl WorldState {
    pub(crate) fn new(base_url: String, scenario: Scenario, seed: u64, epoch: u64) -> Self {
        let mut state = Self {
            base_url,
            clock: Clock::new(ClockMode::Real, None),
            scenario: Scenario::default(),
            faults: FaultTable::new(seed),
            uploads: HashMap::new(),
            journal: Journal::default(),
            balance_usd: BALANCE_USD,
            webhooks: Desk::default(),
            epoch,
            jobs: Vec::new(),
            job_numbers: HashMap::new(),
            connections: 0,
            seed,
            drawn: 0,
        };
        state.set_scenario(scenario);
        state
    }

    /// The same world at its beginning: same script, same seed, no past.
    pub(crate) fn fresh(&self) -> Self {
        Self::new(self.base_url.clone(), self.scenario.clone(), self.seed, self.epoch + 1)
    }

    pub(crate) fn set_scenario(&mut self, scenario: Scenario) {
        if let Some(clock) = &scenario.clock {
            self.clock = Clock::new(clock.mode, clock.start);
        }
        if let Some(seed) = scenario.seed {
            self.seed = seed;
        }
        self.balance_usd = scenario.balance_usd.unwrap_or(BALANCE_USD);
        self.faults = FaultTable::new(self.seed);
        self.faults.extend(&scenario.faults);
        self.scenario = scenario;
    }

    /// 32 hexadecimal digits, as the service's ids; the same seed gives the same ones.
    pub(crate) fn new_id(&mut self) -> String {
        self.drawn += 1;
        let digest = Sha256::digest([self.seed.to_be_bytes(), self.drawn.to_be_bytes()].concat());
        hex(digest.get(..16).unwrap_or_default())
    }

    /// The next number for a connection.
    pub(crate) fn new_connection(&mut self) -> u64 {
        self.connections += 1;
        self.connections
    }

    /// The jobs, oldest first.
    pub(crate) fn jobs(&self) -> &[Job] {
        &self.jobs
    }

    pub(crate) fn job(&self, id: &str) -> Option<&Job> {
        self.jobs.get(*self.job_numbers.get(id)?)
    }

    pub(crate) fn job_mut(&mut self, id: &str) -> Option<&mut Job> {
        self.jobs.get_mut(*self.job_numbers.get(id)?)
    }

    /// Adds an upload; `false` where the world holds too many already.
    pub(crate) fn add_upload(&mut self, id: String, upload: Upload) -> bool {
        let fits = self.uploads.len() < MAX_UPLOADS;
        if fits {
            self.uploads.insert(id, upload);
        }
        fits
    }

    /// The file that was uploaded under this id, unless it is too old.
    pub(crate) fn uploaded(&self, id: &str) -> Option<&Arc<Artefact>> {
        let upload = self.uploads.get(id)?;
        let age = self.clock.elapsed().saturating_sub(upload.made);
        upload.file.as_ref().filter(|_| age < RETENTION)
    }

    pub(crate) fn add_job(&mut self, job: Job) {
        self.job_numbers.insert(job.id.clone(), self.jobs.len());
        self.jobs.push(job);
    }

    /// Puts a job into a state, or back on its timeline; `false` where there is no such job.
    pub(crate) fn force(&mut self, job_id: &str, status: Option<String>) -> bool {
        match self.job_mut(job_id) {
            Some(job) => {
                job.forced = status;
                webhooks::touch(self, job_id);
                true
            }
            None => false,
        }
    }

    /// A date of this world as the service writes it, with nine digits of nanoseconds.
    pub(crate) fn date(&self, elapsed: Duration) -> String {
        format!("{:.9}", self.clock.at(elapsed))
    }
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// A number that depends on all of these bytes.
pub(crate) fn hash_u64(parts: &[&[u8]]) -> u64 {
    let digest = Sha256::digest(parts.concat());
    digest.iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte))
}
