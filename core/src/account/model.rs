//! A model of the live catalogue.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::media::Violation;
use crate::model::{Input, validate_schema};

/// A model as the service's catalogue has it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Model {
    /// Its id, as it stands in the URL of a submit.
    pub id: String,
    /// The name people know it by.
    pub name: String,
    /// What it does.
    pub description: String,
    /// The service's category (`image-to-video`, …).
    pub category: String,
    /// The price a run starts from, in dollars.
    pub base_price: Option<f64>,
    /// How the price is computed, in JSONata, where it is not just the base price.
    pub formula: Option<String>,
    /// The schema of its input: JSON Schema with keys of the service's own.
    pub schema: Option<Value>,
    /// Every other field of the service's record.
    pub extra: Map<String, Value>,
}

impl Model {
    /// Every rule of the model's schema that an input breaks; nothing where the service gives no
    /// schema.
    #[must_use]
    pub fn validate(&self, input: &Input) -> Vec<Violation> {
        self.schema.as_ref().map(|schema| validate_schema(input, schema)).unwrap_or_default()
    }

    /// Whether all of these words stand in its id, name, category or description; case does not
    /// count.
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
