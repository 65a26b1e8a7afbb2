//! The tables, and what a file must be to be a ledger.

use std::cmp::Ordering;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use viseme::ledger::LedgerError;

use super::error;

/// The id in the header of the file: `VSML`.
const APPLICATION_ID: i64 = 0x5653_4d4c;
/// The version of the tables.
const VERSION: i64 = 1;
/// How long a process waits for another one that is writing.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// The rules that no mistake in the code can break: one open submit a key, one key a job, one job in
/// progress or completed a key.
const TABLES: &str = "
CREATE TABLE account (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    base_url TEXT NOT NULL,
    key_digest TEXT NOT NULL
) STRICT;

CREATE TABLE submits (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('sent', 'accepted', 'completed', 'ended', 'refused')),
    model TEXT NOT NULL,
    record TEXT NOT NULL,
    sent_at INTEGER NOT NULL,
    job_id TEXT UNIQUE,
    status TEXT,
    reason TEXT,
    price INTEGER CHECK (price >= 0),
    CHECK ((job_id IS NOT NULL) = (state IN ('accepted', 'completed', 'ended')))
) STRICT;

CREATE UNIQUE INDEX one_submit_a_key ON submits (key) WHERE state IN ('sent', 'accepted', 'completed');
CREATE INDEX submits_of_a_key ON submits (key, id);
CREATE INDEX submits_by_time ON submits (sent_at);
";

/// Opens the file, and creates the tables if it is new.
pub(crate) fn open(path: &Path) -> Result<Connection, LedgerError> {
    create_private(path)?;
    open_as(path, true)
}

/// Opens a file that has tables.
pub(crate) fn open_existing(path: &Path) -> Result<Connection, LedgerError> {
    if path.exists() { open_as(path, false) } else { Err(lost(path, "gone")) }
}

fn open_as(path: &Path, may_be_new: bool) -> Result<Connection, LedgerError> {
    // Without SQLITE_OPEN_URI, a name such as `file:x?mode=memory` is only a name.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(path, flags).map_err(|error| unusable(path, error))?;
    set_up(&connection, path, may_be_new).map_err(|error| match error {
        SetUpError::Sqlite(error) => unusable(path, error),
        SetUpError::Refused(message) => LedgerError::new(message),
        SetUpError::Empty => lost(path, "empty"),
    })?;
    Ok(connection)
}

/// Creates the file so that only its owner can read it: the inputs contain URLs of private media.
fn create_private(path: &Path) -> Result<(), LedgerError> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(|error| {
        let message = format!(
            "The ledger {} cannot be opened: {error}. Name a file in a folder that can be written to.",
            path.display()
        );
        LedgerError::new(message).with_source(error)
    })
}

enum SetUpError {
    Sqlite(rusqlite::Error),
    Refused(String),
    /// The file has no tables, and must have them.
    Empty,
}

impl From<rusqlite::Error> for SetUpError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

fn set_up(connection: &Connection, path: &Path, may_be_new: bool) -> Result<(), SetUpError> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        let message = format!(
            "The ledger {} cannot use a write-ahead log, as on some network drives. Name a file on a \
             local disk.",
            path.display()
        );
        return Err(SetUpError::Refused(message));
    }
    connection.execute_batch(
        "PRAGMA synchronous = FULL;
         PRAGMA fullfsync = ON;
         PRAGMA checkpoint_fullfsync = ON;
         PRAGMA foreign_keys = ON;",
    )?;
    connection.execute_batch("BEGIN IMMEDIATE")?;
    match create_or_check(connection, path, may_be_new) {
        Ok(()) => Ok(connection.execute_batch("COMMIT")?),
        Err(error) => {
            connection.execute_batch("ROLLBACK")?;
            Err(error)
        }
    }
}

fn create_or_check(
    connection: &Connection,
    path: &Path,
    may_be_new: bool,
) -> Result<(), SetUpError> {
    let pragma = |name: &str| -> rusqlite::Result<i64> {
        connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))
    };
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables == 0 && !may_be_new {
        return Err(SetUpError::Empty);
    }
    if tables == 0 {
        connection.execute_batch(TABLES)?;
        connection.execute_batch(&format!(
            "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};"
        ))?;
        return Ok(());
    }
    let path = path.display();
    if pragma("application_id")? != APPLICATION_ID {
        let message =
            format!("{path} is a database of another program, not a ledger. Name another file.");
        return Err(SetUpError::Refused(message));
    }
    let version = pragma("user_version")?;
    let message = match version.cmp(&VERSION) {
        Ordering::Equal => return Ok(()),
        Ordering::Greater => format!(
            "The ledger {path} was made by a newer version of Viseme: it has version {version}, and \
             this one reads version {VERSION}. Update Viseme."
        ),
        Ordering::Less => format!(
            "The ledger {path} was made by an older version of Viseme: it has version {version}, and \
             this one reads version {VERSION}. Use that version until all its jobs have ended."
        ),
    };
    Err(SetUpError::Refused(message))
}

fn lost(path: &Path, what: &str) -> LedgerError {
    LedgerError::new(format!(
        "The ledger {} is {what}, although it was used before. Restore it from a backup: a new ledger does \
         not know which submits were paid for. For new work, name another place.",
        path.display()
    ))
}

fn unusable(path: &Path, error: rusqlite::Error) -> LedgerError {
    let path = path.display();
    if error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) {
        let message = format!("{path} is not a ledger. Name another file.");
        return LedgerError::new(message).with_source(error);
    }
    error::named(&format!("The ledger {path}"), error)
}
