//! A batch: the rows of a manifest, and the folder with their state and their results.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use viseme::ledger::LedgerError;
use viseme::{Client, Input};
use viseme_ledger::AnyLedger;

use crate::error::BatchError;
use crate::folder::{BatchFolder, lock};
use crate::item::{Item, ItemState};
use crate::manifest::{Manifest, ManifestError, Row};
use crate::options::BatchOptions;
use crate::output_file;
use crate::plan::plan;
use crate::store::Store;

/// Changes the media of an input: see [`Batch::prepare_inputs`].
pub type PrepareInput =
    Arc<dyn Fn(Input) -> BoxFuture<'static, viseme::Result<Input>> + Send + Sync>;

/// A batch. The same manifest and folder resume it, in this process or the next.
#[derive(Clone)]
pub struct Batch {
    folder: BatchFolder,
    rows: Arc<[Row]>,
    options: BatchOptions,
    prepare: Option<PrepareInput>,
    /// Locked until the last clone is dropped, or the process dies.
    _lock: Arc<File>,
}

impl Batch {
    /// Opens a batch in a folder, which it creates if it is new. Sends nothing.
    ///
    /// # Errors
    /// Returns [`BatchError::Locked`] if another process runs it, and [`BatchError::Manifest`] if a result
    /// would replace another file, or a row has changed whose id was already submitted.
    pub async fn open(
        manifest: &Manifest,
        folder: impl Into<PathBuf>,
        options: BatchOptions,
    ) -> Result<Self, BatchError> {
        let path = folder.into();
        refuse(output_file::conflicts(&path, manifest.rows()))?;
        Self::in_folder(manifest, BatchFolder::create(path).await?, options).await
    }

    /// Opens a batch that other machines may run at the same time: its ledger and its rows are in a
    /// database. Each process needs the manifest, its media and a folder of its own, into which it saves the
    /// results of the rows that it worked on. Sends nothing.
    ///
    /// # Errors
    /// Returns [`BatchError::Locked`] if another process uses the folder, and [`BatchError::Manifest`] as
    /// [`open`](Self::open) does.
    #[cfg(feature = "postgres")]
    pub async fn open_shared(
        manifest: &Manifest,
        folder: impl Into<PathBuf>,
        ledger: viseme_ledger::PostgresLedger,
        options: BatchOptions,
    ) -> Result<Self, BatchError> {
        let path = folder.into();
        refuse(output_file::conflicts(&path, manifest.rows()))?;
        crate::folder::create_folder(&path)?;
        let folder = BatchFolder::shared(path, ledger, options.lease).await?;
        Self::in_folder(manifest, folder, options).await
    }

    async fn in_folder(
        manifest: &Manifest,
        folder: BatchFolder,
        options: BatchOptions,
    ) -> Result<Self, BatchError> {
        let rows = manifest.shared_rows();
        let lock = lock(folder.path())?;
        output_file::remove_leftovers(folder.path(), &rows);
        let known = folder.store.ids().await?;
        let new = rows.iter().filter(|row| !known.contains(&row.id));
        refuse(output_file::existing(folder.path(), new))?;
        refuse(folder.store.import(Arc::clone(&rows)).await?)?;
        let batch = Self { folder, rows, options, prepare: None, _lock: Arc::new(lock) };
        batch.mark_duplicates().await?;
        Ok(batch)
    }

    /// Changes the media of an input before it is checked and uploaded. Whether rows are equal, and what
    /// was paid for, depends on the rows alone. An error refuses the row.
    #[must_use]
    pub fn prepare_inputs(mut self, prepare: PrepareInput) -> Self {
        self.prepare = Some(prepare);
        self
    }

    /// Returns the input of a row as it is checked and uploaded.
    pub(crate) async fn prepared_input(&self, row: &Row) -> viseme::Result<Input> {
        match &self.prepare {
            Some(prepare) => prepare(row.input()).await,
            None => Ok(row.input()),
        }
    }

    /// Returns the folder.
    #[must_use]
    pub fn folder(&self) -> &BatchFolder {
        &self.folder
    }

    /// Returns the rows.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Returns the options.
    #[must_use]
    pub fn options(&self) -> &BatchOptions {
        &self.options
    }

    /// Returns the items of the manifest's rows, in their order.
    ///
    /// # Errors
    /// Returns an error if the ledger cannot be read.
    pub async fn items(&self) -> Result<Vec<Item>, BatchError> {
        Ok(self.items_of_rows().await?)
    }

    pub(crate) async fn items_of_rows(&self) -> Result<Vec<Item>, LedgerError> {
        let items = self.folder.store.items().await?;
        let mut items: HashMap<String, Item> =
            items.into_iter().map(|item| (item.id.clone(), item)).collect();
        Ok(self.rows.iter().filter_map(|row| items.remove(&row.id)).collect())
    }

    /// Returns how many items a run works on.
    ///
    /// # Errors
    /// Returns an error if the ledger cannot be read.
    pub async fn planned(&self) -> Result<usize, BatchError> {
        Ok(plan(&self.unfinished_items().await?, &self.options).len())
    }

    /// Returns the items of the manifest's rows. One whose result is gone is as it was before it was saved.
    pub(crate) async fn unfinished_items(&self) -> Result<Vec<Item>, BatchError> {
        let mut items = self.items().await?;
        if self.store().is_shared() {
            // The results are on the machines that saved them.
            return Ok(items);
        }
        let is_gone = |item: &Item| item.outputs.iter().any(|output| !output.exists());
        for item in items.iter_mut().filter(|item| item.state == ItemState::Done) {
            if is_gone(item) {
                item.state = match item.same_as {
                    Some(_) => ItemState::Duplicate,
                    None => ItemState::Completed,
                };
            }
        }
        Ok(items)
    }

    pub(crate) fn store(&self) -> &Store {
        &self.folder.store
    }

    /// Returns the ledger with the limit of cost.
    pub(crate) fn ledger(&self) -> AnyLedger {
        let ledger = self.folder.ledger.clone();
        match self.options.max_cost {
            Some(limit) => ledger.with_cost_limit(limit),
            None => ledger,
        }
    }

    /// Returns the client with the ledger, in which it submits only items that this process works on.
    pub(crate) fn client_with_ledger(&self, client: &Client) -> Client {
        match (self.ledger(), self.store()) {
            #[cfg(feature = "postgres")]
            (AnyLedger::Postgres(ledger), Store::Postgres(store)) => {
                let leases = store.leases().clone();
                client.with_ledger(crate::store::LeasedLedger { ledger, leases })
            }
            (ledger, _) => client.with_ledger(ledger),
        }
    }

    /// Lets rows with equal inputs share the job of the first of them, unless each is to be paid for.
    async fn mark_duplicates(&self) -> Result<(), LedgerError> {
        let items = self.folder.store.items().await?;
        let in_manifest: HashSet<&str> = self.rows.iter().map(|row| row.id.as_str()).collect();
        let items = items.into_iter().filter(|item| in_manifest.contains(item.id.as_str()));
        for item in duplicates(&items.collect::<Vec<_>>(), self.options.repeat) {
            self.folder.store.mark(item).await?;
        }
        Ok(())
    }
}

/// Returns the items that change because they are, or are no longer, equal to an earlier one.
fn duplicates(items: &[Item], repeat: bool) -> Vec<Item> {
    let mut first: HashMap<&str, &str> = HashMap::new();
    // What was submitted stays; an equal row that was not gets its result.
    for item in items.iter().filter(|item| is_own(item)) {
        first.entry(&item.digest).or_insert(&item.id);
    }
    let mut changed = Vec::new();
    for item in items.iter().filter(|item| !is_own(item)) {
        let same_as = match first.get(item.digest.as_str()) {
            Some(id) if !repeat => Some((*id).to_owned()),
            _ => None,
        };
        first.entry(&item.digest).or_insert(&item.id);
        if same_as != item.same_as {
            let state = if same_as.is_some() { ItemState::Duplicate } else { ItemState::Planned };
            changed.push(Item { state, same_as, ..item.clone() });
        }
    }
    changed
}

/// Returns whether the item has a submit or a result of its own.
fn is_own(item: &Item) -> bool {
    item.same_as.is_none() && !matches!(item.state, ItemState::Planned | ItemState::Refused)
        || item.state == ItemState::Done
}

fn refuse(errors: Vec<crate::manifest::RowError>) -> Result<(), BatchError> {
    if errors.is_empty() { Ok(()) } else { Err(ManifestError::Rows(errors).into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(id: &str, digest: &str, state: ItemState, same_as: Option<&str>) -> Item {
        Item {
            id: id.to_owned(),
            row: id.to_owned(),
            state,
            same_as: same_as.map(str::to_owned),
            job_id: None,
            error_code: None,
            error: None,
            outputs: Vec::new(),
            price_micros: None,
            failures: 0,
            sent_at: None,
            digest: digest.to_owned(),
            allowed_failures: 0,
            machine: None,
            claims: 0,
        }
    }

    fn changes(items: &[Item], repeat: bool) -> Vec<(String, Option<String>)> {
        duplicates(items, repeat).into_iter().map(|item| (item.id, item.same_as)).collect()
    }

    #[test]
    fn an_equal_row_shares_the_job_of_the_first() {
        let planned = |id| item(id, "x", ItemState::Planned, None);
        let items = [planned("a"), planned("b"), item("c", "y", ItemState::Planned, None)];
        assert_eq!(changes(&items, false), [("b".to_owned(), Some("a".to_owned()))]);
        assert_eq!(changes(&items, true), []);
    }

    #[test]
    fn a_row_that_was_submitted_is_the_first_wherever_it_stands() {
        let items = [
            item("a", "x", ItemState::Planned, None),
            item("b", "x", ItemState::Submitted, None),
            item("c", "x", ItemState::Failed, None),
        ];
        assert_eq!(changes(&items, false), [("a".to_owned(), Some("b".to_owned()))]);
    }

    #[test]
    fn an_equal_row_is_no_duplicate_once_the_first_is_gone_or_each_is_to_be_paid_for() {
        let items = [item("b", "x", ItemState::Duplicate, Some("a"))];
        assert_eq!(changes(&items, false), [("b".to_owned(), None)]);
        let items = [
            item("a", "x", ItemState::Done, None),
            item("b", "x", ItemState::Duplicate, Some("a")),
            item("c", "x", ItemState::Done, Some("a")),
        ];
        assert_eq!(changes(&items, false), []);
        assert_eq!(changes(&items, true), [("b".to_owned(), None)]);
    }
}
