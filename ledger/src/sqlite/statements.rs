//! What each operation of a ledger does in a transaction.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use viseme::Status;
use viseme::ledger::{
    Account, Claim, ClaimRequest, EntryState, LedgerEntry, LedgerError, LedgerKey,
};

use super::error::ledger_error as failed;
use crate::rules::{self, OTHER_JOBS_BEFORE_MS, parse_record};
use crate::submit_row::{SubmitRow, SubmitState};

/// Refuses a ledger of another account, and makes a new ledger one of this account.
pub(crate) fn check_account(db: &Connection, account: &Account) -> Result<(), LedgerError> {
    let insert = "INSERT OR IGNORE INTO account (id, base_url, key_digest) VALUES (1, ?1, ?2)";
    db.prepare_cached(insert)
        .and_then(|mut it| it.execute(params![account.base_url, account.key_digest]))
        .map_err(failed)?;
    let stored = db
        .prepare_cached("SELECT base_url, key_digest FROM account")
        .and_then(|mut it| {
            it.query_row([], |row| {
                Ok(Account::new(row.get::<_, String>(0)?, row.get::<_, String>(1)?))
            })
        })
        .map_err(failed)?;
    rules::require_account(&stored, account)
}

pub(crate) fn find(db: &Connection, key: &LedgerKey) -> Result<Option<LedgerEntry>, LedgerError> {
    check_account(db, &key.account)?;
    let sql = "SELECT fingerprint, state, record, job_id, status, sent_at, model FROM submits
               WHERE key = ?1 AND state <> 'refused' ORDER BY id DESC LIMIT 1";
    let found = db
        .prepare_cached(sql)
        .and_then(|mut it| it.query_row([&*key.key], stored_entry).optional())
        .map_err(failed)?;
    found.map(|stored| entry(db, stored)).transpose()
}

struct StoredEntry {
    fingerprint: String,
    state: String,
    record: String,
    job_id: Option<String>,
    status: Option<String>,
    sent_at: i64,
    model: String,
}

fn stored_entry(row: &Row<'_>) -> rusqlite::Result<StoredEntry> {
    Ok(StoredEntry {
        fingerprint: row.get(0)?,
        state: row.get(1)?,
        record: row.get(2)?,
        job_id: row.get(3)?,
        status: row.get(4)?,
        sent_at: row.get(5)?,
        model: row.get(6)?,
    })
}

fn entry(db: &Connection, stored: StoredEntry) -> Result<LedgerEntry, LedgerError> {
    let state = match stored.job_id {
        Some(job_id) => {
            EntryState::Done { job_id, status: stored.status.map(|word| Status::from_word(&word)) }
        }
        None if stored.state == "sent" => EntryState::Sent {
            record: parse_record(&stored.record)?,
            other_jobs: other_jobs(db, &stored.model, stored.sent_at).map_err(failed)?,
        },
        None => {
            return Err(LedgerError::new(format!("A submit has the state `{}`.", stored.state)));
        }
    };
    Ok(LedgerEntry::new(stored.fingerprint, state))
}

fn other_jobs(db: &Connection, model: &str, sent_at: i64) -> rusqlite::Result<Vec<String>> {
    let sql =
        "SELECT job_id FROM submits WHERE sent_at >= ?1 AND model = ?2 AND job_id IS NOT NULL";
    let mut statement = db.prepare_cached(sql)?;
    let since = sent_at.saturating_sub(OTHER_JOBS_BEFORE_MS);
    statement.query_map(params![since, model], |row| row.get(0))?.collect()
}

pub(crate) fn claim(
    db: &Connection,
    submit: &ClaimRequest,
    cost_limit: Option<u64>,
) -> Result<Claim, LedgerError> {
    if let Some(entry) = find(db, &submit.key)?
        && !rules::may_retry(&entry, submit)
    {
        return Ok(Claim::Taken(entry));
    }
    if let Some(limit) = cost_limit {
        check_cost(db, submit.price, limit)?;
    }
    let record = rules::record_text(&submit.record)?;
    let sent_at = rules::millis(&submit.record);
    let price = submit.price.map(rules::stored_price);
    let insert = "INSERT INTO submits (key, fingerprint, state, model, record, sent_at, price)
                  VALUES (?1, ?2, 'sent', ?3, ?4, ?5, ?6)";
    db.prepare_cached(insert)
        .and_then(|mut it| {
            it.execute(params![
                &*submit.key.key,
                submit.fingerprint,
                submit.record.model,
                record,
                sent_at,
                price
            ])
        })
        .map_err(failed)?;
    Ok(Claim::Go)
}

/// Returns an error if a job of this price would exceed the limit.
pub(crate) fn check_cost(
    db: &Connection,
    price: Option<u64>,
    limit: u64,
) -> Result<(), LedgerError> {
    rules::require_budget(price, spent(db)?, limit)
}

/// Returns what the submits cost that were or may have been accepted.
pub(crate) fn spent(db: &Connection) -> Result<u64, LedgerError> {
    let sql = "SELECT coalesce(sum(price), 0) FROM submits WHERE state <> 'refused'";
    let spent: i64 = db
        .prepare_cached(sql)
        .and_then(|mut it| it.query_row([], |row| row.get(0)))
        .map_err(failed)?;
    Ok(u64::try_from(spent).unwrap_or_default())
}

pub(crate) fn accepted(db: &Connection, key: &LedgerKey, job_id: &str) -> Result<(), LedgerError> {
    adopt(db, &key.key, job_id)
}

pub(crate) fn adopt(db: &Connection, key: &str, job_id: &str) -> Result<(), LedgerError> {
    let other = "SELECT key FROM submits WHERE job_id = ?1 AND key <> ?2";
    let other: Option<String> = db
        .prepare_cached(other)
        .and_then(|mut it| it.query_row(params![job_id, key], |row| row.get(0)).optional())
        .map_err(failed)?;
    if let Some(other) = other {
        return Err(rules::job_of_another_key(job_id, &other));
    }
    let update =
        "UPDATE submits SET state = 'accepted', job_id = ?2 WHERE key = ?1 AND state = 'sent'";
    change(db, update, params![key, job_id])
}

pub(crate) fn refused(db: &Connection, key: &LedgerKey, reason: &str) -> Result<(), LedgerError> {
    give_up(db, &key.key, reason)
}

pub(crate) fn give_up(db: &Connection, key: &str, reason: &str) -> Result<(), LedgerError> {
    let update =
        "UPDATE submits SET state = 'refused', reason = ?2 WHERE key = ?1 AND state = 'sent'";
    change(db, update, params![key, reason])
}

/// Refuses a key whose last submit has a known outcome.
pub(crate) fn require_open(db: &Connection, key: &str) -> Result<(), LedgerError> {
    let last = db
        .prepare_cached("SELECT state, job_id FROM submits WHERE key = ?1 ORDER BY id DESC LIMIT 1")
        .and_then(|mut it| {
            let columns = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
            it.query_row([key], columns).optional()
        })
        .map_err(failed)?;
    let known: Option<(String, Option<String>)> = last;
    match known {
        Some((state, _)) if state == "sent" => Ok(()),
        last => Err(rules::not_open(key, last.map(|(_, job_id)| job_id))),
    }
}

pub(crate) fn settled(
    db: &Connection,
    key: &LedgerKey,
    status: &Status,
) -> Result<(), LedgerError> {
    let Some(state) = rules::end_state(status) else { return Ok(()) };
    let update = "UPDATE submits SET state = ?2, status = ?3 WHERE key = ?1 AND state = 'accepted'";
    change(db, update, params![&*key.key, state, status.as_str()])
}

fn change(db: &Connection, sql: &str, values: impl rusqlite::Params) -> Result<(), LedgerError> {
    db.prepare_cached(sql).and_then(|mut it| it.execute(values)).map(drop).map_err(failed)
}

pub(crate) fn replace_api_key(db: &Connection, account: &Account) -> Result<(), LedgerError> {
    let update = "UPDATE account SET key_digest = ?2 WHERE base_url = ?1";
    change(db, update, params![account.base_url, account.key_digest])
}

pub(crate) fn submits(db: &Connection) -> Result<Vec<SubmitRow>, LedgerError> {
    submits_where(db, "true")
}

pub(crate) fn submits_without_price(db: &Connection) -> Result<Vec<SubmitRow>, LedgerError> {
    submits_where(db, "price IS NULL AND state <> 'refused'")
}

pub(crate) fn set_price(db: &Connection, key: &str, price: u64) -> Result<(), LedgerError> {
    let price = rules::stored_price(price);
    let update = "UPDATE submits SET price = ?2 WHERE key = ?1 AND price IS NULL";
    change(db, update, params![key, price])
}

fn submits_where(db: &Connection, condition: &str) -> Result<Vec<SubmitRow>, LedgerError> {
    let sql = format!(
        "SELECT key, state, record, job_id, status, reason, price FROM submits WHERE {condition}
         ORDER BY id"
    );
    let mut statement = db.prepare_cached(&sql).map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let mut submits = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        submits.push(submit_row(row)?);
    }
    Ok(submits)
}

fn submit_row(row: &Row<'_>) -> Result<SubmitRow, LedgerError> {
    let text = |column| row.get::<_, Option<String>>(column).map_err(failed);
    let key = text(0)?.unwrap_or_default();
    let state = SubmitState::from_word(&text(1)?.unwrap_or_default())
        .ok_or_else(|| LedgerError::new(format!("The submit of `{key}` has an unknown state.")))?;
    Ok(SubmitRow {
        key,
        state,
        record: parse_record(&text(2)?.unwrap_or_default())?,
        job_id: text(3)?,
        status: text(4)?,
        reason: text(5)?,
        price: row.get::<_, Option<i64>>(6).map_err(failed)?.and_then(|it| u64::try_from(it).ok()),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic fails the test")]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 60 * 60 * 1000;

    fn database(submits: &[(&str, &str, i64)]) -> Connection {
        let db = Connection::open_in_memory().unwrap();
        db.execute("CREATE TABLE submits (job_id TEXT, model TEXT, sent_at INTEGER)", []).unwrap();
        for submit in submits {
            let sql = "INSERT INTO submits (job_id, model, sent_at) VALUES (?1, ?2, ?3)";
            db.execute(sql, params![submit.0, submit.1, submit.2]).unwrap();
        }
        db
    }

    #[test]
    fn other_jobs_are_those_of_the_model_since_a_day_and_a_time_zone_before() {
        let sent_at = 1_000 * HOUR_MS;
        let db = database(&[
            ("later", "m", sent_at + HOUR_MS),
            ("in time", "m", sent_at - 26 * HOUR_MS),
            ("too early", "m", sent_at - 26 * HOUR_MS - 1),
            ("other model", "n", sent_at),
        ]);
        assert_eq!(other_jobs(&db, "m", sent_at).unwrap(), ["later", "in time"]);
    }

    #[test]
    fn an_entry_with_an_unknown_state_is_an_error_that_names_it() {
        let stored = StoredEntry {
            fingerprint: String::new(),
            state: "odd".to_owned(),
            record: "{}".to_owned(),
            job_id: None,
            status: None,
            sent_at: 0,
            model: "m".to_owned(),
        };
        let error = entry(&database(&[]), stored).unwrap_err();
        assert!(error.to_string().contains("the state `odd`"), "{error}");
    }
}
