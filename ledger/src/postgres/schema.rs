//! The tables, and their migrations.

use sqlx::Executor as _;
use sqlx::postgres::PgConnection;
use viseme::ledger::LedgerError;

use super::error::TransactionError;

/// The migrations of a group of tables, in their order. One that was published never changes.
#[derive(Clone, Copy, Debug)]
pub struct Migrations {
    /// The name of the group.
    pub name: &'static str,
    /// The statements of each version.
    pub versions: &'static [&'static str],
}

/// The tables of the ledger itself.
pub(super) const LEDGER: Migrations =
    Migrations { name: "ledger", versions: &[include_str!("0001.sql"), include_str!("0002.sql")] };

/// The lock of all migrations: `VSML` as in the header of an SQLite ledger.
const LOCK: i64 = 0x5653_4d4c;

/// Creates the tables, or brings them to this version. Refuses those of a newer version.
pub(super) async fn migrate(
    db: &mut PgConnection,
    migrations: Migrations,
) -> Result<(), TransactionError> {
    let known = migrations.versions.len();
    let exists = "SELECT to_regclass('viseme.migrations') IS NOT NULL";
    let exists: bool = sqlx::query_scalar(exists).fetch_one(&mut *db).await?;
    if exists && version(db, migrations.name).await? == known {
        return Ok(());
    }
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *db).await?;
    db.execute(
        "CREATE SCHEMA IF NOT EXISTS viseme;
         CREATE TABLE IF NOT EXISTS viseme.migrations (
             name TEXT NOT NULL,
             version BIGINT NOT NULL,
             PRIMARY KEY (name, version)
         )",
    )
    .await?;
    let done = version(db, migrations.name).await?;
    if done > known {
        return Err(LedgerError::new(format!(
            "The ledger was made by a newer version of Viseme: its tables `{}` have version {done}, and \
             this one reads version {known}. Update Viseme.",
            migrations.name
        ))
        .into());
    }
    for (number, statements) in (1_i64..).zip(migrations.versions).skip(done) {
        db.execute(*statements).await?;
        sqlx::query("INSERT INTO viseme.migrations (name, version) VALUES ($1, $2)")
            .bind(migrations.name)
            .bind(number)
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

/// Returns how many migrations of a group were done.
async fn version(db: &mut PgConnection, name: &str) -> Result<usize, TransactionError> {
    let select = "SELECT coalesce(max(version), 0) FROM viseme.migrations WHERE name = $1";
    let version: i64 = sqlx::query_scalar(select).bind(name).fetch_one(db).await?;
    Ok(usize::try_from(version).unwrap_or_default())
}
