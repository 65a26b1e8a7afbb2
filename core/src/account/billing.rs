//! What was charged, one record a charge.

use std::time::SystemTime;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::protocol::Status;

/// One record of the account's bill. What the service leaves out is `None`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Billing {
    /// The record's id.
    pub id: String,
    /// What it is: `deduct` for a charge.
    pub kind: String,
    /// The amount in dollars.
    pub amount: Option<f64>,
    /// The amount before any discount.
    pub original_amount: Option<f64>,
    /// The job that was charged for.
    pub job_id: Option<String>,
    /// The job's model.
    pub model: Option<String>,
    /// The job's state when the service answered.
    pub status: Option<Status>,
    /// The name of the API key that was used.
    pub key_name: Option<String>,
    /// When it was made.
    #[serde(serialize_with = "moment")]
    pub created_at: Option<SystemTime>,
    /// Every other field of the service's record.
    pub extra: Map<String, Value>,
}

/// Which records are asked for, newest first; all by default.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
#[must_use]
pub struct BillingFilter {
    /// Records of this kind alone, such as `deduct`.
    pub kind: Option<String>,
    /// Records of these jobs alone; of any where empty.
    pub job_ids: Vec<String>,
    /// Records made at this moment or later.
    pub from: Option<SystemTime>,
    /// Records made at this moment or earlier.
    pub to: Option<SystemTime>,
}

impl BillingFilter {
    /// All records there are.
    pub fn new() -> Self {
        Self::default()
    }

    /// Records of this kind alone, such as `deduct`.
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    /// Records of these jobs alone.
    pub fn jobs<I: IntoIterator<Item: Into<String>>>(mut self, ids: I) -> Self {
        self.job_ids = ids.into_iter().map(Into::into).collect();
        self
    }

    /// Records made at this moment or later.
    pub fn from(mut self, moment: SystemTime) -> Self {
        self.from = Some(moment);
        self
    }

    /// Records made at this moment or earlier.
    pub fn to(mut self, moment: SystemTime) -> Self {
        self.to = Some(moment);
        self
    }
}

/// A moment as the service writes it.
fn moment<S: serde::Serializer>(at: &Option<SystemTime>, to: S) -> Result<S::Ok, S::Error> {
    at.and_then(|at| jiff::Timestamp::try_from(at).ok()).map(|at| at.to_string()).serialize(to)
}
