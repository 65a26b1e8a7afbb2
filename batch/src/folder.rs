//! The folder of a batch: its ledger, its items and its reports.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use viseme_ledger::{AnyLedger, GIVEN_UP, SqliteLedger};

use crate::error::BatchError;
use crate::item::{Item, ItemState};
use crate::report;
use crate::store::{SqliteStore, Store};

/// The name of the ledger in the folder of a batch.
pub const LEDGER_FILE: &str = "batch.db";
/// The name of the file that the process locks which runs the batch.
pub(crate) const LOCK_FILE: &str = "batch.lock";
/// The folder of media that were made acceptable, in the folder of a batch.
pub const FITTED_FOLDER: &str = ".fitted";

/// The folder of a batch. It can be read while a process runs the batch.
#[derive(Clone)]
pub struct BatchFolder {
    path: PathBuf,
    pub(crate) ledger: AnyLedger,
    pub(crate) store: Store,
}

impl BatchFolder {
    /// Opens the folder of a batch that was run before.
    ///
    /// # Errors
    /// Returns [`BatchError::NoBatch`] if there is none, and [`BatchError::Ledger`] if its ledger cannot
    /// be used.
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self, BatchError> {
        let path = path.into();
        if !path.join(LEDGER_FILE).is_file() {
            return Err(BatchError::NoBatch(path));
        }
        Self::create(path).await
    }

    /// Opens the folder, or creates it.
    pub(crate) async fn create(path: PathBuf) -> Result<Self, BatchError> {
        create_folder(&path)?;
        // The ledger is created before the file that is locked. If only that is left, a new ledger would
        // not know what was paid for.
        let ledger = if path.join(LOCK_FILE).exists() {
            SqliteLedger::open_existing(path.join(LEDGER_FILE))?
        } else {
            SqliteLedger::open(path.join(LEDGER_FILE))?
        };
        let store = Store::Sqlite(SqliteStore::open(ledger.clone()).await?);
        Ok(Self { path, ledger: ledger.into(), store })
    }

    /// Opens a batch whose ledger and rows are in a database, for many machines. The folder is for the
    /// reports and this machine's results; it is created once something is written into it.
    ///
    /// # Errors
    /// Returns [`BatchError::Ledger`] if the database cannot be used.
    #[cfg(feature = "postgres")]
    pub async fn open_shared(
        path: impl Into<PathBuf>,
        ledger: viseme_ledger::PostgresLedger,
    ) -> Result<Self, BatchError> {
        let lease = crate::options::BatchOptions::default().lease;
        Self::shared(path.into(), ledger, lease).await
    }

    #[cfg(feature = "postgres")]
    pub(crate) async fn shared(
        path: PathBuf,
        ledger: viseme_ledger::PostgresLedger,
        lease: std::time::Duration,
    ) -> Result<Self, BatchError> {
        let store = crate::store::PostgresStore::open(ledger.clone(), lease).await?;
        Ok(Self { path, ledger: ledger.into(), store: Store::Postgres(store) })
    }

    /// Returns the path of the folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the name of the batch in a database, or `None` if its state is in the folder.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match &self.ledger {
            #[cfg(feature = "postgres")]
            AnyLedger::Postgres(ledger) => Some(ledger.name()),
            _ => None,
        }
    }

    /// Returns all items, in the order of their rows.
    ///
    /// # Errors
    /// Returns an error if the ledger cannot be read.
    pub async fn items(&self) -> Result<Vec<Item>, BatchError> {
        Ok(self.store.items().await?)
    }

    /// Returns what the submits of the batch cost so far, in millionths of a US dollar: each that was or
    /// may have been accepted.
    ///
    /// # Errors
    /// Returns an error if the ledger cannot be read.
    pub async fn spent_micros(&self) -> Result<u64, BatchError> {
        Ok(self.ledger.spent_micros().await?)
    }

    /// Writes `report.csv` and `report.jsonl` with all items, and returns their paths.
    ///
    /// # Errors
    /// Returns an error if the ledger cannot be read or a file cannot be written.
    pub async fn write_report(&self) -> Result<[PathBuf; 2], BatchError> {
        create_folder(&self.path)?;
        report::write(&self.path, &self.items().await?)
    }

    /// Lets the next run submit items again whose jobs failed: those with the given ids, or all. Each
    /// submit is paid for. Returns how many.
    ///
    /// # Errors
    /// Returns [`BatchError::Item`] if an item did not fail, and [`BatchError::Locked`] if a process runs
    /// the batch.
    pub async fn retry(&self, ids: &[String]) -> Result<usize, BatchError> {
        let _lock = self.lock()?;
        let failed = self.in_state(ItemState::Failed, ids, "Its job did not fail").await?;
        for item in &failed {
            self.require_idle(item).await?;
            self.store.allow_retry(item).await?;
        }
        Ok(failed.len())
    }

    /// Gives up submits whose jobs were not found: the next run submits the items again. If the service
    /// accepted one of them after all, it is paid for twice.
    ///
    /// # Errors
    /// Returns [`BatchError::Item`] if an item is not unknown, and [`BatchError::Locked`] if a process runs
    /// the batch.
    pub async fn give_up(&self, ids: &[String]) -> Result<usize, BatchError> {
        let _lock = self.lock()?;
        let unknown = self.in_state(ItemState::Unknown, ids, "It is not unknown").await?;
        for item in &unknown {
            self.require_idle(item).await?;
            self.ledger.give_up(&item.id, GIVEN_UP).await?;
        }
        Ok(unknown.len())
    }

    /// Records which job an unknown item has, as found in the history of the account.
    ///
    /// # Errors
    /// Returns [`BatchError::Item`] if the item is not unknown, [`BatchError::Ledger`] if another item has
    /// the job, and [`BatchError::Locked`] if a process runs the batch.
    pub async fn adopt(&self, id: &str, job_id: &str) -> Result<(), BatchError> {
        let _lock = self.lock()?;
        for item in self.in_state(ItemState::Unknown, &[id.to_owned()], "It is not unknown").await?
        {
            self.require_idle(&item).await?;
        }
        Ok(self.ledger.adopt(id, job_id).await?)
    }

    /// Keeps other processes from running the batch. In a database, each item is checked for itself.
    fn lock(&self) -> Result<Option<File>, BatchError> {
        if self.store.is_shared() { Ok(None) } else { lock(&self.path).map(Some) }
    }

    /// Refuses an item on which a machine works.
    async fn require_idle(&self, item: &Item) -> Result<(), BatchError> {
        match self.store.worker(&item.id).await? {
            None => Ok(()),
            Some(worker) => Err(BatchError::Item(format!(
                "A process works on the item `{}`: {worker}. Wait until it ends, or end it.",
                item.id
            ))),
        }
    }

    /// Returns the items in a state: those with the given ids, or all.
    async fn in_state(
        &self,
        state: ItemState,
        ids: &[String],
        otherwise: &str,
    ) -> Result<Vec<Item>, BatchError> {
        if ids.is_empty() {
            let items = self.items().await?;
            return Ok(items.into_iter().filter(|item| item.state == state).collect());
        }
        let mut found = Vec::new();
        for id in ids {
            match self.store.item(id).await? {
                None => return Err(BatchError::Item(format!("The batch has no item `{id}`."))),
                Some(item) if item.state != state => {
                    let message =
                        format!("The item `{id}` is {}. {otherwise}.", item.state.as_str());
                    return Err(BatchError::Item(message));
                }
                Some(item) => found.push(item),
            }
        }
        Ok(found)
    }
}

/// Creates the folder of a batch.
pub(crate) fn create_folder(path: &Path) -> Result<(), BatchError> {
    std::fs::create_dir_all(path)
        .map_err(|error| BatchError::Folder { path: path.to_owned(), error })
}

/// Locks the folder until the file is dropped, or the process dies.
pub(crate) fn lock(folder: &Path) -> Result<File, BatchError> {
    let path = folder.join(LOCK_FILE);
    let unusable = |error| BatchError::Folder { path: path.clone(), error };
    let file =
        File::options().create(true).truncate(false).write(true).open(&path).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(BatchError::Locked(folder.to_owned())),
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    }
}
