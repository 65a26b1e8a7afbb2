//! Models: the catalog, their prices, and the schemas of their inputs.

use serde_json::{Map, Value, json};
use viseme_spec::{
    Field, FieldKind, MediaKind, MediaLimits, ModelDescription, describe, descriptions,
};

use super::request::ReceivedRequest;
use super::route::is_model_id;
use super::{HandlerOutput, preset_models};
use crate::response::Response;
use crate::scenario::{JobRule, UnknownModels};
use crate::suggest::closest;
use crate::world::state::WorldState;

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
pub(super) fn price(
    state: &WorldState,
    request: &ReceivedRequest,
) -> Result<HandlerOutput, Response> {
    priced(state, request, |model| {
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
pub(super) fn pricing(
    state: &WorldState,
    request: &ReceivedRequest,
) -> Result<HandlerOutput, Response> {
    priced(
        state,
        request,
        |model| json!({"model_id": model, "unit_price": PRICE_USD, "currency": "USD"}),
    )
}

/// The model of a submit.
pub(super) enum Model {
    Described(&'static ModelDescription),
    Preset(JobRule),
    /// A model that the mock server does not know, which is accepted.
    Unknown,
}

/// How many edits make a known model's id a probable typing error.
const MAX_EDITS: usize = 3;

/// Finds a model. An id that is nearly a known one is an error, and any unknown one if the scenario
/// refuses them.
pub(super) fn find(id: &str, unknown: UnknownModels) -> Result<Model, Response> {
    if !is_model_id(&id.split('/').collect::<Vec<_>>()) {
        return Err(Response::error(404, &format!("model {id} not found")));
    }
    if let Some(description) = describe(id) {
        return Ok(Model::Described(description));
    }
    if let Some(rule) = preset_models::rule(id) {
        return Ok(Model::Preset(rule));
    }
    if preset_models::is_preset(id) {
        let message = format!("model {id} not found; the presets are {}", preset_models::EXAMPLES);
        return Err(Response::error(404, &message));
    }
    let known = descriptions().iter().map(|model| model.id);
    match (closest(id, known, MAX_EDITS), unknown) {
        (Some(similar), _) => {
            let message = format!("model {id} not found; did you mean {similar}?");
            Err(Response::error(404, &message))
        }
        (None, UnknownModels::Refused) => {
            Err(Response::error(404, &format!("model {id} not found")))
        }
        (None, UnknownModels::Accepted) => Ok(Model::Unknown),
    }
}

fn priced(
    state: &WorldState,
    request: &ReceivedRequest,
    data: impl FnOnce(&str) -> Value,
) -> Result<HandlerOutput, Response> {
    let fields = request.fields()?;
    let Some(model) = fields.text("model_id")? else {
        return Err(Response::error(400, "model_id is required"));
    };
    fields.object("inputs")?;
    find(model, state.scenario.unknown_models)?;
    Ok(HandlerOutput::new(Response::success(&data(model))))
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
