//! A ledger in an SQLite file.

mod error;
mod schema;
mod statements;
mod writer;

use std::path::Path;

use futures_util::FutureExt as _;
use viseme::Status;
use viseme::ledger::{
    Account, Claim, ClaimRequest, Ledger, LedgerEntry, LedgerError, LedgerFuture, LedgerKey,
};

pub use self::error::ledger_error;
use self::writer::Writer;
use crate::submit_row::SubmitRow;

/// A ledger in an SQLite file. Cheap to clone; several processes on one machine may use the same file.
///
/// Each commit is synced to disk before the submit is sent. The file belongs to one account: it contains
/// the base URL and a digest of the API key, never the key itself. Do not put it on a network drive.
#[derive(Clone)]
pub struct SqliteLedger {
    writer: Writer,
    /// In millionths of a US dollar.
    cost_limit: Option<u64>,
}

impl SqliteLedger {
    /// Opens a file, or creates it. Only its owner can read it.
    ///
    /// # Errors
    /// Returns an error that says what to do if the file cannot be opened or written, is not a ledger, is
    /// damaged, or was made by a newer version.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, LedgerError> {
        Ok(Self { writer: Writer::start(schema::open(path.as_ref())?)?, cost_limit: None })
    }

    /// Opens a file that was a ledger before. Use it if you know that: a ledger that was lost is not
    /// replaced by a new one, which would not know which submits were paid for.
    ///
    /// # Errors
    /// Returns the errors of [`open`](Self::open), and one if the file is gone or empty.
    pub fn open_existing(path: impl AsRef<Path>) -> Result<Self, LedgerError> {
        let connection = schema::open_existing(path.as_ref())?;
        Ok(Self { writer: Writer::start(connection)?, cost_limit: None })
    }

    /// Limits what all submits in the file together may cost, in millionths of a US dollar. Every submit
    /// that was or may have been accepted counts, also if its job failed. A submit without a price is
    /// refused then.
    #[must_use]
    pub fn with_cost_limit(self, limit: u64) -> Self {
        Self { cost_limit: Some(limit), ..self }
    }

    /// Runs an operation in a transaction, together with others that arrive at the same time, and returns
    /// its result after the commit. It can use tables of its own. If it fails, it changes nothing.
    ///
    /// # Errors
    /// Returns the error of the operation, or of the commit.
    pub async fn transaction<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&rusqlite::Connection) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, LedgerError> {
        self.writer.run(operation).await
    }

    /// Returns what all submits together cost, in millionths of a US dollar: each that was or may have been
    /// accepted, if its price is known.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read.
    pub async fn spent_micros(&self) -> Result<u64, LedgerError> {
        self.writer.run(statements::spent).await
    }

    /// Returns the submits that were or may have been accepted, and of which the price is unknown.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read.
    pub async fn submits_without_price(&self) -> Result<Vec<SubmitRow>, LedgerError> {
        self.writer.run(statements::submits_without_price).await
    }

    /// Records what the submits of a key cost, in millionths of a US dollar, where that is unknown.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written.
    pub async fn set_price(&self, key: &str, price: u64) -> Result<(), LedgerError> {
        let key = key.to_owned();
        self.writer.run(move |db| statements::set_price(db, &key, price)).await
    }

    /// Returns an error if a job of this price would exceed the [limit of
    /// cost](Self::with_cost_limit), in millionths of a US dollar. Reserves nothing: a claim checks again.
    ///
    /// # Errors
    /// Returns an error for which [`LedgerError::is_cost_limit`] is true, or one of the file.
    pub async fn require_budget(&self, price: u64) -> Result<(), LedgerError> {
        let Some(limit) = self.cost_limit else { return Ok(()) };
        self.writer.run(move |db| statements::check_cost(db, Some(price), limit)).await
    }

    /// Gives up the open submit of a key: records that it has no job, so that the next call with the key
    /// submits again.
    ///
    /// Call it after [`SubmissionUnknown`](viseme::ErrorKind::SubmissionUnknown) if you are sure that the
    /// service has no job of the submit, and while no process uses the key. If there is a job, both are
    /// paid for.
    ///
    /// # Errors
    /// Returns an error if the key has no open submit, or the file cannot be written.
    pub async fn give_up(&self, key: &str, reason: &str) -> Result<(), LedgerError> {
        let (key, reason) = (key.to_owned(), reason.to_owned());
        let give_up = move |db: &_| {
            statements::require_open(db, &key)?;
            statements::give_up(db, &key, &reason)
        };
        self.writer.run(give_up).await
    }

    /// Records the job of the open submit of a key, as found in the history of the account or among the
    /// [candidates](viseme::Error::candidates) of an error.
    ///
    /// # Errors
    /// Returns an error if the key has no open submit, if another key has the job, or if the file cannot
    /// be written.
    pub async fn adopt(&self, key: &str, job_id: &str) -> Result<(), LedgerError> {
        let (key, job_id) = (key.to_owned(), job_id.to_owned());
        let adopt = move |db: &_| {
            statements::require_open(db, &key)?;
            statements::adopt(db, &key, &job_id)
        };
        self.writer.run(adopt).await
    }

    /// Returns all submits, oldest first.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read.
    pub async fn submits(&self) -> Result<Vec<SubmitRow>, LedgerError> {
        self.writer.run(statements::submits).await
    }

    /// Makes the ledger accept another API key of the same account. The base URL stays.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written.
    pub async fn replace_api_key(&self, account: Account) -> Result<(), LedgerError> {
        self.writer.run(move |db| statements::replace_api_key(db, &account)).await
    }
}

impl Ledger for SqliteLedger {
    fn find<'a>(&'a self, key: &'a LedgerKey) -> LedgerFuture<'a, Option<LedgerEntry>> {
        let key = key.clone();
        self.writer.run(move |db| statements::find(db, &key)).boxed()
    }

    fn claim<'a>(&'a self, submit: &'a ClaimRequest) -> LedgerFuture<'a, Claim> {
        let (submit, cost_limit) = (submit.clone(), self.cost_limit);
        self.writer.run(move |db| statements::claim(db, &submit, cost_limit)).boxed()
    }

    fn accepted<'a>(&'a self, key: &'a LedgerKey, job_id: &'a str) -> LedgerFuture<'a, ()> {
        let (key, job_id) = (key.clone(), job_id.to_owned());
        self.writer.run(move |db| statements::accepted(db, &key, &job_id)).boxed()
    }

    fn refused<'a>(&'a self, key: &'a LedgerKey, reason: &'a str) -> LedgerFuture<'a, ()> {
        let (key, reason) = (key.clone(), reason.to_owned());
        self.writer.run(move |db| statements::refused(db, &key, &reason)).boxed()
    }

    fn settled<'a>(&'a self, key: &'a LedgerKey, status: &'a Status) -> LedgerFuture<'a, ()> {
        let (key, status) = (key.clone(), status.clone());
        self.writer.run(move |db| statements::settled(db, &key, &status)).boxed()
    }
}
