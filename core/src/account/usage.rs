//! What was used and spent in a while.

use serde::Serialize;
use serde_json::{Map, Value};

/// What was used and spent in a while. What the service leaves out is `None` or empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Usage {
    /// All of it, in dollars.
    pub cost: Option<f64>,
    /// How many runs were asked for.
    pub requests: Option<u64>,
    /// How many of them succeeded.
    pub succeeded: Option<u64>,
    /// By model.
    pub models: Vec<ModelUsage>,
    /// By day.
    pub days: Vec<DailyUsage>,
    /// Every other field of the service's answer.
    pub extra: Map<String, Value>,
}

/// What was used of one model.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ModelUsage {
    /// The model.
    pub model: String,
    /// What it cost, in dollars.
    pub cost: Option<f64>,
    /// How many times it was run.
    pub requests: Option<u64>,
    /// Every other field of the service's record (`unit_price`, `last_used_date`, …).
    pub extra: Map<String, Value>,
}

/// What was used on one day.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DailyUsage {
    /// The day, as the service writes it: `2025-10-01`.
    pub day: String,
    /// What it cost, in dollars.
    pub cost: Option<f64>,
    /// How many runs were asked for.
    pub requests: Option<u64>,
    /// By model.
    pub models: Vec<ModelUsage>,
    /// Every other field of the service's record.
    pub extra: Map<String, Value>,
}
