//! A run of a batch: the steps of its items, many at a time.

use std::sync::Arc;

use futures_util::stream::{self, BoxStream, StreamExt as _};
use viseme::{Client, Input};

use crate::batch::Batch;
use crate::error::BatchError;
use crate::item::Item;
use crate::outcome::StopReason;
use crate::plan::{Step, plan};
use crate::price::Prices;
use crate::runner::{OnState, Runner};
#[cfg(feature = "postgres")]
use crate::shared_run::{Heartbeat, SharedWork};
#[cfg(feature = "postgres")]
use crate::store::{PostgresStore, Store};

/// The items of a batch as they end; [`Batch::run`] creates it. The run continues only while it is polled.
pub struct BatchRun {
    items: BoxStream<'static, Item>,
    runner: Arc<Runner>,
    total: usize,
    shared: Option<Shared>,
}

/// What a run on many machines does beside its items.
struct Shared {
    /// Renews the leases until it is dropped.
    #[cfg(feature = "postgres")]
    _heartbeat: Heartbeat,
    #[cfg(feature = "postgres")]
    store: PostgresStore,
}

impl Batch {
    /// Runs the items: first those that are paid for, then the others. Yields each item that ended or
    /// came no further.
    ///
    /// # Errors
    /// Returns an error if the ledger cannot be used.
    pub async fn run(
        &self,
        client: &Client,
        on_state: Option<OnState>,
    ) -> Result<BatchRun, BatchError> {
        let client = self.client_with_ledger(client);
        let prices = Prices::default();
        if self.options().max_cost.is_some() {
            self.add_prices(&client, &prices).await?;
        }
        let runner = Arc::new(Runner::new(self.clone(), client, prices, on_state));
        #[cfg(feature = "postgres")]
        if let Store::Postgres(store) = self.store() {
            return shared(self, store.clone(), runner).await;
        }
        let items: Arc<[Item]> = self.unfinished_items().await?.into();
        let (copies, work): (Vec<_>, Vec<_>) =
            plan(&items, self.options()).into_iter().partition(|(_, step)| *step == Step::Copy);
        let total = copies.len() + work.len();
        let in_parallel = self.options().limit.max(1);
        let (worker, copier) = (Arc::clone(&runner), Arc::clone(&runner));
        let all = Arc::clone(&items);
        let work = stream::iter(work)
            .filter_map(move |(index, step)| {
                std::future::ready(all.get(index).cloned().map(|item| (item, index, step)))
            })
            .map(move |(item, index, step)| worker.clone().advance(item, index, step))
            .buffer_unordered(in_parallel);
        let copies = stream::iter(copies)
            .filter_map(move |(index, _)| {
                std::future::ready(items.get(index).cloned().map(|item| (item, index)))
            })
            .then(move |(item, index)| copier.clone().copy(item, index));
        let items = work.chain(copies).filter_map(std::future::ready).boxed();
        Ok(BatchRun { items, runner, total, shared: None })
    }

    /// Adds the prices of submits that were sent without a limit of cost, so that they count.
    async fn add_prices(&self, client: &Client, prices: &Prices) -> Result<(), BatchError> {
        for submit in self.folder().ledger.submits_without_price().await? {
            let Some(fields) = submit.record.input.as_object() else { continue };
            let input = Input::new(submit.record.model.as_str());
            let input = fields
                .iter()
                .fold(input, |input, (name, value)| input.set(name.as_str(), value.clone()));
            let price = prices.of(client, &input).await.map_err(BatchError::Price)?;
            self.folder().ledger.set_price(&submit.key, price).await?;
        }
        Ok(())
    }
}

/// Runs the items of a batch on which other machines may work too.
#[cfg(feature = "postgres")]
async fn shared(
    batch: &Batch,
    store: PostgresStore,
    runner: Arc<Runner>,
) -> Result<BatchRun, BatchError> {
    let work = SharedWork::new(batch.clone(), store.clone(), Arc::clone(&runner)).await?;
    let (total, heartbeat) = (work.total(), Heartbeat::start(store.clone()));
    let in_parallel = batch.options().limit.max(1);
    let (worker, releaser) = (Arc::clone(&runner), store.clone());
    let items = stream::unfold(work, |mut work| async move {
        let next = work.next().await?;
        Some((next, work))
    });
    let items = items.map(move |(item, index, step)| {
        let (worker, store, id) = (Arc::clone(&worker), releaser.clone(), item.id.clone());
        async move {
            let item = match step {
                Step::Copy => worker.copy(item, index).await,
                _ => worker.advance(item, index, step).await,
            };
            if let Err(error) = store.release(&id, item.is_some()).await {
                tracing::warn!(%error, "the lease of a row ends by itself");
            }
            item
        }
    });
    let items = items.buffer_unordered(in_parallel).filter_map(std::future::ready).boxed();
    let shared = Shared { _heartbeat: heartbeat, store };
    Ok(BatchRun { items, runner, total, shared: Some(shared) })
}

impl Shared {
    async fn release(self) {
        #[cfg(feature = "postgres")]
        if let Err(error) = self.store.release_all().await {
            tracing::warn!(%error, "the leases of this machine end by themselves");
        }
    }
}

impl BatchRun {
    /// Returns the next item that ended or came no further, or `None` after the last.
    pub async fn next(&mut self) -> Option<Item> {
        self.items.next().await
    }

    /// Returns how many items the run works on.
    #[must_use]
    pub fn total(&self) -> usize {
        self.total
    }

    /// Ends the run. Other machines may then work at once on the items that were not finished, instead of
    /// after the lease of this one.
    pub async fn end(self) {
        drop(self.items);
        if let Some(shared) = self.shared {
            shared.release().await;
        }
    }

    /// Submits nothing more. Items that are paid for continue.
    pub fn stop(&self) {
        self.runner.stop();
    }

    /// Returns how many submits are in flight. If the run is dropped then, the next one searches for their
    /// jobs.
    #[must_use]
    pub fn submitting(&self) -> usize {
        self.runner.submitting()
    }

    /// Returns why the run submits nothing more, if that is not what [`stop`](Self::stop) did.
    #[must_use]
    pub fn stop_reason(&self) -> Option<StopReason> {
        self.runner.stop_reason()
    }
}
