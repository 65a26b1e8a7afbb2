//! A ledger in a PostgreSQL database, for many machines at once.

mod connection;
mod error;
mod schema;
mod statements;
mod url;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use sqlx::postgres::PgConnection;
use viseme::Status;
use viseme::ledger::{
    Account, Claim, ClaimRequest, Ledger, LedgerEntry, LedgerError, LedgerFuture, LedgerKey,
};

use self::connection::Connections;
pub use self::error::TransactionError;
pub use self::schema::Migrations;
use crate::submit_row::SubmitRow;

/// The name of the ledger that [`PostgresLedger::connect`] opens.
pub const DEFAULT_NAME: &str = "default";

/// How long an operation waits for a database that does not respond, unless the user says otherwise.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long what is paid for waits until it can be recorded.
const PATIENCE_AFTER_SUBMIT: Duration = Duration::from_secs(10 * 60);

/// Decides in a transaction whether it may go on. Like every operation it may run several times.
pub trait Guard:
    for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<(), TransactionError>>
    + Send
    + Sync
    + 'static
{
}

impl<F> Guard for F where
    F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<(), TransactionError>>
        + Send
        + Sync
        + 'static
{
}

/// Returns an error if this is no URL of a database. Connects to nothing.
pub(crate) fn check_url(url: &str) -> Result<(), LedgerError> {
    url::parse(url).map(drop)
}

/// A ledger in a PostgreSQL database. Cheap to clone; any number of processes and machines may use it.
///
/// A database contains any number of ledgers, each with a name, in its schema `viseme`. A ledger belongs to
/// one account. A commit is on the server's disk before the submit is sent, and one whose response is lost
/// is resolved by reading it back.
#[derive(Clone)]
pub struct PostgresLedger {
    connections: Connections,
    id: i64,
    name: Arc<str>,
    /// In millionths of a US dollar.
    cost_limit: Option<u64>,
    patience: Duration,
    /// The claims of this process, by their key.
    claims: Arc<Mutex<HashMap<Arc<str>, Arc<str>>>>,
}

impl PostgresLedger {
    /// Opens the ledger `default` of a database, and creates the tables if they are new. The URL is as in
    /// psql, such as `postgres://user:password@host/database?sslmode=verify-full`. Without `sslmode`,
    /// another machine than this one must have a valid certificate.
    ///
    /// # Errors
    /// Returns an error that says what to do if the URL is not valid, the database cannot be used within a
    /// minute, its server may forget commits, or its tables were made by a newer version. It never contains
    /// the password.
    pub async fn connect(url: &str) -> Result<Self, LedgerError> {
        Self::connect_to(url, DEFAULT_NAME, PATIENCE).await
    }

    /// Opens the ledger with this name, as [`connect`](Self::connect) does. Each operation waits for a
    /// database that does not respond for as long as `patience`; then it fails, and nothing is submitted.
    /// What is paid for waits longer until it is recorded.
    ///
    /// # Errors
    /// Returns the errors of [`connect`](Self::connect).
    pub async fn connect_to(
        url: &str,
        name: &str,
        patience: Duration,
    ) -> Result<Self, LedgerError> {
        if name.trim().is_empty() || name.len() > 200 || name.contains(char::is_control) {
            let message =
                "The name of a ledger must be text of 1 to 200 bytes without control characters.";
            return Err(LedgerError::new(message));
        }
        let connections = Connections::new(url)?;
        connections.require_fsync(patience).await?;
        let name: Arc<str> = name.into();
        let wanted = Arc::clone(&name);
        let id = connections
            .transaction(patience, move |db| {
                let name = Arc::clone(&wanted);
                async move {
                    schema::migrate(db, schema::LEDGER).await?;
                    statements::ledger_id(db, &name).await
                }
                .boxed()
            })
            .await?;
        let claims = Arc::default();
        Ok(Self { connections, id, name, cost_limit: None, patience, claims })
    }

    /// Limits what all submits in the ledger together may cost, in millionths of a US dollar, on all
    /// machines. Every submit that was or may have been accepted counts, also if its job failed. A submit
    /// without a price is refused then.
    #[must_use]
    pub fn with_cost_limit(self, limit: u64) -> Self {
        Self { cost_limit: Some(limit), ..self }
    }

    /// Returns the id of the ledger, as the other tables of the schema refer to it.
    #[must_use]
    pub fn id(&self) -> i64 {
        self.id
    }

    /// Returns the name of the ledger.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the URL of the database without its password.
    #[must_use]
    pub fn url(&self) -> String {
        self.connections.url.to_string()
    }

    /// Creates further tables in the schema `viseme`, or brings them to this version.
    ///
    /// # Errors
    /// Returns an error if the database cannot be used, or the tables were made by a newer version.
    pub async fn migrate(&self, migrations: Migrations) -> Result<(), LedgerError> {
        self.run(move |db| schema::migrate(db, migrations).boxed()).await
    }

    /// Runs an operation in a transaction and returns its result after the commit. It may run several times
    /// if a connection is lost, and must have the same result if it finds its own changes.
    ///
    /// # Errors
    /// Returns the error of the operation, or one of the database.
    pub async fn transaction<T: Send>(
        &self,
        operation: impl for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, TransactionError>>
        + Send
        + Sync,
    ) -> Result<T, LedgerError> {
        self.run(operation).await
    }

    async fn run<T: Send>(
        &self,
        operation: impl for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, TransactionError>>
        + Send
        + Sync,
    ) -> Result<T, LedgerError> {
        self.connections.transaction(self.patience, operation).await
    }

    /// Returns what all submits together cost, in millionths of a US dollar: each that was or may have been
    /// accepted, if its price is known.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read.
    pub async fn spent_micros(&self) -> Result<u64, LedgerError> {
        let id = self.id;
        self.run(move |db| statements::spent(db, id).boxed()).await
    }

    /// Returns the submits that were or may have been accepted, and of which the price is unknown.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read.
    pub async fn submits_without_price(&self) -> Result<Vec<SubmitRow>, LedgerError> {
        let id = self.id;
        self.run(move |db| statements::submits(db, id, true).boxed()).await
    }

    /// Records what the submits of a key cost, in millionths of a US dollar, where that is unknown.
    ///
    /// # Errors
    /// Returns an error if the database cannot be written.
    pub async fn set_price(&self, key: &str, price: u64) -> Result<(), LedgerError> {
        let (id, key): (_, Arc<str>) = (self.id, key.into());
        self.run(move |db| {
            let key = Arc::clone(&key);
            async move { statements::set_price(db, id, &key, price).await }.boxed()
        })
        .await
    }

    /// Returns an error if a job of this price would exceed the [limit of cost](Self::with_cost_limit), in
    /// millionths of a US dollar. Reserves nothing: a claim checks again.
    ///
    /// # Errors
    /// Returns an error for which [`LedgerError::is_cost_limit`] is true, or one of the database.
    pub async fn require_budget(&self, price: u64) -> Result<(), LedgerError> {
        let Some(limit) = self.cost_limit else { return Ok(()) };
        let id = self.id;
        self.run(move |db| statements::check_cost(db, id, price, limit).boxed()).await
    }

    /// Gives up the open submit of a key, as [`SqliteLedger::give_up`](crate::SqliteLedger::give_up) does.
    ///
    /// # Errors
    /// Returns an error if the key has no open submit, or the database cannot be written.
    pub async fn give_up(&self, key: &str, reason: &str) -> Result<(), LedgerError> {
        self.give_up_if(key, reason, |_| std::future::ready(Ok(())).boxed()).await
    }

    /// Gives up the open submit of a key if `guard` allows it: both are one transaction.
    ///
    /// # Errors
    /// Returns the error of the guard, or those of [`give_up`](Self::give_up).
    pub async fn give_up_if(
        &self,
        key: &str,
        reason: &str,
        guard: impl Guard,
    ) -> Result<(), LedgerError> {
        let (id, key, reason): (_, Arc<str>, Arc<str>) = (self.id, key.into(), reason.into());
        let (guard, is_repeated) = (Arc::new(guard), AtomicBool::new(false));
        self.run(move |db| {
            let (key, reason) = (Arc::clone(&key), Arc::clone(&reason));
            let (guard, is_repeated) =
                (Arc::clone(&guard), is_repeated.swap(true, Ordering::SeqCst));
            async move {
                guard(&mut *db).await?;
                statements::give_up(db, id, &key, &reason, is_repeated).await
            }
            .boxed()
        })
        .await
    }

    /// Records the job of the open submit of a key, as [`SqliteLedger::adopt`](crate::SqliteLedger::adopt)
    /// does. The key may have this job already.
    ///
    /// # Errors
    /// Returns an error if the key has no open submit, if another key has the job, or if the database cannot
    /// be written.
    pub async fn adopt(&self, key: &str, job_id: &str) -> Result<(), LedgerError> {
        let (id, key, job_id): (_, Arc<str>, Arc<str>) = (self.id, key.into(), job_id.into());
        self.run(move |db| {
            let (key, job_id) = (Arc::clone(&key), Arc::clone(&job_id));
            async move { statements::adopt(db, id, &key, &job_id).await }.boxed()
        })
        .await
    }

    /// Returns all submits, oldest first.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read.
    pub async fn submits(&self) -> Result<Vec<SubmitRow>, LedgerError> {
        let id = self.id;
        self.run(move |db| statements::submits(db, id, false).boxed()).await
    }

    /// Makes the ledger accept another API key of the same account. The base URL stays.
    ///
    /// # Errors
    /// Returns an error if the database cannot be written.
    pub async fn replace_api_key(&self, account: Account) -> Result<(), LedgerError> {
        let (id, account) = (self.id, Arc::new(account));
        self.run(move |db| {
            let account = Arc::clone(&account);
            async move { statements::replace_api_key(db, id, &account).await }.boxed()
        })
        .await
    }

    /// Claims a key if `guard` allows it: both are one transaction.
    ///
    /// # Errors
    /// Returns the error of the guard, or one of the claim. Nothing may be submitted then.
    pub async fn claim_if(
        &self,
        submit: &ClaimRequest,
        guard: impl Guard,
    ) -> Result<Claim, LedgerError> {
        let (id, limit, submit) = (self.id, self.cost_limit, Arc::new(submit.clone()));
        let (key, guard) = (Arc::clone(&submit.key.key), Arc::new(guard));
        let claim_id: Arc<str> = random_id().into();
        let own = Arc::clone(&claim_id);
        let claimed = self.run(move |db| {
            let (own, submit) = (Arc::clone(&own), Arc::clone(&submit));
            let guard = Arc::clone(&guard);
            async move {
                guard(&mut *db).await?;
                statements::claim(db, id, &own, &submit, limit).await
            }
            .boxed()
        });
        let claimed = claimed.await?;
        if claimed == Claim::Go {
            self.own_claims().insert(key, claim_id);
        }
        Ok(claimed)
    }

    fn own_claims(&self) -> MutexGuard<'_, HashMap<Arc<str>, Arc<str>>> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records what became of a submit, even if the caller stops waiting.
    fn record(
        &self,
        operation: impl for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<(), TransactionError>>
        + Send
        + Sync
        + 'static,
    ) -> LedgerFuture<'static, ()> {
        let connections = self.connections.clone();
        let patience = PATIENCE_AFTER_SUBMIT.max(self.patience);
        async move {
            let record = async move { connections.transaction(patience, operation).await };
            tokio::spawn(record).await.unwrap_or_else(|error| {
                Err(LedgerError::new("The ledger was closed before it was written.")
                    .with_source(error))
            })
        }
        .boxed()
    }
}

impl Ledger for PostgresLedger {
    fn find<'a>(&'a self, key: &'a LedgerKey) -> LedgerFuture<'a, Option<LedgerEntry>> {
        let (id, key) = (self.id, Arc::new(key.clone()));
        self.run(move |db| {
            let key = Arc::clone(&key);
            async move { statements::find(db, id, &key).await }.boxed()
        })
        .boxed()
    }

    fn claim<'a>(&'a self, submit: &'a ClaimRequest) -> LedgerFuture<'a, Claim> {
        self.claim_if(submit, |_| std::future::ready(Ok(())).boxed()).boxed()
    }

    fn accepted<'a>(&'a self, key: &'a LedgerKey, job_id: &'a str) -> LedgerFuture<'a, ()> {
        let (id, key, job_id): (_, _, Arc<str>) = (self.id, Arc::clone(&key.key), job_id.into());
        let own = self.own_claims().get(&key).cloned();
        self.record(move |db| {
            let (key, job_id, own) = (Arc::clone(&key), Arc::clone(&job_id), own.clone());
            async move { statements::accepted(db, id, &key, &job_id, own.as_deref()).await }.boxed()
        })
    }

    fn refused<'a>(&'a self, key: &'a LedgerKey, reason: &'a str) -> LedgerFuture<'a, ()> {
        let (id, key, reason): (_, _, Arc<str>) = (self.id, Arc::clone(&key.key), reason.into());
        let own = self.own_claims().remove(&key);
        self.record(move |db| {
            let (key, reason, own) = (Arc::clone(&key), Arc::clone(&reason), own.clone());
            async move { statements::refused(db, id, &key, &reason, own.as_deref()).await }.boxed()
        })
    }

    fn settled<'a>(&'a self, key: &'a LedgerKey, status: &'a Status) -> LedgerFuture<'a, ()> {
        let (id, key, status) = (self.id, Arc::clone(&key.key), status.clone());
        self.own_claims().remove(&key);
        self.record(move |db| {
            let (key, status) = (Arc::clone(&key), status.clone());
            async move { statements::settled(db, id, &key, &status).await }.boxed()
        })
    }
}

/// Returns an id that no other claim has.
fn random_id() -> String {
    format!("{:032x}", fastrand::u128(..))
}
