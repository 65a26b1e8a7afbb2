//! Models: the catalog, their prices, and the schemas of their inputs.

use serde_json::{Map, Value, json};
use viseme_spec::{
    Field, FieldKind, MediaKind, MediaLimits, ModelDescription, describe, descriptions,
};

use super::HandlerOutput;
use super::request::ReceivedRequest;
use crate::response::Response;

/// The price of a run. A guess: the real price is not known.
pub(super) const PRICE_USD: f64 = 0.07;

/// Lists the models.
pub(super) fn list(request: &ReceivedRequest) -> HandlerOutput {
    let models: Vec<_> =
        descriptions().iter().map(|model| model_record(model, &request.base_url)).collect();
    HandlerOutput::new(Response::success(&Value::from(models)))
}

fn model_record(model: &ModelDescription, base_url: &str) -> Value {
    json!({
        "model_id": model.id,
        "name": model.title,
        "base_price": PRICE_USD,
        "description": model.summary,
        "type": model.category,
        "api_schema": {"api_schemas": [{
            "type": "model_run",
            "method": "POST",
            "server": base_url,
            "api_path": format!("/api/v3/{}", model.id),
            "request_schema": request_schema(model),
        }]},
    })
}

/// Returns the price of a run.
pub(super) fn price(request: &ReceivedRequest) -> Result<HandlerOutput, Response> {
    priced(request, |model| {
        json!({
            "model_id": model,
            "price": PRICE_USD,
            "discounted_price": PRICE_USD,
            "discount_rate": 1.0,
            "currency": "USD",
        })
    })
}

/// Returns the price of a run in its older shape.
pub(super) fn pricing(request: &ReceivedRequest) -> Result<HandlerOutput, Response> {
    priced(request, |model| json!({"model_id": model, "unit_price": PRICE_USD, "currency": "USD"}))
}

fn priced(
    request: &ReceivedRequest,
    data: impl FnOnce(&str) -> Value,
) -> Result<HandlerOutput, Response> {
    let fields = request.fields()?;
    let Some(model) = fields.text("model_id")? else {
        return Err(Response::error(400, "model_id is required"));
    };
    match describe(model) {
        Some(model) => Ok(HandlerOutput::new(Response::success(&data(model.id)))),
        None => Err(Response::error(404, &format!("model {model} not found"))),
    }
}

/// Returns the `request_schema` of a model: JSON Schema with the service's own keys.
fn request_schema(model: &ModelDescription) -> Value {
    let properties: Map<_, _> =
        model.fields.iter().map(|field| (field.name.to_owned(), property(field))).collect();
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

fn property(field: &Field) -> Value {
    let (mut property, default) = match &field.kind {
        FieldKind::Media(limits) => (media(limits), None),
        FieldKind::Text { max_chars: None } => {
            (json!({"type": "string", "x-ui-component": "textarea"}), None)
        }
        FieldKind::Text { max_chars: Some(most) } => {
            let text = json!({"type": "string", "x-ui-component": "textarea", "maxLength": most});
            (text, None)
        }
        FieldKind::Choice { values, default } => {
            let choice = json!({"type": "string", "x-ui-component": "select", "enum": values});
            (choice, default.map(Value::from))
        }
        FieldKind::Number(limits) => {
            // `step` is the service's own key, not `multipleOf`.
            let number = json!({
                "type": "number",
                "x-ui-component": "slider",
                "minimum": limits.range.min,
                "maximum": limits.range.max,
                "step": limits.step,
            });
            (number, limits.default.map(Value::from))
        }
        FieldKind::Boolean { default } => {
            (json!({"type": "boolean", "x-ui-component": "switch"}), default.map(Value::from))
        }
    };
    if let Some(fields) = property.as_object_mut() {
        fields.insert("description".to_owned(), json!(field.description));
        if let Some(default) = default {
            fields.insert("default".to_owned(), default);
        }
    }
    property
}

fn media(limits: &MediaLimits) -> Value {
    let any = match limits.kind {
        MediaKind::Audio => "audio/*",
        MediaKind::Video => "video/*",
        _ => "image/*",
    };
    let extensions: Vec<_> =
        limits.extensions.iter().map(|extension| format!(".{extension}")).collect();
    json!({
        "type": "string",
        "x-ui-component": "uploader",
        "x-ui-component-props": {"accept": any},
        "x-accept": extensions.join(","),
    })
}
