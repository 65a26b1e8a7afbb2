//! The catalogue of models.

use serde_json::{Map, Value};

use crate::account::Model;
use crate::http::json_response::{number, take, text};

pub(crate) const PATH: &str = "api/v3/models";

/// Returns the models of a response, without records that have no id.
pub(crate) fn parse(data: Value) -> Option<Vec<Model>> {
    let Value::Array(records) = data else { return None };
    Some(records.into_iter().filter_map(model).collect())
}

fn model(record: Value) -> Option<Model> {
    let Value::Object(mut fields) = record else { return None };
    let id = take(&mut fields, "model_id", text).filter(|id| !id.is_empty())?;
    let mut word = |name: &str| take(&mut fields, name, text).unwrap_or_default();
    let (name, description, category) = (word("name"), word("description"), word("type"));
    Some(Model {
        id,
        name,
        description,
        category,
        base_price: take(&mut fields, "base_price", number),
        formula: take(&mut fields, "formula", text).filter(|formula| !formula.is_empty()),
        schema: schema(&mut fields),
        extra: fields,
    })
}

/// Returns the schema of a run; records may contain other schemas.
fn schema(fields: &mut Map<String, Value>) -> Option<Value> {
    let schemas = fields.get_mut("api_schema")?.get_mut("api_schemas")?.as_array_mut()?;
    let of_run = schemas.iter().position(|schema| {
        schema.get("type").and_then(Value::as_str).is_none_or(|kind| kind == "model_run")
    })?;
    let schema = schemas.get_mut(of_run)?.get_mut("request_schema")?.take();
    schema.is_object().then_some(schema)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn records_whole_and_odd() {
        let models = parse(json!([
            {"model_id": "a/b", "name": "B", "base_price": "0.07", "description": "Does it.",
             "type": "digital-human", "formula": "base_price", "sort_order": 3,
             "api_schema": {"api_schemas": [
                {"type": "model_price", "request_schema": {"type": "null"}},
                {"type": "model_run", "method": "POST", "request_schema": {"type": "object"}},
             ]}},
            {"model_id": "a/c", "formula": "", "api_schema": null, "name": null},
            {"name": "without an id"},
            "no record",
        ]))
        .unwrap();
        assert_eq!(models.len(), 2);
        assert_eq!(models[0].base_price, Some(0.07));
        assert_eq!(models[0].schema, Some(json!({"type": "object"})));
        assert_eq!(models[0].extra["sort_order"], 3);
        assert!(models[0].matches("DOES digital") && !models[0].matches("does not"));
        assert_eq!((models[1].schema.as_ref(), models[1].formula.as_ref()), (None, None));
        assert_eq!(parse(json!({})), None);
    }
}
