//! The leases of this process: which items it works on, while other machines work on others.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use sqlx::PgConnection;
use viseme::Status;
use viseme::ledger::{
    Claim, ClaimRequest, Ledger, LedgerEntry, LedgerError, LedgerFuture, LedgerKey,
};
use viseme_ledger::PostgresLedger;
use viseme_ledger::postgres::TransactionError;

/// The leases of this process. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Leases(Arc<State>);

struct State {
    /// The process, as no other one is called.
    owner: String,
    /// The machine, as its user calls it.
    machine: String,
    duration: Duration,
    /// The number of the claim of each item that this process works on.
    held: Mutex<HashMap<String, i64>>,
    /// The items that another process took over.
    lost: Mutex<HashSet<String>>,
}

impl Leases {
    pub(super) fn new(duration: Duration) -> Self {
        let machine = gethostname::gethostname().to_string_lossy().into_owned();
        let owner = format!("{machine}/{}/{:016x}", std::process::id(), fastrand::u64(..));
        let (held, lost) = (Mutex::default(), Mutex::default());
        Self(Arc::new(State { owner, machine, duration, held, lost }))
    }

    pub(super) fn owner(&self) -> &str {
        &self.0.owner
    }

    pub(super) fn machine(&self) -> &str {
        &self.0.machine
    }

    pub(crate) fn duration(&self) -> Duration {
        self.0.duration
    }

    pub(super) fn hold(&self, id: &str, number: i64) {
        locked(&self.0.lost).remove(id);
        locked(&self.0.held).insert(id.to_owned(), number);
    }

    /// Returns the items that this process works on.
    pub(super) fn held(&self) -> Vec<String> {
        locked(&self.0.held).keys().cloned().collect()
    }

    /// Returns the number of the claim of an item, or -1, which no item has.
    pub(super) fn number(&self, id: &str) -> i64 {
        locked(&self.0.held).get(id).copied().unwrap_or(-1)
    }

    pub(super) fn release(&self, id: &str) -> i64 {
        locked(&self.0.held).remove(id).unwrap_or(-1)
    }

    pub(super) fn lose(&self, id: &str) {
        locked(&self.0.lost).insert(id.to_owned());
    }

    pub(super) fn is_lost(&self, id: &str) -> bool {
        locked(&self.0.lost).contains(id)
    }

    /// Returns an operation that fails unless this process has the lease of an item. The row stays locked
    /// until the end of the transaction, so that nobody takes it over in between.
    pub(super) fn guard(
        &self,
        ledger_id: i64,
        id: &str,
    ) -> impl for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<(), TransactionError>>
    + Send
    + Sync
    + 'static {
        let (leases, id): (_, Arc<str>) = (self.clone(), id.into());
        let number = self.number(&id);
        move |db| {
            let (leases, id) = (leases.clone(), Arc::clone(&id));
            async move {
                let select = "SELECT lease_until > clock_timestamp() FROM viseme.batch_items
                              WHERE ledger_id = $1 AND id = $2 AND owner = $3 AND claims = $4 FOR UPDATE";
                let select = sqlx::query_scalar(select).bind(ledger_id).bind(&*id);
                let select = select.bind(leases.owner()).bind(number);
                if select.fetch_optional(db).await? == Some(true) {
                    return Ok(());
                }
                leases.lose(&id);
                Err(LedgerError::new(format!(
                    "The row `{id}` is no longer this machine's: it did not renew its lease in time, and \
                     another machine may work on the row."
                ))
                .into())
            }
            .boxed()
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A ledger in which a process claims only keys of items that it works on.
pub(crate) struct LeasedLedger {
    pub(crate) ledger: PostgresLedger,
    pub(crate) leases: Leases,
}

impl Ledger for LeasedLedger {
    fn find<'a>(&'a self, key: &'a LedgerKey) -> LedgerFuture<'a, Option<LedgerEntry>> {
        self.ledger.find(key)
    }

    fn claim<'a>(&'a self, submit: &'a ClaimRequest) -> LedgerFuture<'a, Claim> {
        let guard = self.leases.guard(self.ledger.id(), &submit.key.key);
        self.ledger.claim_if(submit, guard).boxed()
    }

    fn accepted<'a>(&'a self, key: &'a LedgerKey, job_id: &'a str) -> LedgerFuture<'a, ()> {
        self.ledger.accepted(key, job_id)
    }

    fn refused<'a>(&'a self, key: &'a LedgerKey, reason: &'a str) -> LedgerFuture<'a, ()> {
        self.ledger.refused(key, reason)
    }

    fn settled<'a>(&'a self, key: &'a LedgerKey, status: &'a Status) -> LedgerFuture<'a, ()> {
        self.ledger.settled(key, status)
    }
}
