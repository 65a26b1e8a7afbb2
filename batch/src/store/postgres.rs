//! The items of a batch in the database of its ledger. A process claims each item before it works on it.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use sqlx::Row as _;
use sqlx::postgres::{PgConnection, PgRow};
use viseme::ledger::LedgerError;
use viseme_ledger::PostgresLedger;
use viseme_ledger::postgres::{Migrations, TransactionError};

use super::leases::Leases;
use super::{StoredUpload, changed_row};
use crate::item::{Item, ItemState};
use crate::manifest::{Row, RowError};

const TABLES: Migrations = Migrations { name: "batch", versions: &[include_str!("0001.sql")] };

/// How many rows one transaction imports.
const IMPORT_CHUNK: usize = 5_000;

/// The items of these rows, each with the last submit of its id that counts.
macro_rules! select_items {
    ($condition:literal) => {
        concat!(
            "SELECT items.id, items.position, items.digest, items.state, items.same_as, submit.job_id,
                    items.error_code, items.error, items.outputs, submit.price, items.allowed_failures,
                    submit.state, submit.sent_at, items.machine, items.claims,
                    (SELECT count(*) FROM viseme.submits AS failed
                     WHERE failed.ledger_id = items.ledger_id AND failed.key = items.id
                       AND failed.state = 'ended')
             FROM viseme.batch_items AS items LEFT JOIN LATERAL (
                 SELECT job_id, price, state, sent_at FROM viseme.submits
                 WHERE ledger_id = items.ledger_id AND key = items.id AND state <> 'refused'
                 ORDER BY id DESC LIMIT 1) AS submit ON true
             WHERE items.ledger_id = $1",
            $condition
        )
    };
}

/// The items in a database.
#[derive(Clone)]
pub(crate) struct PostgresStore {
    ledger: PostgresLedger,
    leases: Leases,
}

type Result<T> = std::result::Result<T, LedgerError>;

impl PostgresStore {
    /// Opens the tables in the database of a ledger.
    pub(crate) async fn open(ledger: PostgresLedger, lease: Duration) -> Result<Self> {
        ledger.migrate(TABLES).await?;
        Ok(Self { ledger, leases: Leases::new(lease) })
    }

    pub(crate) fn leases(&self) -> &Leases {
        &self.leases
    }

    pub(super) async fn import(&self, rows: Arc<[Row]>) -> Result<Vec<RowError>> {
        let (ledger, mut changed) = (self.ledger.id(), Vec::new());
        for start in (0..rows.len()).step_by(IMPORT_CHUNK) {
            let rows = Arc::clone(&rows);
            let errors = self.ledger.transaction(move |db| {
                let rows = Arc::clone(&rows);
                async move {
                    let rows: Vec<(usize, &Row)> =
                        rows.iter().enumerate().skip(start).take(IMPORT_CHUNK).collect();
                    import(db, ledger, &rows).await
                }
                .boxed()
            });
            changed.extend(errors.await?);
        }
        Ok(changed)
    }

    pub(super) async fn items(&self) -> Result<Vec<Item>> {
        let ledger = self.ledger.id();
        let read = self.ledger.transaction(move |db| {
            let select =
                sqlx::query(select_items!(" ORDER BY items.number, items.id")).bind(ledger);
            async move { Ok(select.fetch_all(db).await?) }.boxed()
        });
        read.await?.iter().map(item).collect()
    }

    pub(super) async fn ids(&self) -> Result<HashSet<String>> {
        let ledger = self.ledger.id();
        let read = self.ledger.transaction(move |db| {
            let select = "SELECT id FROM viseme.batch_items WHERE ledger_id = $1";
            let select = sqlx::query_scalar(select).bind(ledger);
            async move { Ok(select.fetch_all(db).await?) }.boxed()
        });
        let ids: Vec<String> = read.await?;
        Ok(ids.into_iter().collect())
    }

    pub(crate) async fn item(&self, id: &str) -> Result<Option<Item>> {
        let (ledger, id) = (self.ledger.id(), id.to_owned());
        let read = self.ledger.transaction(move |db| {
            let select = sqlx::query(select_items!(" AND items.id = $2"));
            let select = select.bind(ledger).bind(id.clone());
            async move { Ok(select.fetch_optional(db).await?) }.boxed()
        });
        read.await?.as_ref().map(item).transpose()
    }

    /// Records an item whose lease this process has. Without the lease, it changes nothing: the item is
    /// another machine's.
    pub(super) async fn update(&self, item: Item) -> Result<()> {
        let (owner, number) = (self.leases.owner().to_owned(), self.leases.number(&item.id));
        let machine = (item.state == ItemState::Done).then(|| self.leases.machine().to_owned());
        let (ledger, item) = (self.ledger.id(), Arc::new(item));
        let is_own = self.ledger.transaction(move |db| {
            let (item, owner, machine) = (Arc::clone(&item), owner.clone(), machine.clone());
            async move {
                let update = "UPDATE viseme.batch_items
                              SET state = $3, same_as = $4, error_code = $5, error = $6, outputs = $7,
                                  machine = $8
                              WHERE ledger_id = $1 AND id = $2 AND owner = $9 AND claims = $10";
                let update = sqlx::query(update)
                    .bind(ledger)
                    .bind(&item.id)
                    .bind(item.state.as_str())
                    .bind(&item.same_as)
                    .bind(&item.error_code)
                    .bind(item.error.as_ref().map(|error| error.replace('\0', "")))
                    .bind(serde_json::json!(item.outputs).to_string())
                    .bind(machine)
                    .bind(owner)
                    .bind(number);
                Ok(update.execute(db).await?.rows_affected() > 0)
            }
            .boxed()
        });
        if !is_own.await? {
            tracing::warn!("another machine took over a row while this one worked on it");
        }
        Ok(())
    }

    /// Records of which row an item is a duplicate, unless a process has begun to work on it since it was
    /// read.
    pub(super) async fn mark(&self, item: Item) -> Result<()> {
        let ledger = self.ledger.id();
        let marked = self.ledger.transaction(move |db| {
            let update = "UPDATE viseme.batch_items SET state = $3, same_as = $4
                          WHERE ledger_id = $1 AND id = $2 AND owner IS NULL AND claims = $5";
            let update = sqlx::query(update).bind(ledger).bind(item.id.clone());
            let update = update.bind(item.state.as_str()).bind(item.same_as.clone());
            let update = update.bind(item.claims);
            async move { Ok(update.execute(db).await.map(drop)?) }.boxed()
        });
        marked.await
    }

    pub(super) async fn allow_retry(&self, item: &Item) -> Result<()> {
        let (ledger, id, failures) = (self.ledger.id(), item.id.clone(), i64::from(item.failures));
        let allowed = self.ledger.transaction(move |db| {
            let update = "UPDATE viseme.batch_items SET allowed_failures = $3
                          WHERE ledger_id = $1 AND id = $2";
            let update = sqlx::query(update).bind(ledger).bind(id.clone()).bind(failures);
            async move { Ok(update.execute(db).await.map(drop)?) }.boxed()
        });
        allowed.await
    }

    pub(super) async fn give_up(&self, id: &str, reason: &str) -> Result<()> {
        let guard = self.leases.guard(self.ledger.id(), id);
        self.ledger.give_up_if(id, reason, guard).await
    }

    pub(super) async fn uploaded(&self, sha256: &str, now: i64) -> Result<Option<StoredUpload>> {
        let (ledger, sha256) = (self.ledger.id(), sha256.to_owned());
        let read = self.ledger.transaction(move |db| {
            let select = "SELECT url, expires_at FROM viseme.batch_uploads
                          WHERE ledger_id = $1 AND sha256 = $2 AND expires_at > $3";
            let select = sqlx::query_as(select).bind(ledger).bind(sha256.clone()).bind(now);
            async move { Ok(select.fetch_optional(db).await?) }.boxed()
        });
        Ok(read.await?.map(|(url, expires_at)| StoredUpload { url, expires_at }))
    }

    pub(super) async fn add_upload(&self, sha256: String, upload: StoredUpload) -> Result<()> {
        let ledger = self.ledger.id();
        let added = self.ledger.transaction(move |db| {
            let insert = "INSERT INTO viseme.batch_uploads (ledger_id, sha256, url, expires_at)
                          VALUES ($1, $2, $3, $4) ON CONFLICT (ledger_id, sha256)
                          DO UPDATE SET url = excluded.url, expires_at = excluded.expires_at";
            let insert = sqlx::query(insert).bind(ledger).bind(sha256.clone());
            let insert = insert.bind(upload.url.clone()).bind(upload.expires_at);
            async move { Ok(insert.execute(db).await.map(drop)?) }.boxed()
        });
        added.await
    }

    /// Returns the time of the database in microseconds since 1970.
    pub(crate) async fn now(&self) -> Result<i64> {
        let read = self.ledger.transaction(|db| {
            let select = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::BIGINT";
            async move { Ok(sqlx::query_scalar(select).fetch_one(db).await?) }.boxed()
        });
        read.await
    }

    /// Claims the first of these items that no other process works on and that none has tried since
    /// `started`, a time of the database. Returns its id.
    pub(crate) async fn claim_first(
        &self,
        ids: Vec<String>,
        started: i64,
    ) -> Result<Option<String>> {
        let (ledger, owner) = (self.ledger.id(), self.leases.owner().to_owned());
        let seconds = self.leases.duration().as_secs_f64();
        // A claim whose commit was confirmed late is found again: its owner is this process.
        let held: Vec<String> =
            ids.iter().filter(|id| self.leases.number(id) >= 0).cloned().collect();
        let claimed = self.ledger.transaction(move |db| {
            let claim = "
                WITH first AS (
                    SELECT items.id FROM viseme.batch_items AS items
                    JOIN unnest($2::TEXT[]) WITH ORDINALITY AS wanted (id, place) ON wanted.id = items.id
                    WHERE items.ledger_id = $1 AND items.id <> ALL ($6::TEXT[])
                      AND (items.owner IS NULL OR items.owner = $3
                           OR items.lease_until < clock_timestamp())
                      AND (items.tried_at IS NULL
                           OR items.tried_at < to_timestamp($5::DOUBLE PRECISION / 1000000))
                    ORDER BY wanted.place LIMIT 1 FOR UPDATE OF items SKIP LOCKED
                )
                UPDATE viseme.batch_items AS items
                SET owner = $3, lease_until = clock_timestamp() + make_interval(secs => $4),
                    claims = claims + 1
                FROM first WHERE items.ledger_id = $1 AND items.id = first.id
                RETURNING items.id, items.claims";
            let claim = sqlx::query_as(claim).bind(ledger).bind(ids.clone()).bind(owner.clone());
            let claim = claim.bind(seconds).bind(started).bind(held.clone());
            async move { Ok(claim.fetch_optional(db).await?) }.boxed()
        });
        let claimed: Option<(String, i64)> = claimed.await?;
        Ok(claimed.map(|(id, number)| {
            self.leases.hold(&id, number);
            id
        }))
    }

    /// Returns the items that no process has tried since `started`, a time of the database.
    pub(crate) async fn untried(&self, started: i64) -> Result<HashSet<String>> {
        let ledger = self.ledger.id();
        let read = self.ledger.transaction(move |db| {
            let select = "SELECT id FROM viseme.batch_items WHERE ledger_id = $1
                          AND (tried_at IS NULL OR tried_at < to_timestamp($2::DOUBLE PRECISION / 1000000))";
            let select = sqlx::query_scalar(select).bind(ledger).bind(started);
            async move { Ok(select.fetch_all(db).await?) }.boxed()
        });
        let ids: Vec<String> = read.await?;
        Ok(ids.into_iter().collect())
    }

    /// Renews the leases of this process.
    pub(crate) async fn renew(&self) -> Result<()> {
        let (ledger, owner) = (self.ledger.id(), self.leases.owner().to_owned());
        let (leases, seconds) = (self.leases.clone(), self.leases.duration().as_secs_f64());
        let renewed = self.ledger.transaction(move |db| {
            let update = "UPDATE viseme.batch_items
                          SET lease_until = clock_timestamp() + make_interval(secs => $3)
                          WHERE ledger_id = $1 AND owner = $2 AND id = ANY ($4)";
            let update = sqlx::query(update).bind(ledger).bind(owner.clone()).bind(seconds);
            let update = update.bind(leases.held());
            async move { Ok(update.execute(db).await.map(drop)?) }.boxed()
        });
        renewed.await
    }

    /// Lets others work on an item. `is_tried` if this run need not try it again.
    pub(crate) async fn release(&self, id: &str, is_tried: bool) -> Result<()> {
        let (ledger, owner) = (self.ledger.id(), self.leases.owner().to_owned());
        let (id, number) = (id.to_owned(), self.leases.release(id));
        let released = self.ledger.transaction(move |db| {
            let update = "UPDATE viseme.batch_items SET owner = NULL, lease_until = NULL,
                              tried_at = CASE WHEN $5 THEN clock_timestamp() ELSE tried_at END
                          WHERE ledger_id = $1 AND id = $2 AND owner = $3 AND claims = $4";
            let update = sqlx::query(update).bind(ledger).bind(id.clone());
            let update = update.bind(owner.clone()).bind(number).bind(is_tried);
            async move { Ok(update.execute(db).await.map(drop)?) }.boxed()
        });
        released.await
    }

    /// Lets others work on all items of this process.
    pub(crate) async fn release_all(&self) -> Result<()> {
        let (ledger, owner) = (self.ledger.id(), self.leases.owner().to_owned());
        let released = self.ledger.transaction(move |db| {
            let update = "UPDATE viseme.batch_items SET owner = NULL, lease_until = NULL
                          WHERE ledger_id = $1 AND owner = $2";
            let update = sqlx::query(update).bind(ledger).bind(owner.clone());
            async move { Ok(update.execute(db).await.map(drop)?) }.boxed()
        });
        released.await
    }

    /// Returns the process that works on an item, if there is one.
    pub(crate) async fn worker(&self, id: &str) -> Result<Option<String>> {
        let (ledger, id) = (self.ledger.id(), id.to_owned());
        let read = self.ledger.transaction(move |db| {
            let select = "SELECT owner FROM viseme.batch_items
                          WHERE ledger_id = $1 AND id = $2 AND lease_until > clock_timestamp()";
            let select = sqlx::query_scalar(select).bind(ledger).bind(id.clone());
            async move { Ok(select.fetch_optional(db).await?) }.boxed()
        });
        read.await
    }
}

async fn import(
    db: &mut PgConnection,
    ledger: i64,
    rows: &[(usize, &Row)],
) -> std::result::Result<Vec<RowError>, TransactionError> {
    // Machines that start at the same time import one after the other.
    let lock = "SELECT 1 FROM viseme.ledgers WHERE id = $1 FOR NO KEY UPDATE";
    sqlx::query(lock).bind(ledger).execute(&mut *db).await?;
    let ids: Vec<&str> = rows.iter().map(|(_, row)| row.id.as_str()).collect();
    let select = "SELECT items.id, items.digest, EXISTS (
                      SELECT 1 FROM viseme.submits
                      WHERE ledger_id = $1 AND key = items.id AND state <> 'refused')
                  FROM viseme.batch_items AS items WHERE ledger_id = $1 AND id = ANY ($2)";
    let known: Vec<(String, String, bool)> =
        sqlx::query_as(select).bind(ledger).bind(&ids).fetch_all(&mut *db).await?;
    let known: HashMap<String, (String, bool)> =
        known.into_iter().map(|(id, digest, is_used)| (id, (digest, is_used))).collect();
    let mut changed = Vec::new();
    let (mut ids, mut numbers, mut positions, mut digests) = (vec![], vec![], vec![], vec![]);
    for (number, row) in rows {
        let digest = row.digest();
        if known.get(&row.id).is_some_and(|(known, is_used)| *is_used && *known != digest) {
            changed.push(changed_row(row));
            continue;
        }
        ids.push(row.id.as_str());
        numbers.push(i64::try_from(*number).unwrap_or(i64::MAX));
        positions.push(row.position.as_str());
        digests.push(digest);
    }
    let upsert = "
        INSERT INTO viseme.batch_items AS items (ledger_id, id, number, position, digest, state)
        SELECT $1, id, number, position, digest, 'planned'
        FROM unnest($2::TEXT[], $3::BIGINT[], $4::TEXT[], $5::TEXT[])
            AS rows (id, number, position, digest)
        ON CONFLICT (ledger_id, id) DO UPDATE
        SET number = excluded.number, position = excluded.position, digest = excluded.digest,
            state = CASE WHEN items.digest = excluded.digest THEN items.state ELSE 'planned' END,
            same_as = CASE WHEN items.digest = excluded.digest THEN items.same_as END,
            error_code = CASE WHEN items.digest = excluded.digest THEN items.error_code END,
            error = CASE WHEN items.digest = excluded.digest THEN items.error END,
            outputs = CASE WHEN items.digest = excluded.digest THEN items.outputs ELSE '[]' END
        WHERE (items.number, items.position, items.digest)
            IS DISTINCT FROM (excluded.number, excluded.position, excluded.digest)";
    let upsert = sqlx::query(upsert).bind(ledger).bind(ids).bind(numbers);
    upsert.bind(positions).bind(digests).execute(db).await?;
    Ok(changed)
}

fn item(row: &PgRow) -> Result<Item> {
    read_item(row).map_err(|error| {
        LedgerError::new(format!("A row of the batch is damaged: {error}.")).with_source(error)
    })
}

fn read_item(row: &PgRow) -> std::result::Result<Item, sqlx::Error> {
    let (stored, submit): (String, Option<String>) = (row.try_get(3)?, row.try_get(11)?);
    let outputs: String = row.try_get(8)?;
    let outputs: Vec<PathBuf> = serde_json::from_str(&outputs).unwrap_or_default();
    let price: Option<i64> = row.try_get(9)?;
    let sent_at: Option<i64> = row.try_get(12)?;
    let number = |column| Ok::<_, sqlx::Error>(u32::try_from(row.try_get::<i64, _>(column)?));
    Ok(Item {
        id: row.try_get(0)?,
        row: row.try_get(1)?,
        digest: row.try_get(2)?,
        state: ItemState::of(&stored, submit.as_deref()),
        same_as: row.try_get(4)?,
        job_id: row.try_get(5)?,
        error_code: row.try_get(6)?,
        error: row.try_get(7)?,
        outputs,
        price_micros: price.and_then(|price| u64::try_from(price).ok()),
        allowed_failures: number(10)?.unwrap_or_default(),
        sent_at: sent_at.map(|millis| millis / 1000),
        machine: row.try_get(13)?,
        claims: row.try_get(14)?,
        failures: number(15)?.unwrap_or_default(),
    })
}
