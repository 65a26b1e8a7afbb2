//! The submits of a ledger.

use serde::{Deserialize, Serialize};

use super::SubmitRecordData;

/// A submit in the ledger.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LedgerSubmit {
    /// The key.
    pub key: String,
    /// The state.
    pub state: LedgerState,
    /// What was submitted and when.
    pub record: SubmitRecordData,
    /// The job's id, if the service accepted the submit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_id: Option<String>,
    /// The last status of the job, if it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<super::words::Status>"))]
    pub status: Option<String>,
    /// Why the submit was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The price of the job in USD, if it was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<f64>,
}

/// The state of a submit in the ledger: `sent` (its outcome is unknown), `accepted` (it has a job),
/// `completed`, `ended` (the job has no result), or `refused` (there is no job, and the key is free).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the type describes them")]
pub enum LedgerState {
    Sent,
    Accepted,
    Completed,
    Ended,
    Refused,
}

#[cfg(feature = "ledger")]
impl From<viseme_ledger::SubmitRow> for LedgerSubmit {
    fn from(row: viseme_ledger::SubmitRow) -> Self {
        use viseme_ledger::SubmitState;

        Self {
            state: match row.state {
                SubmitState::Accepted => LedgerState::Accepted,
                SubmitState::Completed => LedgerState::Completed,
                SubmitState::Ended => LedgerState::Ended,
                SubmitState::Refused => LedgerState::Refused,
                // A state of a later version is not decided here.
                _ => LedgerState::Sent,
            },
            record: SubmitRecordData::from(&row.record),
            key: row.key,
            job_id: row.job_id,
            status: row.status,
            reason: row.reason,
            price: row.price.map(|micros| micros as f64 / 1e6),
        }
    }
}
