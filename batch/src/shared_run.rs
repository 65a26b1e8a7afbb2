//! The work of one machine on a batch that other machines run too: it claims item after item, and takes over
//! those of machines that died.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use viseme::ledger::LedgerError;

use crate::batch::Batch;
use crate::error::BatchError;
use crate::item::Item;
use crate::outcome::StopReason;
use crate::plan::{Step, plan, step};
use crate::runner::Runner;
use crate::store::PostgresStore;

/// How many items one claim chooses from.
const WINDOW: usize = 100;
/// The shortest and the longest pause while all that is left is worked on by others.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Claims the items of a run, one at a time.
pub(crate) struct SharedWork {
    batch: Batch,
    store: PostgresStore,
    runner: Arc<Runner>,
    /// When the run began, by the clock of the database.
    started: i64,
    /// The items that may be free, in the order of the plan.
    queue: VecDeque<(usize, Step)>,
    /// The items on which others work.
    busy: HashSet<usize>,
    /// The items that get the result of another one, once all others have ended.
    copies: VecDeque<(usize, Step)>,
    total: usize,
}

impl SharedWork {
    pub(crate) async fn new(
        batch: Batch,
        store: PostgresStore,
        runner: Arc<Runner>,
    ) -> Result<Self, BatchError> {
        let started = store.now().await?;
        let items = batch.unfinished_items().await?;
        let steps = plan(&items, batch.options());
        let total = steps.len();
        let (copies, queue) = steps.into_iter().partition(|(_, step)| *step == Step::Copy);
        Ok(Self { batch, store, runner, started, queue, busy: HashSet::new(), copies, total })
    }

    /// Returns how many items were not finished when the run began.
    pub(crate) fn total(&self) -> usize {
        self.total
    }

    /// Claims an item and returns what to do with it, or `None` if nothing is left. Waits while only other
    /// machines have work: if one of them dies, its items are free after its lease.
    pub(crate) async fn next(&mut self) -> Option<(Item, usize, Step)> {
        loop {
            match self.try_next().await {
                Ok(Some(next)) => return Some(next),
                Ok(None) if !self.queue.is_empty() => {}
                Ok(None) if !self.busy.is_empty() => {
                    let pause = self.store.leases().duration() / 6;
                    tokio::time::sleep(pause.clamp(PAUSES.0, PAUSES.1)).await;
                    if let Err(error) = self.refresh().await {
                        self.runner.stop_because(StopReason::of_ledger(error));
                        return None;
                    }
                }
                Ok(None) if !self.copies.is_empty() => self.queue.append(&mut self.copies),
                Ok(None) => return None,
                Err(error) => {
                    self.runner.stop_because(StopReason::of_ledger(error));
                    return None;
                }
            }
        }
    }

    async fn try_next(&mut self) -> Result<Option<(Item, usize, Step)>, LedgerError> {
        if self.runner.is_stopped() {
            // What is paid for goes on.
            self.queue.retain(|(_, step)| !step.is_new());
            self.busy.clear();
        }
        let id = |index: usize| self.batch.rows().get(index).map(|row| row.id.clone());
        let window: Vec<(usize, String)> = self
            .queue
            .iter()
            .take(WINDOW)
            .filter_map(|(index, _)| Some((*index, id(*index)?)))
            .collect();
        if window.is_empty() {
            self.queue.clear();
            return Ok(None);
        }
        let ids = window.iter().map(|(_, id)| id.clone()).collect();
        let claimed = self.store.claim_first(ids, self.started).await?;
        let place = claimed.as_ref().and_then(|id| window.iter().position(|(_, it)| it == id));
        // Those before it are another's, or were tried by another.
        let passed = self.queue.drain(..place.unwrap_or(window.len()));
        self.busy.extend(passed.map(|(index, _)| index));
        let Some(id) = claimed else { return Ok(None) };
        let Some((index, _)) = self.queue.pop_front() else { return Ok(None) };
        let item = self.store.item(&id).await?;
        // Others may have worked on it since the plan was made.
        let step = item.as_ref().and_then(|item| step(index, item, self.batch.options()));
        match (item, step) {
            (Some(item), Some(step)) if !(step.is_new() && self.runner.is_stopped()) => {
                Ok(Some((item, index, step)))
            }
            _ => {
                self.store.release(&id, false).await?;
                Ok(None)
            }
        }
    }

    /// Reads what became of the items on which others work.
    async fn refresh(&mut self) -> Result<(), LedgerError> {
        let untried = self.store.untried(self.started).await?;
        let items = self.batch.items_of_rows().await?;
        let busy = std::mem::take(&mut self.busy);
        let is_left = |index: usize| {
            busy.contains(&index) && items.get(index).is_some_and(|item| untried.contains(&item.id))
        };
        let steps = plan(&items, self.batch.options());
        self.queue.extend(steps.into_iter().filter(|(index, _)| is_left(*index)));
        Ok(())
    }
}

/// Renews the leases of this process until it is dropped.
pub(crate) struct Heartbeat(JoinHandle<()>);

impl Heartbeat {
    pub(crate) fn start(store: PostgresStore) -> Self {
        let pause = store.leases().duration() / 3;
        Self(tokio::spawn(async move {
            loop {
                tokio::time::sleep(pause).await;
                if let Err(error) = store.renew().await {
                    tracing::warn!(%error, "the leases of this machine cannot be renewed");
                }
            }
        }))
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.0.abort();
    }
}
