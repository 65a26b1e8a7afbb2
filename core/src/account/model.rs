//! A model of the live catalogue.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::media::Violation;
use crate::model::{Input, validate_schema};

/// A model of the service's catalogue.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Model {
    /// The model's id, which is part of the submit URL.
    pub id: String,
    /// The display name.
    pub name: String,
    /// The description.
    pub description: String,
    /// The service's category (`image-to-video`, …).
    pub category: String,
    /// The minimum price of a run in USD.
    pub base_price: Option<f64>,
    /// The JSONata formula of the price, if it is not just the base price.
    pub formula: Option<String>,
    /// The JSON Schema of the input, with extra keywords of the service.
    pub schema: Option<Value>,
    /// Every other field of the record.
    pub extra: Map<String, Value>,
}

impl Model {
    /// Returns every violation of the model's schema by an input; none if the service has no
    /// schema.
    #[must_use]
    pub fn validate(&self, input: &Input) -> Vec<Violation> {
        self.schema.as_ref().map(|schema| validate_schema(input, schema)).unwrap_or_default()
    }

    /// Returns whether the id, name, category and description together contain all of these words,
    /// ignoring case.
    #[must_use]
    pub fn matches(&self, words: &str) -> bool {
        let all = [&self.id, &self.name, &self.category, &self.description];
        let all = all.map(|text| text.to_lowercase());
        words
            .to_lowercase()
            .split_whitespace()
            .all(|word| all.iter().any(|text| text.contains(word)))
    }
}
