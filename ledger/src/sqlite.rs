//! A ledger in an SQLite file.

use std::path::Path;

use futures_util::FutureExt as _;
use viseme::Status;
use viseme::ledger::{
    Account, Claim, ClaimRequest, Ledger, LedgerEntry, LedgerError, LedgerFuture, LedgerKey,
};

use crate::submit_row::SubmitRow;
use crate::writer::Writer;
use crate::{schema, statements};

/// A ledger in an SQLite file. Cheap to clone; several processes on one machine may use the same file.
///
/// Each commit is synced to disk before the submit is sent. The file belongs to one account: it contains
/// the base URL and a digest of the API key, never the key itself. Do not put it on a network drive.
#[derive(Clone)]
pub struct SqliteLedger {
    writer: Writer,
}

impl SqliteLedger {
    /// Opens a file, or creates it. Only its owner can read it.
    ///
    /// # Errors
    /// Returns an error that says what to do if the file cannot be opened or written, is not a ledger, is
    /// damaged, or was made by a newer version.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, LedgerError> {
        Ok(Self { writer: Writer::start(schema::open(path.as_ref())?)? })
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
        let submit = submit.clone();
        self.writer.run(move |db| statements::claim(db, &submit)).boxed()
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
