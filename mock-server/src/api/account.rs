//! Balance, models, prices, and the secret of webhooks.

use serde_json::{Map, Value, json};
use viseme::model::{FieldKind, ModelDescription, describe, descriptions};

use super::Done;
use super::intake::Intake;
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
        "description": model.title,
        "type": model.category,
        "api_schema": {"api_schemas": [{
            "type": "model_run",
            "method": "POST",
            "server": base,
            "api_path": format!("/api/v3/{}", model.id),
            "request_schema": request_schema(model),
        }]},
    })
}

fn request_schema(model: &ModelDescription) -> Value {
    let properties: Map<_, _> = model
        .fields
        .iter()
        .map(|field| {
            let schema = match &field.kind {
                FieldKind::Media(limits) => json!({
                    "type": "string",
                    "description": field.description,
                    "x-ui-component": "uploader",
                    "x-accept": limits
                        .extensions
                        .iter()
                        .map(|extension| format!(".{extension}"))
                        .collect::<Vec<_>>()
                        .join(","),
                }),
                _ => json!({"description": field.description}),
            };
            (field.name.to_owned(), schema)
        })
        .collect();
    let names = |required_only: bool| -> Vec<_> {
        let fields = model.fields.iter().filter(|field| field.required || !required_only);
        fields.map(|field| field.name).collect()
    };
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
        "required": names(true),
        "x-order-properties": names(false),
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
