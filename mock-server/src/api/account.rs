//! Balance, models, prices, and the secret of webhooks.

use serde_json::{Value, json};
use viseme_spec::{ModelDescription, describe, descriptions};

use super::intake::Intake;
use super::{Done, schema};
use crate::reply::Reply;
use crate::state::WorldState;

/// A guess: the real price is not known.
const PRICE_USD: f64 = 0.07;

pub(super) fn balance(state: &WorldState) -> Done {
    Done::plain(Reply::success(&json!({"balance": state.balance_usd})))
}

pub(super) fn models(intake: &Intake) -> Done {
    let models: Vec<_> =
        descriptions().iter().map(|model| model_record(model, &intake.base_url)).collect();
    Done::plain(Reply::success(&Value::from(models)))
}

fn model_record(model: &ModelDescription, base: &str) -> Value {
    json!({
        "model_id": model.id,
        "name": model.title,
        "base_price": PRICE_USD,
        "description": model.summary,
        "type": model.category,
        "api_schema": {"api_schemas": [{
            "type": "model_run",
            "method": "POST",
            "server": base,
            "api_path": format!("/api/v3/{}", model.id),
            "request_schema": schema::request_schema(model),
        }]},
    })
}

pub(super) fn price(intake: &Intake) -> Done {
    priced(intake, |model| {
        json!({
            "model_id": model,
            "price": PRICE_USD,
            "discounted_price": PRICE_USD,
            "discount_rate": 1.0,
            "currency": "USD",
        })
    })
}

pub(super) fn pricing(intake: &Intake) -> Done {
    priced(intake, |model| json!({"model_id": model, "unit_price": PRICE_USD, "currency": "USD"}))
}

fn priced(intake: &Intake, data: impl FnOnce(&str) -> Value) -> Done {
    let body = intake.json().unwrap_or_default();
    let model = body.get("model_id").and_then(Value::as_str).unwrap_or_default();
    Done::plain(match describe(model) {
        Some(model) => Reply::success(&data(model.id)),
        None => Reply::refusal(404, &format!("model {model} not found")),
    })
}

pub(super) fn webhook_secret(secret: &str) -> Done {
    Done::plain(Reply::json(200, &json!({"code": 200, "data": {"secret": secret}})))
}
