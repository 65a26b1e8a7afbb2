//! What the service says of the account and of its catalogue.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use viseme::{BillingFilter, HistoryFilter, Status};

use super::{ErrorData, moment, unix_millis};

/// A filter of past jobs.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct HistoryFilterData {
    /// Only jobs of this model.
    pub model: Option<String>,
    /// Only jobs with this status.
    #[cfg_attr(test, schemars(with = "Option<super::words::Status>"))]
    pub status: Option<String>,
    /// Only jobs created at this time or later.
    #[cfg_attr(test, schemars(extend("format" = "unix-ms")))]
    pub created_after: Option<f64>,
    /// Only jobs created at this time or earlier.
    #[cfg_attr(test, schemars(extend("format" = "unix-ms")))]
    pub created_before: Option<f64>,
    /// Whether predictions contain the job's input. Default: false.
    pub include_inputs: Option<bool>,
    /// How many jobs one request reads, from 1 to 100. Default: 100.
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub page_size: Option<u32>,
}

/// A filter of charges.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct BillingFilterData {
    /// Only records of this kind, such as `deduct`.
    pub kind: Option<String>,
    /// Only records of these jobs.
    pub job_ids: Option<Vec<String>>,
    /// Only records of this time or later.
    #[cfg_attr(test, schemars(extend("format" = "unix-ms")))]
    pub from: Option<f64>,
    /// Only records of this time or earlier.
    #[cfg_attr(test, schemars(extend("format" = "unix-ms")))]
    pub to: Option<f64>,
}

/// A model of the service's catalogue.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Model {
    /// The id, as it appears in the URL of a submit.
    pub id: String,
    /// The name.
    pub name: String,
    /// What the model does.
    pub description: String,
    /// The service's category (`image-to-video`, …).
    pub category: String,
    /// The lowest price of a run, in USD.
    pub base_price: Option<f64>,
    /// The formula of the price in JSONata, if it is not the base price.
    pub formula: Option<String>,
    /// The schema of the input: JSON Schema with additional keys of the service.
    pub schema: Option<Value>,
    /// All other fields of the service's record.
    pub extra: Map<String, Value>,
}

/// The price of a run.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Price {
    /// The amount to pay: the discounted amount, if there is one.
    pub due: f64,
    /// The model.
    pub model: String,
    /// The price before any discount.
    pub amount: f64,
    /// The price after the account's discount.
    pub discounted: Option<f64>,
    /// The currency.
    pub currency: String,
    /// The parameters that the price does not consider: media that are not uploaded, and required ones
    /// that the input does not have.
    pub left_out: Vec<String>,
    /// All other fields of the service's response.
    pub extra: Map<String, Value>,
}

/// One charge of the account.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct BillingData {
    /// The record's id.
    pub id: String,
    /// The kind: `deduct` for a charge.
    pub kind: String,
    /// The amount in USD.
    pub amount: Option<f64>,
    /// The amount before any discount.
    pub original_amount: Option<f64>,
    /// The job that was charged for.
    pub job_id: Option<String>,
    /// The job's model.
    pub model: Option<String>,
    /// The job's status at the time of the response.
    #[cfg_attr(test, schemars(with = "Option<super::words::Status>"))]
    pub status: Option<String>,
    /// The name of the API key.
    pub key_name: Option<String>,
    /// When the record was created.
    #[cfg_attr(test, schemars(extend("format" = "unix-ms")))]
    pub created_at: Option<f64>,
    /// All other fields of the service's record.
    pub extra: Map<String, Value>,
}

/// The usage of a time span.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Usage {
    /// The total cost in USD.
    pub cost: Option<f64>,
    /// How many runs were requested.
    pub requests: Option<u64>,
    /// How many of them succeeded.
    pub succeeded: Option<u64>,
    /// The usage by model.
    pub models: Vec<ModelUsage>,
    /// The usage by day.
    pub days: Vec<DailyUsage>,
    /// All other fields of the service's response.
    pub extra: Map<String, Value>,
}

/// The usage of one model.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ModelUsage {
    /// The model.
    pub model: String,
    /// The cost in USD.
    pub cost: Option<f64>,
    /// How many runs were requested.
    pub requests: Option<u64>,
    /// All other fields of the service's record.
    pub extra: Map<String, Value>,
}

/// The usage of one day.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DailyUsage {
    /// The day, as the service writes it: `2025-10-01`.
    pub day: String,
    /// The cost in USD.
    pub cost: Option<f64>,
    /// How many runs were requested.
    pub requests: Option<u64>,
    /// The usage by model.
    pub models: Vec<ModelUsage>,
    /// All other fields of the service's record.
    pub extra: Map<String, Value>,
}

impl HistoryFilterData {
    /// Returns the core's filter.
    ///
    /// # Errors
    /// Names the field that has no valid value.
    pub fn build(self) -> Result<HistoryFilter, Box<ErrorData>> {
        let mut filter = HistoryFilter::new();
        filter.model = self.model;
        filter.status = self.status.map(|word| Status::from_word(&word));
        filter.created_after =
            self.created_after.map(|at| moment("createdAfter", at)).transpose()?;
        filter.created_before =
            self.created_before.map(|at| moment("createdBefore", at)).transpose()?;
        filter.include_inputs = self.include_inputs.unwrap_or(filter.include_inputs);
        Ok(match self.page_size {
            Some(jobs) => filter.page_size(jobs),
            None => filter,
        })
    }
}

impl BillingFilterData {
    /// Returns the core's filter.
    ///
    /// # Errors
    /// Names the field that has no valid value.
    pub fn build(self) -> Result<BillingFilter, Box<ErrorData>> {
        let mut filter = BillingFilter::new();
        filter.kind = self.kind;
        filter.job_ids = self.job_ids.unwrap_or_default();
        filter.from = self.from.map(|at| moment("from", at)).transpose()?;
        filter.to = self.to.map(|at| moment("to", at)).transpose()?;
        Ok(filter)
    }
}

impl From<viseme::Model> for Model {
    fn from(model: viseme::Model) -> Self {
        Self {
            id: model.id,
            name: model.name,
            description: model.description,
            category: model.category,
            base_price: model.base_price,
            formula: model.formula,
            schema: model.schema,
            extra: model.extra,
        }
    }
}

impl From<viseme::Price> for Price {
    fn from(price: viseme::Price) -> Self {
        Self {
            due: price.due(),
            model: price.model,
            amount: price.amount,
            discounted: price.discounted,
            currency: price.currency,
            left_out: price.left_out,
            extra: price.extra,
        }
    }
}

impl From<viseme::Billing> for BillingData {
    fn from(record: viseme::Billing) -> Self {
        Self {
            id: record.id,
            kind: record.kind,
            amount: record.amount,
            original_amount: record.original_amount,
            job_id: record.job_id,
            model: record.model,
            status: record.status.map(|status| status.as_str().to_owned()),
            key_name: record.key_name,
            created_at: record.created_at.map(unix_millis),
            extra: record.extra,
        }
    }
}

impl From<viseme::Usage> for Usage {
    fn from(usage: viseme::Usage) -> Self {
        Self {
            cost: usage.cost,
            requests: usage.requests,
            succeeded: usage.succeeded,
            models: usage.models.into_iter().map(ModelUsage::from).collect(),
            days: usage.days.into_iter().map(DailyUsage::from).collect(),
            extra: usage.extra,
        }
    }
}

impl From<viseme::account::ModelUsage> for ModelUsage {
    fn from(usage: viseme::account::ModelUsage) -> Self {
        Self { model: usage.model, cost: usage.cost, requests: usage.requests, extra: usage.extra }
    }
}

impl From<viseme::account::DailyUsage> for DailyUsage {
    fn from(usage: viseme::account::DailyUsage) -> Self {
        Self {
            day: usage.day,
            cost: usage.cost,
            requests: usage.requests,
            models: usage.models.into_iter().map(ModelUsage::from).collect(),
            extra: usage.extra,
        }
    }
}
