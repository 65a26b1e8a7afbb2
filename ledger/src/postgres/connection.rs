//! The connections to the database, and transactions that survive the loss of one.

use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};
use viseme::ledger::LedgerError;

use super::error::{Reaction, TransactionError, ledger_error, reaction};
use super::url::{self, RedactedUrl};

/// The most connections of a process. A transaction takes milliseconds.
const MAX_CONNECTIONS: u32 = 8;
/// How long one attempt may take, before the connection counts as lost.
const ATTEMPT: Duration = Duration::from_secs(20);
/// How long an attempt waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(5);
/// The first and the longest pause between attempts.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));
/// After this many attempts that another transaction prevented, the operation fails.
const MAX_REPEATS: u32 = 50;

/// Handles on the connections. Cheap to clone.
#[derive(Clone)]
pub(super) struct Connections {
    pool: PgPool,
    pub(super) url: RedactedUrl,
}

impl Connections {
    /// Reads the URL. Connects to nothing yet.
    pub(super) fn new(text: &str) -> Result<Self, LedgerError> {
        let (options, url) = url::parse(text)?;
        // The statements contain URLs of private media.
        let options: PgConnectOptions = options.disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(MAX_CONNECTIONS)
            .acquire_timeout(ACQUIRE)
            .after_connect(|connection, _| Box::pin(wait_for_disk(connection)))
            .connect_lazy_with(options);
        Ok(Self { pool, url })
    }

    /// Runs an operation in a transaction and returns its result after the commit. Repeats it after the
    /// loss of a connection, for as long as `patience`. As the first commit may have succeeded then, the
    /// operation must have the same result if it finds its own changes.
    pub(super) async fn transaction<T: Send>(
        &self,
        patience: Duration,
        operation: impl for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, TransactionError>>
        + Send
        + Sync,
    ) -> Result<T, LedgerError> {
        let (started, mut pause, mut repeats) = (Instant::now(), PAUSES.0, 0_u32);
        loop {
            let error = match self.attempt(&operation).await {
                Ok(value) => return Ok(value),
                Err(TransactionError::Refused(error)) => return Err(error),
                Err(TransactionError::Database(error)) => error,
            };
            match reaction(&error) {
                Reaction::Repeat if repeats < MAX_REPEATS => repeats += 1,
                Reaction::Wait if started.elapsed() < patience => {
                    tracing::debug!(ledger = %self.url, %error, "the ledger does not respond");
                    tokio::time::sleep(jittered(pause)).await;
                    pause = (pause * 2).min(PAUSES.1);
                }
                _ => return Err(ledger_error(&self.url, error)),
            }
        }
    }

    /// Refuses a server that may forget what it has confirmed.
    pub(super) async fn require_fsync(&self, patience: Duration) -> Result<(), LedgerError> {
        let read = self.transaction(patience, |db| {
            let select = sqlx::query_scalar("SELECT current_setting('fsync')");
            Box::pin(async move { Ok(select.fetch_one(db).await?) })
        });
        let fsync: String = read.await?;
        if fsync == "on" {
            return Ok(());
        }
        Err(LedgerError::new(format!(
            "The server of the ledger {} has the setting `fsync = off`: a power failure loses what was paid \
             for. Turn it on.",
            self.url
        )))
    }

    async fn attempt<T: Send>(
        &self,
        operation: &(
             impl for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, TransactionError>>
             + Send
             + Sync
         ),
    ) -> Result<T, TransactionError> {
        let mut connection = self.pool.acquire().await?;
        let work = async {
            let mut transaction = connection.begin().await?;
            let value = operation(&mut transaction).await?;
            transaction.commit().await?;
            Ok(value)
        };
        let result = match tokio::time::timeout(ATTEMPT, work).await {
            Ok(result) => result,
            Err(_) => Err(sqlx::Error::PoolTimedOut.into()),
        };
        if let Err(TransactionError::Database(error)) = &result
            && reaction(error) == Reaction::Wait
        {
            connection.close_on_drop();
        }
        result
    }
}

/// Lets a commit wait for the disk of the server, whatever the default of the user is.
async fn wait_for_disk(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let statements = "SET idle_in_transaction_session_timeout = '60s';
        SELECT set_config('synchronous_commit', 'on', false)
        WHERE current_setting('synchronous_commit') IN ('off', 'local')";
    connection.execute(statements).await.map(drop)
}

/// Returns a pause of a random length, so that many machines do not come back at the same time.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(0.5 + fastrand::f64())
}
