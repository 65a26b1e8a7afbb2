//! One thread writes. It gathers what arrives during a commit into the next one, so that many
//! submits share the cost of a sync to disk.

use std::panic::AssertUnwindSafe;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use rusqlite::Connection;
use tokio::sync::oneshot;
use viseme::ledger::LedgerError;

use super::error::ledger_error;

/// The most operations in one commit.
const MAX_BATCH: usize = 1_000;

/// An operation: runs in a transaction, and returns what reports its result after the commit.
type Operation = Box<dyn FnOnce(&Connection) -> Report + Send>;
/// Is called with the error of the commit, if it failed.
type Report = Box<dyn FnOnce(Option<&LedgerError>) + Send>;

/// A handle on the thread. The thread ends when the last handle is dropped.
#[derive(Clone)]
pub(crate) struct Writer(Sender<Operation>);

impl Writer {
    /// Starts the thread.
    pub(crate) fn start(connection: Connection) -> Result<Self, LedgerError> {
        let (sender, receiver) = channel();
        let write = move || write_all(&connection, &receiver);
        let thread = thread::Builder::new().name("viseme-ledger".to_owned());
        thread.spawn(write).map_err(|error| {
            LedgerError::new("The thread of the ledger cannot start.").with_source(error)
        })?;
        Ok(Self(sender))
    }

    /// Runs an operation in a transaction, and returns its result after the commit. If the operation
    /// fails, it changes nothing. It starts when it is awaited, and then runs even if the caller stops
    /// waiting.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&Connection) -> Result<T, LedgerError> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, LedgerError>> {
        let (reply, result) = oneshot::channel();
        let operation: Operation = Box::new(move |db| {
            let result = in_savepoint(db, operation);
            Box::new(move |failed| {
                // The caller may be gone.
                let _ = reply.send(failed.map_or(result, |error| Err(error.clone())));
            })
        });
        let sender = self.0.clone();
        async move {
            sender.send(operation).map_err(|_| stopped())?;
            result.await.map_err(|_| stopped())?
        }
        .boxed()
    }
}

fn write_all(connection: &Connection, receiver: &Receiver<Operation>) {
    while let Ok(first) = receiver.recv() {
        let batch = std::iter::once(first).chain(receiver.try_iter()).take(MAX_BATCH);
        let operations: Vec<_> = batch.collect();
        let (reports, failed) = commit(connection, operations);
        for report in reports {
            report(failed.as_ref());
        }
    }
}

fn commit(db: &Connection, operations: Vec<Operation>) -> (Vec<Report>, Option<LedgerError>) {
    let begun = db.execute_batch("BEGIN IMMEDIATE");
    let reports = operations.into_iter().map(|operation| operation(db)).collect();
    let committed = begun.and_then(|()| db.execute_batch("COMMIT"));
    let failed = committed.err().map(|error| {
        // After some errors SQLite has already rolled back; then this changes nothing.
        let _ = db.execute_batch("ROLLBACK");
        ledger_error(error)
    });
    (reports, failed)
}

/// Runs an operation so that it changes nothing if it fails or panics.
fn in_savepoint<T>(
    db: &Connection,
    operation: impl FnOnce(&Connection) -> Result<T, LedgerError>,
) -> Result<T, LedgerError> {
    let sql = |text: &str| db.execute_batch(text).map_err(ledger_error);
    sql("SAVEPOINT operation")?;
    let result =
        std::panic::catch_unwind(AssertUnwindSafe(|| operation(db))).unwrap_or_else(|_| {
            Err(LedgerError::new("An operation of the ledger failed unexpectedly."))
        });
    match result {
        Ok(value) => sql("RELEASE operation").map(|()| value),
        Err(error) => {
            sql("ROLLBACK TO operation; RELEASE operation")?;
            Err(error)
        }
    }
}

fn stopped() -> LedgerError {
    LedgerError::new("The thread of the ledger has ended.")
}
