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

/// The items of a batch as they end; [`Batch::run`] creates it. The run continues only while it is polled.
pub struct BatchRun {
    items: BoxStream<'static, Item>,
    runner: Arc<Runner>,
    total: usize,
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
        let client = client.with_ledger(self.ledger());
        let prices = Prices::default();
        if self.options().max_cost.is_some() {
            self.add_prices(&client, &prices).await?;
        }
        let items: Arc<[Item]> = self.unfinished_items().await?.into();
        let (copies, work): (Vec<_>, Vec<_>) =
            plan(&items, self.options()).into_iter().partition(|(_, step)| *step == Step::Copy);
        let total = copies.len() + work.len();
        let runner = Arc::new(Runner::new(self.clone(), client, prices, on_state));
        let in_parallel = self.options().limit.max(1);
        let (worker, copier) = (Arc::clone(&runner), Arc::clone(&runner));
        let all = Arc::clone(&items);
        let work = stream::iter(work)
            .map(move |(index, step)| worker.clone().advance(Arc::clone(&all), index, step))
            .buffer_unordered(in_parallel);
        let copies = stream::iter(copies)
            .then(move |(index, _)| copier.clone().copy(Arc::clone(&items), index));
        let items = work.chain(copies).filter_map(std::future::ready).boxed();
        Ok(BatchRun { items, runner, total })
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
