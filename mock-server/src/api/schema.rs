//! A model's description in the words of the service's catalogue.

use serde_json::{Map, Value, json};
use viseme_spec::MediaKind;
use viseme_spec::{Field, FieldKind, MediaLimits, ModelDescription};

/// The `request_schema` of a model: JSON Schema with keys of the service's own.
pub(super) fn request_schema(model: &ModelDescription) -> Value {
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
            // `step` is a key of the service's own, and no `multipleOf`.
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
