//! Prices, from both endpoints of the service.

use serde_json::{Value, json};

use crate::account::Price;
use crate::http::json_response::{number, take, text};

pub(crate) const PATH: &str = "api/v3/model/price";
/// The older endpoint.
pub(crate) const OLD_PATH: &str = "api/v3/model/pricing";

pub(crate) fn request(model: &str, inputs: &Value) -> Value {
    json!({"model_id": model, "inputs": inputs})
}

/// Returns the price in a response of either endpoint.
pub(crate) fn parse(model: &str, data: Value) -> Option<Price> {
    let Value::Object(mut fields) = data else { return None };
    let amount =
        take(&mut fields, "price", number).or_else(|| take(&mut fields, "unit_price", number))?;
    Some(Price {
        amount,
        model: take(&mut fields, "model_id", text).unwrap_or_else(|| model.to_owned()),
        discounted: take(&mut fields, "discounted_price", number),
        currency: take(&mut fields, "currency", text)
            .filter(|currency| !currency.is_empty())
            .unwrap_or_else(|| "USD".to_owned()),
        left_out: Vec::new(),
        extra: fields,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms() {
        let new = json!({"model_id": "m", "price": 0.5, "discounted_price": "0.4",
            "discount_rate": 0.8, "currency": "EUR"});
        let price = parse("m", new).unwrap();
        assert_eq!((price.amount, price.discounted, price.due()), (0.5, Some(0.4), 0.4));
        assert_eq!((price.currency.as_str(), price.extra.len()), ("EUR", 1));

        let old = json!({"unit_price": 0.45});
        let price = parse("m", old).unwrap();
        assert_eq!((price.model.as_str(), price.due()), ("m", 0.45));
        assert_eq!(price.currency, "USD");

        for odd in [json!({}), json!({"price": null}), json!({"price": "NaN"}), json!([1])] {
            assert_eq!(parse("m", odd.clone()), None, "{odd}");
        }
    }
}
