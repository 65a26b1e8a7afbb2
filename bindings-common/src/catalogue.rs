//! The models that have descriptions, as far as the face needs to know.

use serde_json::{Value, json};
use viseme::model::{Field, FieldKind, descriptions};

/// The known models as JSON: their ids, and of each field whether it is a medium, and its words.
#[must_use]
pub fn known_models() -> String {
    let models = descriptions().iter().map(|model| {
        let fields: Vec<Value> = model.fields.iter().map(field).collect();
        json!({"id": model.id, "fields": fields})
    });
    Value::from(models.collect::<Vec<_>>()).to_string()
}

fn field(field: &Field) -> Value {
    let words = match field.kind {
        FieldKind::Choice { values, .. } => values,
        _ => &[],
    };
    let is_media = matches!(field.kind, FieldKind::Media(_));
    json!({"name": field.name, "required": field.required, "media": is_media, "words": words})
}
