//! Prices, billing records and usage.

use std::time::SystemTime;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::protocol::Status;

/// A billing record. Fields that the service leaves out are `None`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Billing {
    /// The record's id.
    pub id: String,
    /// The kind of the record: `deduct` for a charge.
    pub kind: String,
    /// The amount in USD.
    pub amount: Option<f64>,
    /// The amount in USD before any discount.
    pub original_amount: Option<f64>,
    /// The id of the charged job.
    pub job_id: Option<String>,
    /// The job's model.
    pub model: Option<String>,
    /// The job's status at the time of the response.
    pub status: Option<Status>,
    /// The name of the API key that submitted the job.
    pub key_name: Option<String>,
    /// The time the record was created.
    #[serde(serialize_with = "timestamp")]
    pub created_at: Option<SystemTime>,
    /// Every other field of the record.
    pub extra: Map<String, Value>,
}

/// Selects billing records, newest first; all by default.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
#[must_use]
pub struct BillingFilter {
    /// The kind of the records, such as `deduct`.
    pub kind: Option<String>,
    /// The ids of the jobs; empty selects every job.
    pub job_ids: Vec<String>,
    /// The earliest creation time.
    pub from: Option<SystemTime>,
    /// The latest creation time.
    pub to: Option<SystemTime>,
}

impl BillingFilter {
    /// Creates a filter that selects all records.
    pub fn new() -> Self {
        Self::default()
    }

    /// Selects only records of this kind, such as `deduct`.
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    /// Selects only records of these jobs.
    pub fn jobs<I: IntoIterator<Item: Into<String>>>(mut self, ids: I) -> Self {
        self.job_ids = ids.into_iter().map(Into::into).collect();
        self
    }

    /// Selects records created at this time or later.
    pub fn from(mut self, time: SystemTime) -> Self {
        self.from = Some(time);
        self
    }

    /// Selects records created at this time or earlier.
    pub fn to(mut self, time: SystemTime) -> Self {
        self.to = Some(time);
        self
    }
}

/// The price of a run with a given input.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Price {
    /// The model.
    pub model: String,
    /// The price before any discount.
    pub amount: f64,
    /// The price after the account's discount, if the service returned one.
    pub discounted: Option<f64>,
    /// The currency; `USD` if the service returned none.
    pub currency: String,
    /// Parameters that the request does not have: media that are not uploaded, and required ones that
    /// the input does not have. The service measures media to compute the price; without them it returns
    /// the base price.
    pub left_out: Vec<String>,
    /// Every other field of the response.
    pub extra: Map<String, Value>,
}

impl Price {
    /// Returns the amount to pay: the discounted price if there is one.
    #[must_use]
    pub fn due(&self) -> f64 {
        self.discounted.unwrap_or(self.amount)
    }
}

/// The usage and cost of a period. Fields that the service leaves out are `None` or empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Usage {
    /// The total cost in USD.
    pub cost: Option<f64>,
    /// The number of runs.
    pub requests: Option<u64>,
    /// The number of runs that succeeded.
    pub succeeded: Option<u64>,
    /// The usage of each model.
    pub models: Vec<ModelUsage>,
    /// The usage of each day.
    pub days: Vec<DailyUsage>,
    /// Every other field of the response.
    pub extra: Map<String, Value>,
}

/// The usage of one model.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ModelUsage {
    /// The model.
    pub model: String,
    /// The cost in USD.
    pub cost: Option<f64>,
    /// The number of runs.
    pub requests: Option<u64>,
    /// Every other field of the record (`unit_price`, `last_used_date`, …).
    pub extra: Map<String, Value>,
}

/// The usage of one day.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DailyUsage {
    /// The day, as the service writes it: `2025-10-01`.
    pub day: String,
    /// The cost in USD.
    pub cost: Option<f64>,
    /// The number of runs.
    pub requests: Option<u64>,
    /// The usage of each model.
    pub models: Vec<ModelUsage>,
    /// Every other field of the record.
    pub extra: Map<String, Value>,
}

/// Serializes a time as the service writes it.
fn timestamp<S: serde::Serializer>(at: &Option<SystemTime>, to: S) -> Result<S::Ok, S::Error> {
    at.and_then(|at| jiff::Timestamp::try_from(at).ok()).map(|at| at.to_string()).serialize(to)
}
