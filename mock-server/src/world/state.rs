//! The state of a world. All of it is behind one lock, so that each request is one step.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

use super::deliveries::WebhookQueue;
use super::event_log::{EventLog, Part, Single};
use super::exchange_record::{ExchangeRecord, Moment};
use super::fault_table::{FaultTable, TriggeredFault};
use super::job::{Job, JobRecord, RETENTION};
use super::journal::Journal;
use super::ledger::Ledger;
use crate::clock::{Clock, ClockMode, http_date};
use crate::digest::{hash_u64, id_from, request_id_from};
use crate::scenario::{OutputMode, RequestKind, Scenario};
use crate::stored_file::StoredFile;

/// How many uploads a world holds.
const MAX_UPLOADS: usize = 10_000;
/// The balance if no scenario sets one.
const BALANCE_USD: f64 = 100.0;

/// The state of a world.
pub(crate) struct WorldState {
    pub(crate) clock: Clock,
    pub(crate) scenario: Scenario,
    pub(crate) faults: FaultTable,
    pub(crate) uploads: HashMap<String, Upload>,
    pub(crate) journal: Journal,
    pub(crate) balance_usd: f64,
    pub(crate) webhooks: WebhookQueue,
    /// The output of lip-sync jobs if the scenario does not say.
    pub(crate) default_output: OutputMode,
    /// Changes with each reset. No two worlds have the same.
    pub(crate) epoch: u64,
    pub(crate) events: EventLog,
    /// The `Date` header of the last response, and its second.
    date_header: Option<(i64, HeaderValue)>,
    jobs: Vec<Job>,
    /// Hashes of the charged models and inputs.
    charged: HashSet<u64>,
    job_indexes: HashMap<Arc<str>, usize>,
    connections: u64,
    seed: u64,
    ids: u64,
}

/// A presigned upload, and the file that was put there.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub(crate) name: String,
    pub(crate) size: u64,
    pub(crate) content_type: String,
    pub(crate) signature: String,
    /// When it was created, on the world's clock.
    pub(crate) created: Duration,
    /// When its URL expires.
    pub(crate) expires: Duration,
    pub(crate) file: Option<Arc<StoredFile>>,
}

impl WorldState {
    pub(crate) fn new(scenario: Scenario, seed: u64, epoch: u64) -> Self {
        let mut state = Self {
            clock: Clock::new(ClockMode::Real, None),
            scenario: Scenario::default(),
            faults: FaultTable::new(seed),
            uploads: HashMap::new(),
            journal: Journal::default(),
            balance_usd: BALANCE_USD,
            webhooks: WebhookQueue::default(),
            default_output: OutputMode::default(),
            epoch,
            events: EventLog::default(),
            date_header: None,
            jobs: Vec::new(),
            charged: HashSet::new(),
            job_indexes: HashMap::new(),
            connections: 0,
            seed,
            ids: 0,
        };
        state.set_scenario(scenario);
        state
    }

    /// Returns the same world at its start: same scenario, same seed, no history.
    pub(crate) fn fresh(&self) -> Self {
        let mut fresh = Self::new(self.scenario.clone(), self.seed, self.epoch + 1);
        fresh.default_output = self.default_output;
        fresh.events = self.events.restarted();
        fresh.record_singles();
        fresh
    }

    /// Returns the seed of ids and random choices.
    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// Returns the output of lip-sync jobs.
    pub(crate) fn output_mode(&self) -> OutputMode {
        self.scenario.output.unwrap_or(self.default_output)
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
        self.record_singles();
    }

    fn record_singles(&mut self) {
        for single in [Single::Scenario, Single::Clock, Single::Ledger, Single::Faults] {
            self.events.record_single(single);
        }
    }

    /// Returns the fault that a request of this kind triggers.
    pub(crate) fn trigger_fault(&mut self, kind: RequestKind) -> Option<TriggeredFault> {
        if self.faults.counts_kind(kind) {
            self.events.record_single(Single::Faults);
        }
        self.faults.trigger(kind)
    }

    /// Records a new exchange in the journal. Returns its number.
    pub(crate) fn add_exchange(&mut self, exchange: ExchangeRecord) -> u64 {
        let (sequence, dropped) = self.journal.record(exchange);
        if let Some(dropped) = dropped {
            self.events.forget(dropped.last_event);
        }
        self.record_exchange(sequence);
        sequence
    }

    /// Records that an exchange has changed.
    pub(crate) fn record_exchange(&mut self, sequence: u64) {
        let events = &mut self.events;
        self.journal.update(sequence, |entry| {
            events.record(Part::Exchange(sequence), &mut entry.last_event);
        });
    }

    /// Records that a job has changed, and with it the ledger.
    pub(super) fn record_job(&mut self, index: usize) {
        if let Some(job) = self.jobs.get_mut(index) {
            self.events.record(Part::Job(index), &mut job.last_event);
            self.events.record_single(Single::Ledger);
        }
    }

    /// Records that a delivery has changed.
    pub(super) fn record_webhook(&mut self, number: u64) {
        let events = &mut self.events;
        if let Some(delivery) = self.webhooks.delivery(number) {
            events.record(Part::Webhook(number), &mut delivery.last_event);
        }
    }

    /// Returns the next id: 32 hexadecimal digits, as the service's. The same seed gives the same
    /// ids.
    pub(crate) fn new_id(&mut self) -> String {
        self.ids += 1;
        id_from(self.seed, self.ids)
    }

    /// Returns the id of the next request that the journal records. The same seed gives the same ids.
    pub(crate) fn next_request_id(&self, world: &str) -> String {
        request_id_from(world, self.seed, self.journal.count() + 1)
    }

    /// Returns the number of a new connection.
    pub(crate) fn new_connection(&mut self) -> u64 {
        self.connections += 1;
        self.connections
    }

    /// Returns the jobs, oldest first.
    pub(crate) fn jobs(&self) -> &[Job] {
        &self.jobs
    }

    pub(crate) fn job(&self, id: &str) -> Option<&Job> {
        self.jobs.get(self.job_index(id)?)
    }

    /// Returns the index of a job in [`jobs`](Self::jobs), which it keeps until a reset.
    pub(crate) fn job_index(&self, id: &str) -> Option<usize> {
        self.job_indexes.get(id).copied()
    }

    /// Returns the job to be changed.
    pub(crate) fn job_mut(&mut self, id: &str) -> Option<&mut Job> {
        self.changed_job(self.job_index(id)?)
    }

    /// Returns the job with this index, to be changed.
    pub(crate) fn changed_job(&mut self, index: usize) -> Option<&mut Job> {
        self.record_job(index);
        self.jobs.get_mut(index)
    }

    /// Records that the client knows a job, and its result if `completed`.
    pub(super) fn mark_delivered(&mut self, index: usize, completed: bool) {
        let is_known = |job: &Job| job.id_delivered && (job.delivered || !completed);
        if self.jobs.get(index).is_none_or(is_known) {
            return;
        }
        if let Some(job) = self.changed_job(index) {
            job.id_delivered = true;
            job.delivered |= completed;
        }
    }

    /// Returns the job with this index, to be changed in what no event shows.
    pub(crate) fn job_at_mut(&mut self, index: usize) -> Option<&mut Job> {
        self.jobs.get_mut(index)
    }

    pub(crate) fn add_job(&mut self, mut job: Job) {
        let input = job.input.to_string();
        let hash = hash_u64(&[job.model.as_bytes(), b"\n", input.as_bytes()]);
        job.duplicate = !self.charged.insert(hash);
        let index = self.jobs.len();
        self.job_indexes.insert(Arc::clone(&job.id), index);
        self.jobs.push(job);
        self.record_job(index);
    }

    /// Returns a job as tests see it.
    pub(crate) fn job_record(&self, job: &Job) -> JobRecord {
        let now = self.clock.elapsed();
        job.record(now, self.date(job.submitted), |at| self.date(at))
    }

    /// Returns the charges.
    pub(crate) fn ledger(&self) -> Ledger {
        Ledger::of(&self.jobs, self.clock.elapsed())
    }

    /// Adds an upload. Returns `false` if the world holds too many already.
    pub(crate) fn add_upload(&mut self, id: String, upload: Upload) -> bool {
        let fits = self.uploads.len() < MAX_UPLOADS;
        if fits {
            self.uploads.insert(id, upload);
        }
        fits
    }

    /// Returns the file that was uploaded under this id, unless it has expired.
    pub(crate) fn uploaded(&self, id: &str) -> Option<&Arc<StoredFile>> {
        let upload = self.uploads.get(id)?;
        let age = self.clock.elapsed().saturating_sub(upload.created);
        upload.file.as_ref().filter(|_| age < RETENTION)
    }

    /// Returns the `Date` header of a response that is sent now.
    pub(crate) fn http_date(&mut self) -> Option<HeaderValue> {
        let now = self.clock.now();
        let second = now.as_second();
        if self.date_header.as_ref().is_none_or(|(last, _)| *last != second) {
            self.date_header =
                HeaderValue::try_from(http_date(now)).ok().map(|value| (second, value));
        }
        self.date_header.as_ref().map(|(_, value)| value.clone())
    }

    /// Returns a date of this world as the service writes it, with nine digits of nanoseconds.
    pub(crate) fn date(&self, elapsed: Duration) -> String {
        self.moment(elapsed).to_string()
    }

    /// Returns a date of this world.
    pub(crate) fn moment(&self, elapsed: Duration) -> Moment {
        Moment(self.clock.at(elapsed))
    }
}
