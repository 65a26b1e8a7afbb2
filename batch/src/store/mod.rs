//! The items of a batch beside its ledger: what is known of each row beside its submit.

#[cfg(feature = "postgres")]
mod leases;
#[cfg(feature = "postgres")]
mod postgres;
mod sqlite;

use std::collections::HashSet;
use std::sync::Arc;

use viseme::ledger::LedgerError;

#[cfg(feature = "postgres")]
pub(crate) use self::leases::LeasedLedger;
#[cfg(feature = "postgres")]
pub(crate) use self::postgres::PostgresStore;
pub(crate) use self::sqlite::SqliteStore;
use crate::item::Item;
use crate::manifest::{Row, RowError};

/// An upload that the service still has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredUpload {
    pub(crate) url: String,
    /// In seconds since 1970.
    pub(crate) expires_at: i64,
}

/// The items in the file or the database of a ledger.
#[derive(Clone)]
pub(crate) enum Store {
    Sqlite(SqliteStore),
    #[cfg(feature = "postgres")]
    Postgres(PostgresStore),
}

/// Calls a method of the store.
macro_rules! delegate {
    ($self:expr, $store:ident => $call:expr) => {
        match $self {
            Self::Sqlite($store) => $call,
            #[cfg(feature = "postgres")]
            Self::Postgres($store) => $call,
        }
    };
}

impl Store {
    /// Adds the rows that are new. Returns an error for each row that has changed although its id was
    /// submitted.
    pub(crate) async fn import(&self, rows: Arc<[Row]>) -> Result<Vec<RowError>, LedgerError> {
        delegate!(self, store => store.import(rows).await)
    }

    /// Returns the items, in the order of their rows.
    pub(crate) async fn items(&self) -> Result<Vec<Item>, LedgerError> {
        delegate!(self, store => store.items().await)
    }

    /// Returns the ids of all items.
    pub(crate) async fn ids(&self) -> Result<HashSet<String>, LedgerError> {
        delegate!(self, store => store.ids().await)
    }

    /// Returns one item.
    pub(crate) async fn item(&self, id: &str) -> Result<Option<Item>, LedgerError> {
        delegate!(self, store => store.item(id).await)
    }

    /// Records the state, the error and the outputs of an item that this process works on.
    pub(crate) async fn update(&self, item: Item) -> Result<(), LedgerError> {
        delegate!(self, store => store.update(item).await)
    }

    /// Records of which row an item is a duplicate, unless another process began to work on it.
    pub(crate) async fn mark(&self, item: Item) -> Result<(), LedgerError> {
        match self {
            Self::Sqlite(store) => store.update(item).await,
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store.mark(item).await,
        }
    }

    /// Allows one more submit of an item whose jobs failed.
    pub(crate) async fn allow_retry(&self, item: &Item) -> Result<(), LedgerError> {
        delegate!(self, store => store.allow_retry(item).await)
    }

    /// Gives up the open submit of an item that this process works on.
    pub(crate) async fn give_up(&self, id: &str, reason: &str) -> Result<(), LedgerError> {
        delegate!(self, store => store.give_up(id, reason).await)
    }

    /// Returns whether another process works on an item instead of this one, which began to.
    pub(crate) fn is_taken_over(&self, id: &str) -> bool {
        match self {
            Self::Sqlite(_) => {
                let _ = id;
                false
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store.leases().is_lost(id),
        }
    }

    /// Returns the process that works on an item in a database, if there is one.
    pub(crate) async fn worker(&self, id: &str) -> Result<Option<String>, LedgerError> {
        match self {
            // Its folder is locked.
            Self::Sqlite(_) => {
                let _ = id;
                Ok(None)
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store.worker(id).await,
        }
    }

    /// Returns whether several processes work on the batch, each with a folder of its own.
    pub(crate) fn is_shared(&self) -> bool {
        !matches!(self, Self::Sqlite(_))
    }

    /// Returns the URL of an upload with this content that the service still has at `now`, in seconds
    /// since 1970.
    pub(crate) async fn uploaded(
        &self,
        sha256: &str,
        now: i64,
    ) -> Result<Option<StoredUpload>, LedgerError> {
        delegate!(self, store => store.uploaded(sha256, now).await)
    }

    /// Records an upload.
    pub(crate) async fn add_upload(
        &self,
        sha256: String,
        upload: StoredUpload,
    ) -> Result<(), LedgerError> {
        delegate!(self, store => store.add_upload(sha256, upload).await)
    }
}

/// Returns the error of a row that has changed although its id was submitted.
fn changed_row(row: &Row) -> RowError {
    let message = format!(
        "The row has changed, and its id `{}` was already submitted. Give it a new id.",
        row.id
    );
    RowError::new(row.position.clone(), message)
}
