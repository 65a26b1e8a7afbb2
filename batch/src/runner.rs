//! The steps of the items of a run.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use viseme::ledger::LedgerError;
use viseme::{Client, Error, Input, Prediction, Progress};

use crate::batch::Batch;
use crate::item::{Item, ItemState};
use crate::manifest::Row;
use crate::options::OnUnknown;
use crate::outcome::{JOBS_KEPT, Outcome, StopReason, outcome};
use crate::output_file;
use crate::plan::{Step, allows_retry};
use crate::price::Prices;
use crate::uploads::Uploads;

/// Is called with the id and the new state of an item.
pub type OnState = Arc<dyn Fn(&str, ItemState) + Send + Sync>;

/// After this many items in a row that the network or the service failed, a run submits nothing more.
const MAX_OUTAGES: usize = 20;
/// How long an item tries to be submitted while the service answers 429, and its pause after the client has
/// tried several times.
const RATE_LIMIT_PATIENCE: Duration = Duration::from_secs(60 * 60);
const RATE_LIMIT_PAUSE: Duration = Duration::from_secs(1);

/// What the steps of a run share.
pub(crate) struct Runner {
    batch: Batch,
    client: Client,
    uploads: Uploads,
    prices: Prices,
    on_state: Option<OnState>,
    /// No further submits.
    stopped: AtomicBool,
    reason: Mutex<Option<StopReason>>,
    /// The items of which a submit is in flight.
    submitting: Arc<Mutex<HashSet<String>>>,
    /// Items in a row that the network or the service failed.
    outages: AtomicUsize,
}

impl Runner {
    pub(crate) fn new(
        batch: Batch,
        client: Client,
        prices: Prices,
        on_state: Option<OnState>,
    ) -> Self {
        Self {
            uploads: Uploads::new(batch.store().clone(), batch.rows()),
            prices,
            batch,
            client,
            on_state,
            stopped: AtomicBool::new(false),
            reason: Mutex::default(),
            submitting: Arc::default(),
            outages: AtomicUsize::new(0),
        }
    }

    /// Submits nothing more.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
    }

    /// Returns whether nothing more is submitted.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// Returns how many submits are in flight.
    pub(crate) fn submitting(&self) -> usize {
        locked(&self.submitting).len()
    }

    /// Returns why nothing more is submitted, if that is not what [`stop`](Self::stop) did.
    pub(crate) fn stop_reason(&self) -> Option<StopReason> {
        locked(&self.reason).clone()
    }

    /// Does one step with an item. Returns the item as it is then, or `None` if nothing happened to it.
    pub(crate) async fn advance(
        self: Arc<Self>,
        mut item: Item,
        index: usize,
        step: Step,
    ) -> Option<Item> {
        if step.is_new() && self.is_stopped() {
            return None;
        }
        let mut failures = item.failures;
        let row = self.batch.rows().get(index)?;
        let result = match step {
            Step::Recover => self.recover(&mut item, row).await,
            Step::Save | Step::Wait => self.run_key(row.input(), &item, false).await,
            Step::Submit | Step::Retry | Step::Copy => self.submit(&mut item, row).await,
        };
        let mut item = self.end(item, row, result).await;
        // Only another failed job is a reason to submit again: a submit that was refused stays refused.
        while item.failures > failures
            && allows_retry(&item, self.batch.options())
            && !self.stopped.load(Ordering::SeqCst)
        {
            failures = item.failures;
            let result = self.submit(&mut item, row).await;
            item = self.end(item, row, result).await;
        }
        // The run stopped before the item was submitted; nothing happened to it.
        let is_untouched = item.state == ItemState::Planned && item.error.is_none();
        (!is_untouched).then_some(item)
    }

    /// Saves or reports the result of a step, and records it.
    async fn end(&self, mut item: Item, row: &Row, result: Result<Prediction, Failure>) -> Item {
        locked(&self.submitting).remove(&item.id);
        let state = match result {
            Ok(prediction) => self.save(&mut item, row, &prediction).await,
            Err(failure) => self.failed(&mut item, failure),
        };
        self.record(item, state).await
    }

    async fn submit(&self, item: &mut Item, row: &Row) -> Result<Prediction, Failure> {
        let prepared = self.batch.prepared_input(row).await?;
        let report = self.client.check(prepared.clone()).await?;
        let report = if self.batch.options().strict { report.strict() } else { report };
        report.into_result()?;
        self.enter(item, ItemState::Checked);
        let fixed = match self.prices.fixed(&self.client, prepared.model()).await {
            Ok(price) => price,
            // Without a limit, the price is only for the report.
            Err(error) if self.batch.options().max_cost.is_some() => return Err(error.into()),
            Err(_) => None,
        };
        if self.batch.options().max_cost.is_some() {
            self.batch.ledger().require_budget(fixed.unwrap_or(1)).await?;
        }
        self.enter(item, ItemState::Uploading);
        let input = self.uploads.input(&self.client, row, &prepared).await?;
        self.enter(item, ItemState::Ready);
        item.price_micros = match fixed {
            None if self.batch.options().max_cost.is_some() => {
                Some(self.prices.of(&self.client, &input).await?)
            }
            price => price,
        };
        let (retry_failed, started) = (item.state == ItemState::Failed, Instant::now());
        loop {
            let result = self.run_key(input.clone(), item, retry_failed).await;
            let is_stopped = self.stopped.load(Ordering::SeqCst);
            match result {
                // That is no fault of the item: without this, a busy account would end the batch.
                Err(failure)
                    if failure.is_rate_limit()
                        && !is_stopped
                        && started.elapsed() < RATE_LIMIT_PATIENCE =>
                {
                    tokio::time::sleep(RATE_LIMIT_PAUSE).await;
                }
                result => return result,
            }
        }
    }

    async fn recover(&self, item: &mut Item, row: &Row) -> Result<Prediction, Failure> {
        self.enter(item, ItemState::Submitting);
        let failure = match self.run_key(row.input(), item, false).await {
            Ok(prediction) => return Ok(prediction),
            Err(failure) => failure,
        };
        let OnUnknown::ResubmitAfter(delay) = self.batch.options().on_unknown else {
            return Err(failure);
        };
        let age = item.sent_at.map_or(Duration::ZERO, age);
        let is_stopped = self.stopped.load(Ordering::SeqCst);
        // The history no longer shows jobs that the service has deleted.
        let is_in_time = age >= delay && age < JOBS_KEPT;
        if !failure.is_without_candidates() || !is_in_time || is_stopped {
            return Err(failure);
        }
        let reason = format!("not found {} s after the submit", age.as_secs());
        self.batch.store().give_up(&item.id, &reason).await?;
        self.submit(item, row).await
    }

    /// Submits the input under the id of the item, or continues with the job that the id has.
    async fn run_key(
        &self,
        input: Input,
        item: &Item,
        retry_failed: bool,
    ) -> Result<Prediction, Failure> {
        let mut run = self
            .client
            .run(input)
            .check_media(false)
            .key(item.id.as_str())
            .fingerprint(item.digest.as_str())
            .retry_failed(retry_failed);
        if let Some(price) = item.price_micros {
            run = run.price_micros(price);
        }
        if let Some(webhook) = &self.batch.options().webhook {
            run = run.webhook(webhook);
        }
        let (submitting, on_state) = (Arc::clone(&self.submitting), self.on_state.clone());
        let id = item.id.clone();
        let on_progress = move |progress: Progress| {
            let Some(state) = state_of(&progress) else { return };
            if state == ItemState::Submitting {
                locked(&submitting).insert(id.clone());
            } else {
                locked(&submitting).remove(&id);
            }
            if let Some(on_state) = &on_state {
                on_state(&id, state);
            }
        };
        Ok(run.on_progress(on_progress).await?)
    }

    fn enter(&self, item: &Item, state: ItemState) {
        if let Some(on_state) = &self.on_state {
            on_state(&item.id, state);
        }
    }

    /// Saves the outputs of a job, and returns the item's state.
    async fn save(&self, item: &mut Item, row: &Row, prediction: &Prediction) -> ItemState {
        item.job_id = Some(prediction.id.clone());
        self.outages.store(0, Ordering::SeqCst);
        self.enter(item, ItemState::Downloading);
        let to = match output_file::target(self.batch.folder().path(), row, prediction) {
            Ok(to) => to,
            Err(message) => {
                item.error_code = Some("download".to_owned());
                item.error = Some(message);
                return ItemState::Completed;
            }
        };
        let mut outputs = Vec::new();
        for download in self.client.download_outputs(prediction, &to) {
            match download.await {
                Ok(file) => outputs.push(file.path),
                Err(error) => return self.failed(item, error.into()),
            }
        }
        if let Err(error) = output_file::sync_names(&outputs).await {
            item.error_code = Some("download".to_owned());
            item.error = Some(format!("The result cannot be written to the disk: {error}."));
            return ItemState::Completed;
        }
        item.outputs = outputs;
        (item.error_code, item.error) = (None, None);
        ItemState::Done
    }

    /// Records a failure in an item, and returns its state. Errors that every further item would get stop
    /// the run.
    fn failed(&self, item: &mut Item, failure: Failure) -> ItemState {
        if self.batch.store().is_taken_over(&item.id) {
            return item.state;
        }
        let error = match failure {
            Failure::Client(error) => *error,
            Failure::Ledger(error) => {
                self.stop_because(StopReason::of_ledger(error));
                return item.state;
            }
        };
        let age = item.sent_at.map_or(Duration::ZERO, age);
        let Outcome { state, stop, is_outage } = outcome(&error, age, self.batch.options());
        if let Some(id) = error.job_id() {
            item.job_id = Some(id.to_owned());
        }
        let outages = if is_outage { self.outages.fetch_add(1, Ordering::SeqCst) + 1 } else { 0 };
        if outages >= MAX_OUTAGES {
            self.stop_because(StopReason::Error(error.clone()));
        }
        if let Some(reason) = stop {
            let concerns_item = matches!(reason, StopReason::Unknown(_));
            self.stop_because(reason);
            if !concerns_item {
                return state.unwrap_or(item.state);
            }
        }
        item.error_code = Some(error.code().to_owned());
        item.error = Some(error.message().to_owned());
        state.unwrap_or(item.state)
    }

    /// Submits nothing more, for this reason.
    pub(crate) fn stop_because(&self, reason: StopReason) {
        self.stop();
        locked(&self.reason).get_or_insert(reason);
    }

    /// Copies the result of an equal row.
    pub(crate) async fn copy(self: Arc<Self>, mut item: Item, index: usize) -> Option<Item> {
        let row = self.batch.rows().get(index)?;
        let first = self.batch.store().item(item.same_as.as_deref()?).await.ok()??;
        let is_here = first.outputs.iter().all(|output| output.exists());
        let copied = if first.state == ItemState::Done && is_here {
            output_file::copy(self.batch.folder().path(), row, &first.outputs).await
        } else if first.state == ItemState::Done {
            // It is on another machine. The service has it too.
            let state = match self.run_key(row.input(), &first, false).await {
                Ok(prediction) => self.save(&mut item, row, &prediction).await,
                Err(failure) => self.failed(&mut item, failure),
            };
            // It has no job of its own: no other state may let it be submitted.
            let state = if state == ItemState::Done { state } else { ItemState::Duplicate };
            return Some(self.record(item, state).await);
        } else {
            Err(format!("The row `{}` has the same input and is {}.", first.id, first.state))
        };
        let state = match copied {
            Ok(outputs) => {
                item.outputs = outputs;
                (item.error_code, item.error) = (None, None);
                ItemState::Done
            }
            Err(message) => {
                item.error = Some(message);
                ItemState::Duplicate
            }
        };
        Some(self.record(item, state).await)
    }

    /// Records the state of an item, and returns the item as it then is.
    async fn record(&self, item: Item, state: ItemState) -> Item {
        let id = item.id.clone();
        let item = Item { state, ..item };
        if let Err(error) = self.batch.store().update(item.clone()).await {
            self.stop_because(StopReason::of_ledger(error));
            return item;
        }
        // The ledger has the submit, its price and its job.
        let stored = self.batch.store().item(&id).await.ok().flatten();
        let item = stored.unwrap_or(item);
        self.enter(&item, item.state);
        item
    }
}

/// Why a step with an item failed.
enum Failure {
    Client(Box<Error>),
    Ledger(LedgerError),
}

impl Failure {
    /// Returns whether the service rejected a submit with 429.
    fn is_rate_limit(&self) -> bool {
        matches!(self, Self::Client(error) if error.kind() == viseme::ErrorKind::RateLimit)
    }

    /// Returns whether a job was searched for, and none may be it.
    fn is_without_candidates(&self) -> bool {
        matches!(self, Self::Client(error) if error.kind() == viseme::ErrorKind::SubmissionUnknown
            && error.candidates().next().is_none())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Client(Box::new(error))
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

/// Returns the state that an event of a run leads to.
fn state_of(progress: &Progress) -> Option<ItemState> {
    match progress {
        Progress::Submitting { .. } => Some(ItemState::Submitting),
        Progress::Submitted { .. } => Some(ItemState::Submitted),
        Progress::Retrying { .. } => Some(ItemState::Ready),
        Progress::Update(prediction) if prediction.status == viseme::Status::Completed => {
            Some(ItemState::Completed)
        }
        _ => None,
    }
}

fn age(sent_at: i64) -> Duration {
    let sent_at = UNIX_EPOCH + Duration::from_secs(sent_at.try_into().unwrap_or_default());
    SystemTime::now().duration_since(sent_at).unwrap_or_default()
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
