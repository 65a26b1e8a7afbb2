//! The rules that hold for a ledger in any database, and how a record is stored in it.

use jiff::Timestamp;
use viseme::ledger::{Account, ClaimRequest, EntryState, LedgerEntry, LedgerError};
use viseme::{Status, SubmitRecord};

use crate::dollars::dollars;

/// Job ids of other submits are read from this long before a submit, in milliseconds: its job cannot be
/// older, even if a clock was wrong by a time zone.
pub(crate) const OTHER_JOBS_BEFORE_MS: i64 = 26 * 60 * 60 * 1000;

/// Returns an error if the ledger belongs to another account.
pub(crate) fn require_account(stored: &Account, account: &Account) -> Result<(), LedgerError> {
    if stored.base_url != account.base_url {
        return Err(LedgerError::new(format!(
            "The ledger belongs to the base URL {}, and the client has {}. Use one ledger for each.",
            stored.base_url, account.base_url
        )));
    }
    if stored.key_digest != account.key_digest {
        return Err(LedgerError::new(
            "The ledger belongs to another API key. Use one ledger for each account. If this is a new \
             key of the same account, call `replace_api_key` of the ledger once (in Node, \
             `replaceApiKey`).",
        ));
    }
    Ok(())
}

/// Returns whether the submit is allowed although the key has a job.
pub(crate) fn may_retry(entry: &LedgerEntry, submit: &ClaimRequest) -> bool {
    submit.retry_failed
        && entry.fingerprint == submit.fingerprint
        && matches!(&entry.state, EntryState::Done { status: Some(status), .. }
            if status.is_terminal() && *status != Status::Completed)
}

/// Returns an error if a job of this price would exceed the limit after `spent`.
pub(crate) fn require_budget(
    price: Option<u64>,
    spent: u64,
    limit: u64,
) -> Result<(), LedgerError> {
    let Some(price) = price else {
        return Err(LedgerError::cost_limit(
            "The price of the job is unknown, and there is a limit of cost. Set the price.",
        ));
    };
    if spent.saturating_add(price) <= limit {
        return Ok(());
    }
    Err(LedgerError::cost_limit(format!(
        "The job costs ${}, and of the limit of ${} only ${} is left.",
        dollars(price),
        dollars(limit),
        dollars(limit.saturating_sub(spent))
    )))
}

/// Returns the state in which a job ends, or `None` if it has not ended.
pub(crate) fn end_state(status: &Status) -> Option<&'static str> {
    status.is_terminal().then_some(if *status == Status::Completed { "completed" } else { "ended" })
}

/// Returns the error of a decision about a key whose last submit is not open: its state and its job.
pub(crate) fn not_open(key: &str, last: Option<Option<String>>) -> LedgerError {
    LedgerError::new(match last {
        Some(Some(job_id)) => {
            format!("The submit of the key `{key}` is not open: its job is {job_id}.")
        }
        Some(None) => format!(
            "The submit of the key `{key}` is not open: it was refused or given up. The key is free."
        ),
        None => format!("The ledger has no submit with the key `{key}`."),
    })
}

/// Returns the error of a job that another key has.
pub(crate) fn job_of_another_key(job_id: &str, key: &str) -> LedgerError {
    LedgerError::new(format!("The job {job_id} belongs to the key `{key}`."))
}

/// Returns the record as it is stored.
pub(crate) fn record_text(record: &SubmitRecord) -> Result<String, LedgerError> {
    serde_json::to_string(record).map_err(|error| {
        LedgerError::new(format!("The record of the submit cannot be written: {error}."))
    })
}

/// Reads a stored record.
pub(crate) fn parse_record(text: &str) -> Result<SubmitRecord, LedgerError> {
    serde_json::from_str(text)
        .map_err(|error| LedgerError::new(format!("A record in the ledger is damaged: {error}.")))
}

/// Returns the time of the record in milliseconds since 1970.
pub(crate) fn millis(record: &SubmitRecord) -> i64 {
    Timestamp::try_from(record.sent_at).map_or(0, Timestamp::as_millisecond)
}

/// Returns an amount as databases store it.
pub(crate) fn stored_price(price: u64) -> i64 {
    i64::try_from(price).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use serde_json::json;

    use super::*;

    #[test]
    fn a_time_is_stored_in_milliseconds_since_1970() {
        let sent_at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_770_000_000_123);
        assert_eq!(millis(&SubmitRecord::new("model", json!({}), sent_at)), 1_770_000_000_123);
    }
}
