//! The account's balance.

use serde_json::Value;

use crate::http::json_response::number;

pub(crate) const PATH: &str = "api/v3/balance";

/// Returns the balance in USD.
pub(crate) fn parse(data: &Value) -> Option<f64> {
    number(data.get("balance")?)
}
