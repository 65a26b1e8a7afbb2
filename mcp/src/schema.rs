//! The JSON schemas of arguments and results.

use std::sync::Arc;

use rmcp::model::JsonObject;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

/// Returns the schema of the arguments of a tool. Other arguments are refused.
pub(crate) fn of_arguments<T: JsonSchema>() -> Arc<JsonObject> {
    let mut schema = schema_of::<T>();
    schema.insert("additionalProperties".to_owned(), json!(false));
    // Some clients require both.
    schema.entry("properties").or_insert_with(|| json!({}));
    Arc::new(schema)
}

/// Returns the schema of the result of a tool. A newer server may add fields.
pub(crate) fn of_result<T: JsonSchema>() -> Arc<JsonObject> {
    Arc::new(schema_of::<T>())
}

fn schema_of<T: JsonSchema>() -> JsonObject {
    // Several clients do not follow references.
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    simplify(&mut schema);
    match schema {
        Value::Object(mut fields) => {
            fields.remove("title");
            fields
        }
        _ => JsonObject::new(),
    }
}

/// Removes the formats of numbers, such as `uint64`: validators do not know them and say so.
fn simplify(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            let is_text = |value: &Value| value == "string";
            let describes_text = match fields.get("type") {
                Some(Value::Array(types)) => types.iter().any(is_text),
                Some(one) => is_text(one),
                None => true,
            };
            if !describes_text {
                fields.remove("format");
            }
            fields.values_mut().for_each(simplify);
        }
        Value::Array(items) => items.iter_mut().for_each(simplify),
        _ => {}
    }
}
