//! What a run costs.

use serde::Serialize;
use serde_json::{Map, Value};

/// What the service would charge for an input.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Price {
    /// The model.
    pub model: String,
    /// The price before any discount.
    pub amount: f64,
    /// The price after the account's discount, where the service told one.
    pub discounted: Option<f64>,
    /// The currency, `USD` where the service did not say.
    pub currency: String,
    /// Parameters that were left out because their media are not uploaded. The service measures
    /// media to price them, so without them the price is the model's base price.
    pub left_out: Vec<String>,
    /// Every other field of the service's answer.
    pub extra: Map<String, Value>,
}

impl Price {
    /// What is charged: the discounted amount, where there is one.
    #[must_use]
    pub fn due(&self) -> f64 {
        self.discounted.unwrap_or(self.amount)
    }
}
