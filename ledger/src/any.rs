//! A ledger in a file or a database, as the user chooses.

use viseme::Status;
use viseme::ledger::{
    Account, Claim, ClaimRequest, Ledger, LedgerEntry, LedgerError, LedgerFuture, LedgerKey,
};

#[cfg(feature = "postgres")]
use crate::postgres::PostgresLedger;
use crate::sqlite::SqliteLedger;
use crate::submit_row::SubmitRow;

/// A ledger in an SQLite file or in a PostgreSQL database. Cheap to clone.
#[derive(Clone)]
#[non_exhaustive]
pub enum AnyLedger {
    /// In a file on this machine.
    Sqlite(SqliteLedger),
    /// In a database, for many machines.
    #[cfg(feature = "postgres")]
    Postgres(PostgresLedger),
}

/// Calls a method of the ledger.
macro_rules! delegate {
    ($self:expr, $ledger:ident => $call:expr) => {
        match $self {
            Self::Sqlite($ledger) => $call,
            #[cfg(feature = "postgres")]
            Self::Postgres($ledger) => $call,
        }
    };
}

impl AnyLedger {
    /// Opens the ledger at the path of a file, or at a URL that begins with `postgres://`.
    ///
    /// # Errors
    /// Returns the errors of [`SqliteLedger::open`] or of `PostgresLedger::connect`, and one for a URL if
    /// the feature `postgres` is off.
    pub async fn open(path_or_url: &str) -> Result<Self, LedgerError> {
        if Self::is_url(path_or_url) {
            return Self::connect(path_or_url).await;
        }
        Self::open_file(path_or_url)
    }

    /// Opens a file. Another URL is refused instead of being created as a file; its error does not contain
    /// it, because it may have a password.
    pub(crate) fn open_file(path: &str) -> Result<Self, LedgerError> {
        if let Some((scheme, _)) = path.split_once("://") {
            return Err(LedgerError::new(format!(
                "A ledger is a file or a PostgreSQL database, and the URL begins with `{scheme}://`. Write \
                 it as postgres://USER:PASSWORD@HOST:PORT/DATABASE."
            )));
        }
        Ok(Self::Sqlite(SqliteLedger::open(path)?))
    }

    /// Returns whether the text is the URL of a database, and not the path of a file.
    #[must_use]
    pub fn is_url(path_or_url: &str) -> bool {
        ["postgres://", "postgresql://"].iter().any(|scheme| {
            path_or_url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        })
    }

    /// Returns an error if this is no URL of a database. Connects to nothing.
    #[cfg(feature = "postgres")]
    pub(crate) fn check_url(url: &str) -> Result<(), LedgerError> {
        crate::postgres::check_url(url)
    }

    #[cfg(not(feature = "postgres"))]
    pub(crate) fn check_url(_: &str) -> Result<(), LedgerError> {
        Err(without_postgres())
    }

    #[cfg(feature = "postgres")]
    async fn connect(url: &str) -> Result<Self, LedgerError> {
        Ok(Self::Postgres(PostgresLedger::connect(url).await?))
    }

    #[cfg(not(feature = "postgres"))]
    async fn connect(_: &str) -> Result<Self, LedgerError> {
        Err(without_postgres())
    }

    /// Limits what all submits in the ledger together may cost: see [`SqliteLedger::with_cost_limit`].
    #[must_use]
    pub fn with_cost_limit(self, limit: u64) -> Self {
        match self {
            Self::Sqlite(ledger) => Self::Sqlite(ledger.with_cost_limit(limit)),
            #[cfg(feature = "postgres")]
            Self::Postgres(ledger) => Self::Postgres(ledger.with_cost_limit(limit)),
        }
    }

    /// Returns what all submits together cost: see [`SqliteLedger::spent_micros`].
    ///
    /// # Errors
    /// Returns an error if the ledger cannot be read.
    pub async fn spent_micros(&self) -> Result<u64, LedgerError> {
        delegate!(self, ledger => ledger.spent_micros().await)
    }

    /// Returns the submits of which the price is unknown: see [`SqliteLedger::submits_without_price`].
    ///
    /// # Errors
    /// Returns an error if the ledger cannot be read.
    pub async fn submits_without_price(&self) -> Result<Vec<SubmitRow>, LedgerError> {
        delegate!(self, ledger => ledger.submits_without_price().await)
    }

    /// Records what the submits of a key cost: see [`SqliteLedger::set_price`].
    ///
    /// # Errors
    /// Returns an error if the ledger cannot be written.
    pub async fn set_price(&self, key: &str, price: u64) -> Result<(), LedgerError> {
        delegate!(self, ledger => ledger.set_price(key, price).await)
    }

    /// Returns an error if a job of this price would exceed the limit of cost: see
    /// [`SqliteLedger::require_budget`].
    ///
    /// # Errors
    /// Returns an error for which [`LedgerError::is_cost_limit`] is true, or one of the ledger.
    pub async fn require_budget(&self, price: u64) -> Result<(), LedgerError> {
        delegate!(self, ledger => ledger.require_budget(price).await)
    }

    /// Gives up the open submit of a key: see [`SqliteLedger::give_up`].
    ///
    /// # Errors
    /// Returns an error if the key has no open submit, or the ledger cannot be written.
    pub async fn give_up(&self, key: &str, reason: &str) -> Result<(), LedgerError> {
        delegate!(self, ledger => ledger.give_up(key, reason).await)
    }

    /// Records the job of the open submit of a key: see [`SqliteLedger::adopt`].
    ///
    /// # Errors
    /// Returns an error if the key has no open submit, if another key has the job, or if the ledger cannot
    /// be written.
    pub async fn adopt(&self, key: &str, job_id: &str) -> Result<(), LedgerError> {
        delegate!(self, ledger => ledger.adopt(key, job_id).await)
    }

    /// Returns all submits, oldest first.
    ///
    /// # Errors
    /// Returns an error if the ledger cannot be read.
    pub async fn submits(&self) -> Result<Vec<SubmitRow>, LedgerError> {
        delegate!(self, ledger => ledger.submits().await)
    }

    /// Makes the ledger accept another API key of the same account. The base URL stays.
    ///
    /// # Errors
    /// Returns an error if the ledger cannot be written.
    pub async fn replace_api_key(&self, account: Account) -> Result<(), LedgerError> {
        delegate!(self, ledger => ledger.replace_api_key(account).await)
    }
}

#[cfg(not(feature = "postgres"))]
fn without_postgres() -> LedgerError {
    LedgerError::new("This program cannot use a ledger in PostgreSQL. Name a file.")
}

impl From<SqliteLedger> for AnyLedger {
    fn from(ledger: SqliteLedger) -> Self {
        Self::Sqlite(ledger)
    }
}

#[cfg(feature = "postgres")]
impl From<PostgresLedger> for AnyLedger {
    fn from(ledger: PostgresLedger) -> Self {
        Self::Postgres(ledger)
    }
}

impl Ledger for AnyLedger {
    fn find<'a>(&'a self, key: &'a LedgerKey) -> LedgerFuture<'a, Option<LedgerEntry>> {
        delegate!(self, ledger => ledger.find(key))
    }

    fn claim<'a>(&'a self, submit: &'a ClaimRequest) -> LedgerFuture<'a, Claim> {
        delegate!(self, ledger => ledger.claim(submit))
    }

    fn accepted<'a>(&'a self, key: &'a LedgerKey, job_id: &'a str) -> LedgerFuture<'a, ()> {
        delegate!(self, ledger => ledger.accepted(key, job_id))
    }

    fn refused<'a>(&'a self, key: &'a LedgerKey, reason: &'a str) -> LedgerFuture<'a, ()> {
        delegate!(self, ledger => ledger.refused(key, reason))
    }

    fn settled<'a>(&'a self, key: &'a LedgerKey, status: &'a Status) -> LedgerFuture<'a, ()> {
        delegate!(self, ledger => ledger.settled(key, status))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_url_is_no_file_and_is_not_shown() {
        for url in ["postgre://ann:s3cret@host/d", "mysql://ann:s3cret@host/d", "file:///ledger.db"]
        {
            let error = AnyLedger::open_file(url).err().unwrap().to_string();
            assert!(error.contains("postgres://") && !error.contains("s3cret"), "{error}");
        }
        assert!(!std::path::Path::new("postgre:").exists());
    }

    #[test]
    fn a_path_is_no_url() {
        for url in ["postgres://h/d", "postgresql://h/d", "PostgreSQL://h/d"] {
            assert!(AnyLedger::is_url(url), "{url}");
        }
        for path in ["postgres.db", "/a/postgres://h", "p\u{f6}stgres://", ""] {
            assert!(!AnyLedger::is_url(path), "{path}");
        }
    }
}
