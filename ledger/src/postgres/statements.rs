//! What each operation of a ledger does in a transaction. An operation that finds its own changes has the
//! same result as the first time: the response to its commit may be lost.

use sqlx::Row as _;
use sqlx::postgres::{PgConnection, PgRow};
use viseme::Status;
use viseme::ledger::{
    Account, Claim, ClaimRequest, EntryState, LedgerEntry, LedgerError, LedgerKey,
};

use super::error::TransactionError;
use crate::rules::{self, OTHER_JOBS_BEFORE_MS, parse_record};
use crate::submit_row::{SubmitRow, SubmitState};

type Result<T> = std::result::Result<T, TransactionError>;

/// Returns the id of a ledger, which it creates if it is new.
pub(super) async fn ledger_id(db: &mut PgConnection, name: &str) -> Result<i64> {
    let select = "SELECT id FROM viseme.ledgers WHERE name = $1";
    if let Some(id) = sqlx::query_scalar(select).bind(name).fetch_optional(&mut *db).await? {
        return Ok(id);
    }
    let insert = "INSERT INTO viseme.ledgers (name) VALUES ($1) RETURNING id";
    Ok(sqlx::query_scalar(insert).bind(name).fetch_one(db).await?)
}

/// Refuses a ledger of another account, and makes a new ledger one of this account. Lets other claims with
/// a limit of cost wait, if `is_limited`.
async fn check_account(
    db: &mut PgConnection,
    ledger: i64,
    account: &Account,
    is_limited: bool,
) -> Result<()> {
    let select = if is_limited {
        "SELECT base_url, key_digest FROM viseme.ledgers WHERE id = $1 FOR NO KEY UPDATE"
    } else {
        "SELECT base_url, key_digest FROM viseme.ledgers WHERE id = $1"
    };
    let update = "UPDATE viseme.ledgers SET base_url = $2, key_digest = $3
                  WHERE id = $1 AND base_url IS NULL";
    loop {
        let row = sqlx::query(select).bind(ledger).fetch_one(&mut *db).await?;
        if let (Some(url), Some(digest)) =
            (row.try_get::<Option<String>, _>(0)?, row.try_get::<Option<String>, _>(1)?)
        {
            return Ok(rules::require_account(&Account::new(url, digest), account)?);
        }
        let values = sqlx::query(update).bind(ledger);
        values.bind(&account.base_url).bind(&account.key_digest).execute(&mut *db).await?;
    }
}

struct StoredEntry {
    claim_id: String,
    entry: LedgerEntry,
}

async fn last_submit(
    db: &mut PgConnection,
    ledger: i64,
    key: &LedgerKey,
) -> Result<Option<StoredEntry>> {
    let select = "SELECT claim_id, fingerprint, state, record, job_id, status, sent_at, model
                  FROM viseme.submits
                  WHERE ledger_id = $1 AND key = $2 AND state <> 'refused' ORDER BY id DESC LIMIT 1";
    let found = sqlx::query(select).bind(ledger).bind(&*key.key).fetch_optional(&mut *db).await?;
    let Some(row) = found else { return Ok(None) };
    let state: String = row.try_get(2)?;
    let state = match row.try_get::<Option<String>, _>(4)? {
        Some(job_id) => {
            let status: Option<String> = row.try_get(5)?;
            EntryState::Done { job_id, status: status.map(|word| Status::from_word(&word)) }
        }
        None if state == "sent" => EntryState::Sent {
            record: parse_record(row.try_get(3)?)?,
            other_jobs: other_jobs(db, &key.account.base_url, row.try_get(7)?, row.try_get(6)?)
                .await?,
        },
        None => {
            return Err(LedgerError::new(format!("A submit has the state `{state}`.")).into());
        }
    };
    let fingerprint: String = row.try_get(1)?;
    let entry = LedgerEntry::new(fingerprint, state);
    Ok(Some(StoredEntry { claim_id: row.try_get(0)?, entry }))
}

/// Returns the jobs that other submits of the account have, also in its other ledgers.
async fn other_jobs(
    db: &mut PgConnection,
    base_url: &str,
    model: &str,
    sent_at: i64,
) -> Result<Vec<String>> {
    let select = "SELECT job_id FROM viseme.submits
                  WHERE base_url = $1 AND model = $2 AND sent_at >= $3 AND job_id IS NOT NULL";
    let since = sent_at.saturating_sub(OTHER_JOBS_BEFORE_MS);
    let select = sqlx::query_scalar(select).bind(base_url).bind(model).bind(since);
    Ok(select.fetch_all(db).await?)
}

pub(super) async fn find(
    db: &mut PgConnection,
    ledger: i64,
    key: &LedgerKey,
) -> Result<Option<LedgerEntry>> {
    check_account(db, ledger, &key.account, false).await?;
    Ok(last_submit(db, ledger, key).await?.map(|stored| stored.entry))
}

pub(super) async fn claim(
    db: &mut PgConnection,
    ledger: i64,
    claim_id: &str,
    submit: &ClaimRequest,
    cost_limit: Option<u64>,
) -> Result<Claim> {
    check_account(db, ledger, &submit.key.account, cost_limit.is_some()).await?;
    if let Some(stored) = last_submit(db, ledger, &submit.key).await? {
        if stored.claim_id == claim_id {
            return Ok(Claim::Go);
        }
        if !rules::may_retry(&stored.entry, submit) {
            return Ok(Claim::Taken(stored.entry));
        }
    }
    if let Some(limit) = cost_limit {
        rules::require_budget(submit.price, spent(db, ledger).await?, limit)?;
    }
    // A claim of the same key that is faster violates a unique index: then this transaction is repeated.
    let insert = "INSERT INTO viseme.submits
                  (ledger_id, base_url, key, fingerprint, claim_id, state, model, record, sent_at, price)
                  VALUES ($1, $2, $3, $4, $5, 'sent', $6, $7, $8, $9)";
    sqlx::query(insert)
        .bind(ledger)
        .bind(&submit.key.account.base_url)
        .bind(&*submit.key.key)
        .bind(&submit.fingerprint)
        .bind(claim_id)
        .bind(&submit.record.model)
        .bind(rules::record_text(&submit.record)?)
        .bind(rules::millis(&submit.record))
        .bind(submit.price.map(rules::stored_price))
        .execute(db)
        .await?;
    Ok(Claim::Go)
}

/// Returns an error if a job of this price would exceed the limit.
pub(super) async fn check_cost(
    db: &mut PgConnection,
    ledger: i64,
    price: u64,
    limit: u64,
) -> Result<()> {
    Ok(rules::require_budget(Some(price), spent(db, ledger).await?, limit)?)
}

/// Returns what the submits cost that were or may have been accepted.
pub(super) async fn spent(db: &mut PgConnection, ledger: i64) -> Result<u64> {
    let select = "SELECT coalesce(sum(amount), 0)::BIGINT FROM viseme.spent WHERE ledger_id = $1";
    let spent: i64 = sqlx::query_scalar(select).bind(ledger).fetch_one(db).await?;
    Ok(u64::try_from(spent).unwrap_or_default())
}

/// Records the job of the open submit of a key: of the claim `claim_id`, if it is known.
pub(super) async fn accepted(
    db: &mut PgConnection,
    ledger: i64,
    key: &str,
    job_id: &str,
    claim_id: Option<&str>,
) -> Result<()> {
    let other = "SELECT other.key FROM viseme.submits AS other
                 JOIN viseme.ledgers ON ledgers.base_url = other.base_url AND ledgers.id = $1
                 WHERE other.job_id = $2 AND (other.ledger_id, other.key) <> ($1, $3)";
    let other: Option<String> = sqlx::query_scalar(other)
        .bind(ledger)
        .bind(job_id)
        .bind(key)
        .fetch_optional(&mut *db)
        .await?;
    if let Some(other) = other {
        return Err(rules::job_of_another_key(job_id, &other).into());
    }
    let update = "UPDATE viseme.submits SET state = 'accepted', job_id = $3
                  WHERE ledger_id = $1 AND key = $2 AND state = 'sent'
                    AND ($4::TEXT IS NULL OR claim_id = $4)";
    let update = sqlx::query(update).bind(ledger).bind(key).bind(job_id).bind(claim_id);
    if update.execute(&mut *db).await?.rows_affected() > 0 {
        return Ok(());
    }
    let state = "SELECT state FROM viseme.submits WHERE claim_id = $1";
    let state: Option<String> = sqlx::query_scalar(state).bind(claim_id).fetch_optional(db).await?;
    if state.is_some_and(|state| state == "refused") {
        let message = format!(
            "The submit of the key `{key}` was given up before its job {job_id} was known. The job is \
             paid for: adopt it, or it is lost."
        );
        return Err(LedgerError::new(message).into());
    }
    Ok(())
}

/// Records the job that the user found.
pub(super) async fn adopt(
    db: &mut PgConnection,
    ledger: i64,
    key: &str,
    job_id: &str,
) -> Result<()> {
    match last_of_key(db, ledger, key).await? {
        Some((state, _)) if state == "sent" => accepted(db, ledger, key, job_id, None).await,
        Some((_, Some(known))) if known == job_id => Ok(()),
        last => Err(rules::not_open(key, last.map(|(_, job)| job)).into()),
    }
}

/// Gives up the open submit of a key. `is_repeated` if an earlier attempt may have done it.
pub(super) async fn give_up(
    db: &mut PgConnection,
    ledger: i64,
    key: &str,
    reason: &str,
    is_repeated: bool,
) -> Result<()> {
    match last_of_key(db, ledger, key).await? {
        Some((state, _)) if state == "sent" => refused(db, ledger, key, reason, None).await,
        Some((state, None)) if state == "refused" && is_repeated => Ok(()),
        last => Err(rules::not_open(key, last.map(|(_, job)| job)).into()),
    }
}

async fn last_of_key(
    db: &mut PgConnection,
    ledger: i64,
    key: &str,
) -> Result<Option<(String, Option<String>)>> {
    let select = "SELECT state, job_id FROM viseme.submits
                  WHERE ledger_id = $1 AND key = $2 ORDER BY id DESC LIMIT 1 FOR UPDATE";
    Ok(sqlx::query_as(select).bind(ledger).bind(key).fetch_optional(db).await?)
}

/// Records that the service certainly did not accept the open submit of a key: the claim `claim_id`, if it
/// is known.
pub(super) async fn refused(
    db: &mut PgConnection,
    ledger: i64,
    key: &str,
    reason: &str,
    claim_id: Option<&str>,
) -> Result<()> {
    let update = "UPDATE viseme.submits SET state = 'refused', reason = $3
                  WHERE ledger_id = $1 AND key = $2 AND state = 'sent'
                    AND ($4::TEXT IS NULL OR claim_id = $4)";
    let update = sqlx::query(update).bind(ledger).bind(key).bind(text(reason)).bind(claim_id);
    update.execute(db).await?;
    Ok(())
}

pub(super) async fn settled(
    db: &mut PgConnection,
    ledger: i64,
    key: &str,
    status: &Status,
) -> Result<()> {
    let Some(state) = rules::end_state(status) else { return Ok(()) };
    let update = "UPDATE viseme.submits SET state = $3, status = $4
                  WHERE ledger_id = $1 AND key = $2 AND state = 'accepted'";
    let update = sqlx::query(update).bind(ledger).bind(key).bind(state).bind(status.as_str());
    update.execute(db).await?;
    Ok(())
}

pub(super) async fn replace_api_key(
    db: &mut PgConnection,
    ledger: i64,
    account: &Account,
) -> Result<()> {
    let update = "UPDATE viseme.ledgers SET key_digest = $3 WHERE id = $1 AND base_url = $2";
    let update = sqlx::query(update).bind(ledger).bind(&account.base_url).bind(&account.key_digest);
    update.execute(db).await?;
    Ok(())
}

pub(super) async fn set_price(
    db: &mut PgConnection,
    ledger: i64,
    key: &str,
    price: u64,
) -> Result<()> {
    let update = "UPDATE viseme.submits SET price = $3
                  WHERE ledger_id = $1 AND key = $2 AND price IS NULL";
    let update = sqlx::query(update).bind(ledger).bind(key).bind(rules::stored_price(price));
    update.execute(db).await?;
    Ok(())
}

pub(super) async fn submits(
    db: &mut PgConnection,
    ledger: i64,
    only_without_price: bool,
) -> Result<Vec<SubmitRow>> {
    let select = "SELECT key, state, record, job_id, status, reason, price FROM viseme.submits
                  WHERE ledger_id = $1 AND (NOT $2 OR (price IS NULL AND state <> 'refused'))
                  ORDER BY id";
    let rows = sqlx::query(select).bind(ledger).bind(only_without_price).fetch_all(db).await?;
    rows.iter().map(submit_row).collect()
}

fn submit_row(row: &PgRow) -> Result<SubmitRow> {
    let key: String = row.try_get(0)?;
    let state = SubmitState::from_word(row.try_get(1)?)
        .ok_or_else(|| LedgerError::new(format!("The submit of `{key}` has an unknown state.")))?;
    let price: Option<i64> = row.try_get(6)?;
    Ok(SubmitRow {
        key,
        state,
        record: parse_record(row.try_get(2)?)?,
        job_id: row.try_get(3)?,
        status: row.try_get(4)?,
        reason: row.try_get(5)?,
        price: price.and_then(|price| u64::try_from(price).ok()),
    })
}

/// Returns a text as PostgreSQL stores it: without NUL.
fn text(text: &str) -> String {
    text.replace('\0', "")
}
