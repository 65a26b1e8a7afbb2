//! The items of a batch in the file of its ledger.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, Row as SqlRow, params};
use viseme::ledger::LedgerError;
use viseme_ledger::{SqliteLedger, ledger_error as failed};

use super::{StoredUpload, changed_row};
use crate::item::{Item, ItemState};
use crate::manifest::{Row, RowError};

/// The version of the tables. The ledger has a version of its own.
const VERSION: i64 = 1;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS batch_format (version INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS items (
    id TEXT PRIMARY KEY,
    number INTEGER NOT NULL,
    position TEXT NOT NULL,
    digest TEXT NOT NULL,
    state TEXT NOT NULL,
    same_as TEXT,
    error_code TEXT,
    error TEXT,
    outputs TEXT NOT NULL DEFAULT '[]',
    allowed_failures INTEGER NOT NULL DEFAULT 0,
    CHECK (state <> 'duplicate' OR same_as IS NOT NULL)
) STRICT;
CREATE INDEX IF NOT EXISTS items_by_digest ON items (digest, number);
CREATE TABLE IF NOT EXISTS uploads (
    sha256 TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
";

/// Each item with the last submit of its id that counts.
const SELECT: &str = "
SELECT items.id, items.position, items.digest, items.state, items.same_as, submits.job_id,
       items.error_code, items.error, items.outputs, submits.price, items.allowed_failures,
       submits.state, submits.sent_at,
       (SELECT count(*) FROM submits WHERE key = items.id AND state = 'ended')
FROM items LEFT JOIN submits ON submits.id =
    (SELECT max(id) FROM submits WHERE key = items.id AND state <> 'refused')";

/// How many rows one transaction imports.
const IMPORT_CHUNK: usize = 5_000;

/// Records the version in a new file, and refuses another one.
fn require_version(db: &Connection) -> Result<(), LedgerError> {
    let insert = "INSERT INTO batch_format SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM batch_format)";
    db.execute(insert, [VERSION]).map_err(failed)?;
    let select = "SELECT version FROM batch_format";
    let version: i64 = db.query_row(select, [], |row| row.get(0)).map_err(failed)?;
    if version == VERSION {
        return Ok(());
    }
    let (age, advice) = if version > VERSION {
        ("a newer", "Update Viseme.")
    } else {
        ("an older", "Use that version until the batch is done.")
    };
    Err(LedgerError::new(format!(
        "The batch was made by {age} version of Viseme: it has version {version}, and this one reads \
         version {VERSION}. {advice}"
    )))
}

/// The items in a file.
#[derive(Clone)]
pub(crate) struct SqliteStore {
    ledger: SqliteLedger,
}

impl SqliteStore {
    /// Opens the tables in the file of a ledger.
    pub(crate) async fn open(ledger: SqliteLedger) -> Result<Self, LedgerError> {
        ledger
            .transaction(|db| {
                db.execute_batch(TABLES).map_err(failed)?;
                require_version(db)
            })
            .await?;
        Ok(Self { ledger })
    }

    /// Adds the rows that are new. Returns an error for each row that has changed although its id was
    /// submitted.
    pub(crate) async fn import(&self, rows: Arc<[Row]>) -> Result<Vec<RowError>, LedgerError> {
        let mut changed = Vec::new();
        let mut start = 0;
        while start < rows.len() {
            let chunk = Arc::clone(&rows);
            let imported = move |db: &Connection| {
                let rows = chunk.iter().enumerate().skip(start).take(IMPORT_CHUNK);
                rows.filter_map(|(number, row)| import(db, number, row).transpose()).collect()
            };
            let errors: Vec<RowError> = self.ledger.transaction(imported).await?;
            changed.extend(errors);
            start += IMPORT_CHUNK;
        }
        Ok(changed)
    }

    /// Returns the items of the file, in the order of their rows.
    pub(crate) async fn items(&self) -> Result<Vec<Item>, LedgerError> {
        let read = |db: &Connection| -> rusqlite::Result<Vec<Item>> {
            let select = format!("{SELECT} ORDER BY items.number");
            let mut statement = db.prepare_cached(&select)?;
            statement.query_map([], item)?.collect()
        };
        self.ledger.transaction(move |db| read(db).map_err(failed)).await
    }

    /// Returns the ids of all items.
    pub(crate) async fn ids(&self) -> Result<HashSet<String>, LedgerError> {
        let read = |db: &Connection| -> rusqlite::Result<HashSet<String>> {
            db.prepare_cached("SELECT id FROM items")?.query_map([], |row| row.get(0))?.collect()
        };
        self.ledger.transaction(move |db| read(db).map_err(failed)).await
    }

    /// Returns one item.
    pub(crate) async fn item(&self, id: &str) -> Result<Option<Item>, LedgerError> {
        let id = id.to_owned();
        let read = move |db: &Connection| {
            let select = format!("{SELECT} WHERE items.id = ?1");
            db.prepare_cached(&select)?.query_row([id], item).optional()
        };
        self.ledger.transaction(move |db| read(db).map_err(failed)).await
    }

    /// Records the state, the error and the outputs of an item.
    pub(crate) async fn update(&self, item: Item) -> Result<(), LedgerError> {
        let outputs = serde_json::json!(item.outputs).to_string();
        self.change(
            "UPDATE items SET state = ?2, same_as = ?3, error_code = ?4, error = ?5, outputs = ?6
             WHERE id = ?1",
            (item.id, item.state.as_str(), item.same_as, item.error_code, item.error, outputs),
        )
        .await
    }

    /// Allows one more submit of an item whose jobs failed.
    pub(crate) async fn allow_retry(&self, item: &Item) -> Result<(), LedgerError> {
        self.change(
            "UPDATE items SET allowed_failures = ?2 WHERE id = ?1",
            (item.id.clone(), item.failures),
        )
        .await
    }

    /// Gives up the open submit of an item.
    pub(crate) async fn give_up(&self, id: &str, reason: &str) -> Result<(), LedgerError> {
        self.ledger.give_up(id, reason).await
    }

    /// Returns the URL of an upload with this content that the service still has at `now`, in seconds
    /// since 1970.
    pub(crate) async fn uploaded(
        &self,
        sha256: &str,
        now: i64,
    ) -> Result<Option<StoredUpload>, LedgerError> {
        let sha256 = sha256.to_owned();
        let read = move |db: &Connection| {
            let select =
                "SELECT url, expires_at FROM uploads WHERE sha256 = ?1 AND expires_at > ?2";
            let upload =
                |row: &SqlRow<'_>| Ok(StoredUpload { url: row.get(0)?, expires_at: row.get(1)? });
            db.prepare_cached(select)?.query_row(params![sha256, now], upload).optional()
        };
        self.ledger.transaction(move |db| read(db).map_err(failed)).await
    }

    /// Records an upload.
    pub(crate) async fn add_upload(
        &self,
        sha256: String,
        upload: StoredUpload,
    ) -> Result<(), LedgerError> {
        self.change(
            "INSERT OR REPLACE INTO uploads (sha256, url, expires_at) VALUES (?1, ?2, ?3)",
            (sha256, upload.url, upload.expires_at),
        )
        .await
    }

    async fn change(
        &self,
        sql: &'static str,
        values: impl rusqlite::Params + Send + 'static,
    ) -> Result<(), LedgerError> {
        self.ledger
            .transaction(move |db| {
                db.prepare_cached(sql)
                    .and_then(|mut statement| statement.execute(values))
                    .map(drop)
                    .map_err(failed)
            })
            .await
    }
}

fn item(row: &SqlRow<'_>) -> rusqlite::Result<Item> {
    let stored: String = row.get(3)?;
    let submit: Option<String> = row.get(11)?;
    let outputs: String = row.get(8)?;
    let outputs: Vec<PathBuf> = serde_json::from_str(&outputs).unwrap_or_default();
    Ok(Item {
        id: row.get(0)?,
        row: row.get(1)?,
        digest: row.get(2)?,
        state: ItemState::of(&stored, submit.as_deref()),
        same_as: row.get(4)?,
        job_id: row.get(5)?,
        error_code: row.get(6)?,
        error: row.get(7)?,
        outputs,
        price_micros: row.get::<_, Option<i64>>(9)?.and_then(|price| u64::try_from(price).ok()),
        allowed_failures: row.get(10)?,
        sent_at: row.get::<_, Option<i64>>(12)?.map(|millis| millis / 1000),
        failures: row.get(13)?,
        machine: None,
        claims: 0,
    })
}

fn import(db: &Connection, number: usize, row: &Row) -> Result<Option<RowError>, LedgerError> {
    let digest = row.digest();
    let known: Option<String> = db
        .prepare_cached("SELECT digest FROM items WHERE id = ?1")
        .and_then(|mut it| it.query_row([&row.id], |row| row.get(0)).optional())
        .map_err(failed)?;
    let number = i64::try_from(number).unwrap_or(i64::MAX);
    let Some(known) = known else {
        let insert = "INSERT INTO items (id, number, position, digest, state)
                      VALUES (?1, ?2, ?3, ?4, 'planned')";
        db.prepare_cached(insert)
            .and_then(|mut it| it.execute(params![row.id, number, row.position, digest]))
            .map_err(failed)?;
        return Ok(None);
    };
    if known != digest && is_used(db, &row.id)? {
        return Ok(Some(changed_row(row)));
    }
    let reset = if known == digest {
        ""
    } else {
        ", state = 'planned', same_as = NULL, error_code = NULL, error = NULL, outputs = '[]'"
    };
    let update =
        format!("UPDATE items SET number = ?2, position = ?3, digest = ?4{reset} WHERE id = ?1");
    db.prepare_cached(&update)
        .and_then(|mut it| it.execute(params![row.id, number, row.position, digest]))
        .map_err(failed)?;
    Ok(None)
}

fn is_used(db: &Connection, id: &str) -> Result<bool, LedgerError> {
    let select = "SELECT EXISTS (SELECT 1 FROM submits WHERE key = ?1 AND state <> 'refused')";
    db.prepare_cached(select)
        .and_then(|mut it| it.query_row([id], |row| row.get(0)))
        .map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tables_of_another_version_are_refused_and_left_as_they_are() {
        for (version, advice) in [(2, "Update Viseme."), (0, "Use that version")] {
            let folder = tempfile::tempdir().unwrap();
            let ledger = SqliteLedger::open(folder.path().join("batch.db")).unwrap();
            SqliteStore::open(ledger.clone()).await.unwrap();
            let change = move |db: &Connection| {
                db.execute("UPDATE batch_format SET version = ?1", [version]).map_err(failed)
            };
            ledger.transaction(change).await.unwrap();
            let error = SqliteStore::open(ledger.clone()).await.err().unwrap().to_string();
            assert!(error.contains(advice), "{error}");
            let kept: i64 = ledger
                .transaction(|db| {
                    let select = "SELECT version FROM batch_format";
                    db.query_row(select, [], |row| row.get(0)).map_err(failed)
                })
                .await
                .unwrap();
            assert_eq!(kept, version);
        }
    }
}
