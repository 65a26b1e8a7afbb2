//! A ledger for a client that is made without waiting.

use std::sync::Arc;

use futures_util::FutureExt as _;
use tokio::sync::OnceCell;
use viseme::Status;
use viseme::ledger::{
    Claim, ClaimRequest, Ledger, LedgerEntry, LedgerError, LedgerFuture, LedgerKey,
};

use crate::any::AnyLedger;

/// A ledger that is opened without waiting: a file at once, a database by the first operation that needs
/// it. Cheap to clone.
#[derive(Clone)]
pub struct LazyLedger {
    /// Empty for a file. Contains the password of the database.
    url: Arc<str>,
    opened: Arc<OnceCell<AnyLedger>>,
}

impl LazyLedger {
    /// Opens the file, or checks the URL of a database, which begins with `postgres://`.
    ///
    /// # Errors
    /// Returns the errors of [`SqliteLedger::open`](crate::SqliteLedger::open), or an error that says what is wrong with the URL.
    pub fn new(path_or_url: &str) -> Result<Self, LedgerError> {
        if !AnyLedger::is_url(path_or_url) {
            return Ok(AnyLedger::open_file(path_or_url)?.into());
        }
        AnyLedger::check_url(path_or_url)?;
        Ok(Self { url: path_or_url.into(), opened: Arc::default() })
    }

    /// Returns the ledger. Connects to the database, unless that was done.
    ///
    /// # Errors
    /// Returns the errors of [`AnyLedger::open`]. The next call tries again.
    pub async fn get(&self) -> Result<&AnyLedger, LedgerError> {
        self.opened.get_or_try_init(|| AnyLedger::open(&self.url)).await
    }
}

impl From<AnyLedger> for LazyLedger {
    fn from(ledger: AnyLedger) -> Self {
        Self { url: Arc::default(), opened: Arc::new(OnceCell::new_with(Some(ledger))) }
    }
}

impl Ledger for LazyLedger {
    fn find<'a>(&'a self, key: &'a LedgerKey) -> LedgerFuture<'a, Option<LedgerEntry>> {
        async move { self.get().await?.find(key).await }.boxed()
    }

    fn claim<'a>(&'a self, submit: &'a ClaimRequest) -> LedgerFuture<'a, Claim> {
        async move { self.get().await?.claim(submit).await }.boxed()
    }

    fn accepted<'a>(&'a self, key: &'a LedgerKey, job_id: &'a str) -> LedgerFuture<'a, ()> {
        async move { self.get().await?.accepted(key, job_id).await }.boxed()
    }

    fn refused<'a>(&'a self, key: &'a LedgerKey, reason: &'a str) -> LedgerFuture<'a, ()> {
        async move { self.get().await?.refused(key, reason).await }.boxed()
    }

    fn settled<'a>(&'a self, key: &'a LedgerKey, status: &'a Status) -> LedgerFuture<'a, ()> {
        async move { self.get().await?.settled(key, status).await }.boxed()
    }
}
