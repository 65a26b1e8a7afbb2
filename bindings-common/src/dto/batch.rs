//! Batches: their rows, their options and their results.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The rows of a batch.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum BatchManifest {
    /// The path of a CSV or JSON Lines file, or of a folder.
    Path(String),
    /// The rows: the values of their columns.
    Rows(Vec<Map<String, Value>>),
}

/// Options of `batch`.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct BatchOptions {
    /// What all jobs of the batch together may cost in USD. Default: no limit.
    #[cfg_attr(test, schemars(range(min = 0.0)))]
    pub max_cost: Option<f64>,
    /// How many rows run at the same time. Default: 10.
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub limit: Option<u32>,
    /// Submits the first rows only, so that you can look at their results. Default: all.
    pub pilot: Option<u32>,
    /// How often a row is submitted again after its job failed. Each submit is paid for. Default: 0.
    pub retry_failed: Option<u32>,
    /// What happens to a submit whose response was lost and whose job is not found: `keep` (the next
    /// run searches again), `stop` (nothing more is submitted) or a time such as `resubmit-after=24h`.
    /// Default: `keep`.
    pub on_unknown: Option<String>,
    /// Pays for each of several equal rows. Default: false, they share one job.
    pub repeat: Option<bool>,
    /// Treats warnings of the check as errors. Default: false.
    pub strict: Option<bool>,
    /// A URL that the service calls when a job has completed or failed.
    pub webhook: Option<String>,
}

/// A row of a batch and its result.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct BatchItem {
    /// The id of the row.
    pub id: String,
    /// Where the row stands, such as `jobs.csv:17`.
    pub row: String,
    /// The state.
    #[cfg_attr(test, schemars(with = "super::words::ItemState"))]
    pub state: String,
    /// The paths of the saved outputs.
    pub outputs: Vec<String>,
    /// The job's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_id: Option<String>,
    /// What the job costs in USD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<f64>,
    /// The stable code of the error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// What is wrong and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The id of an earlier row with an equal input, whose result this row gets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub same_as: Option<String>,
    /// How many jobs of the row ended without a result.
    pub failures: u32,
    /// When the submit was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(extend("format" = "unix-ms")))]
    pub sent_at: Option<f64>,
}

/// The event with which the run of a batch starts.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BatchStart {
    /// How many rows the run works on.
    pub total: u64,
}

/// The last message of a run of a batch.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct BatchEnd {
    /// Why the run submitted nothing more; absent if it did not stop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_reason: Option<BatchStopReason>,
}

/// Why the run of a batch submitted nothing more.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BatchStopReason {
    /// The stable code of an error, or "cost_limit".
    pub code: String,
    /// What happened and what to do.
    pub message: String,
}

/// How many rows of a batch are in each state, and what their jobs cost.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BatchSummary {
    /// The number of rows.
    pub total: u64,
    /// The states that occur, and how many rows are in each.
    pub states: BTreeMap<String, u64>,
    /// What the jobs cost in USD: each whose submit was or may have been accepted.
    pub spent: f64,
}

#[cfg(feature = "batch")]
mod from_batch {
    use viseme_batch::{Item, Row};

    use super::BatchItem;

    impl BatchItem {
        /// Returns the item of a row that was never run.
        pub(crate) fn planned(row: &Row) -> Self {
            Self {
                id: row.id.clone(),
                row: row.position.clone(),
                state: viseme_batch::ItemState::Planned.to_string(),
                outputs: Vec::new(),
                job_id: None,
                price: None,
                error_code: None,
                error: None,
                same_as: None,
                failures: 0,
                sent_at: None,
            }
        }
    }

    impl From<Item> for BatchItem {
        fn from(item: Item) -> Self {
            let outputs = item.outputs.iter().map(|path| path.to_string_lossy().into_owned());
            Self {
                outputs: outputs.collect(),
                id: item.id,
                row: item.row,
                state: item.state.to_string(),
                job_id: item.job_id,
                price: item.price_micros.map(|micros| micros as f64 / 1e6),
                error_code: item.error_code,
                error: item.error,
                same_as: item.same_as,
                failures: item.failures,
                sent_at: item.sent_at.map(|second| second as f64 * 1000.0),
            }
        }
    }
}
