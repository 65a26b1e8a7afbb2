//! What the jobs of a batch cost.

use std::collections::HashMap;

use tokio::sync::Mutex;
use viseme::{Client, Input};

/// The prices of a run. A model without a formula costs the same for every input.
#[derive(Default)]
pub(crate) struct Prices {
    /// `None` if the price depends on the input.
    of_models: Mutex<HashMap<String, Option<u64>>>,
}

impl Prices {
    /// Returns the price of an input in millionths of a US dollar. The service measures media behind URLs.
    pub(crate) async fn of(&self, client: &Client, input: &Input) -> viseme::Result<u64> {
        match self.fixed(client, input.model()).await? {
            Some(price) => Ok(price),
            None => Ok(micros(client.price(input.clone()).await?.due())),
        }
    }

    /// Returns the price if it is the same for every input of the model.
    pub(crate) async fn fixed(&self, client: &Client, model: &str) -> viseme::Result<Option<u64>> {
        let mut of_models = self.of_models.lock().await;
        if let Some(price) = of_models.get(model) {
            return Ok(*price);
        }
        let description = client.model(model).await?;
        let price = match (description.formula, description.base_price) {
            (None, Some(price)) => Some(micros(price)),
            _ => None,
        };
        Ok(*of_models.entry(model.to_owned()).or_insert(price))
    }
}

/// Returns dollars in millionths, rounded to the nearest.
pub(crate) fn micros(dollars: f64) -> u64 {
    // `as` saturates.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let micros = (dollars * 1_000_000.0).round().max(0.0) as u64;
    micros
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_exact_in_millionths() {
        for (dollars, expected) in [(0.07, 70_000), (0.1 + 0.2, 300_000), (-1.0, 0), (0.0, 0)] {
            assert_eq!(micros(dollars), expected);
        }
        assert_eq!(micros(f64::NAN), 0);
        assert_eq!(micros(f64::INFINITY), u64::MAX);
    }
}
