//! Validation with a JSON Schema library.

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use serde_json::{Map, Value};

use super::super::validate::{RUN_FLAGS, missing_parameter, shown};
use super::super::{Input, InputValue};
use crate::media::{Rule, Violation};
use viseme_spec::Level;

/// A placeholder for media without a URL.
const PLACEHOLDER_URL: &str = "https://media.example/file";

/// Returns every violation by the input's values.
pub(super) fn validate(input: &Input, schema: &Value) -> Vec<Violation> {
    match jsonschema::options().build(&normalized(schema.clone())) {
        Ok(validator) => violations(input, &validator),
        Err(error) => vec![unusable(input.model(), &error)],
    }
}

fn violations(input: &Input, validator: &Validator) -> Vec<Violation> {
    let body: Map<String, Value> = input
        .fields()
        .filter(|(name, _)| !RUN_FLAGS.contains(name))
        .map(|(name, value)| {
            let value = match value {
                InputValue::Json(json) => json.clone(),
                InputValue::Media(_) => Value::from(PLACEHOLDER_URL),
            };
            (name.to_owned(), value)
        })
        .collect();
    let body = Value::Object(body);
    validator.iter_errors(&body).filter_map(|error| violation(input.model(), &error)).collect()
}

/// Converts an error of the library; `None` if the violation is already in the list.
fn violation(model: &str, error: &ValidationError<'_>) -> Option<Violation> {
    let path = error.instance_path().to_string();
    let path = path.trim_start_matches('/').replace('/', ".");
    let (rule, allowed) = match error.kind() {
        ValidationErrorKind::AdditionalProperties { .. } if path.is_empty() => return None,
        ValidationErrorKind::Required { property } if path.is_empty() => {
            return property.as_str().map(|name| missing_parameter(name, model));
        }
        ValidationErrorKind::Type { .. } => (Rule::Type, "another type".to_owned()),
        ValidationErrorKind::Enum { options } => (Rule::Choice, listed(options)),
        ValidationErrorKind::Minimum { limit } => (Rule::Range, format!("at least {limit}")),
        ValidationErrorKind::Maximum { limit } => (Rule::Range, format!("at most {limit}")),
        ValidationErrorKind::ExclusiveMinimum { limit } => {
            (Rule::Range, format!("more than {limit}"))
        }
        ValidationErrorKind::ExclusiveMaximum { limit } => {
            (Rule::Range, format!("less than {limit}"))
        }
        ValidationErrorKind::MultipleOf { multiple_of } => {
            (Rule::Step, format!("multiples of {multiple_of}"))
        }
        ValidationErrorKind::MaxLength { limit } => {
            (Rule::Length, format!("at most {limit} characters"))
        }
        ValidationErrorKind::MinLength { limit } => {
            (Rule::Length, format!("at least {limit} characters"))
        }
        ValidationErrorKind::MaxItems { limit } => (Rule::Length, format!("at most {limit} items")),
        ValidationErrorKind::MinItems { limit } => {
            (Rule::Length, format!("at least {limit} items"))
        }
        _ => (Rule::Schema, "a value that matches the model's schema".to_owned()),
    };
    let field = if path.is_empty() { "input".to_owned() } else { path };
    let reason = error.masked_with("the value").to_string();
    let actual = shown(error.instance());
    let message = format!("`{field}` is {actual}, which violates the schema of {model}: {reason}.");
    Some(Violation::new(field, rule, Level::Error, actual, allowed, message))
}

fn listed(options: &Value) -> String {
    let items = options.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().map(shown).collect::<Vec<_>>().join(", ")
}

fn unusable(model: &str, error: &ValidationError<'_>) -> Violation {
    let actual = error.to_string();
    let message = format!(
        "The values were not validated: the service's schema of {model} cannot be used ({actual})."
    );
    Violation::new("input", Rule::Undetermined, Level::Warning, actual, "a schema", message)
}

/// Converts the service's extensions to JSON Schema: `nullable`, and lists of numbers written as
/// strings.
fn normalized(mut schema: Value) -> Value {
    normalize(&mut schema, 0);
    schema
}

fn normalize(schema: &mut Value, depth: u32) {
    // No schema of a request is nested deeper.
    let (Value::Object(map), true) = (schema, depth < 32) else { return };
    for key in ["items", "additionalProperties", "not"] {
        if let Some(inner) = map.get_mut(key) {
            normalize(inner, depth + 1);
        }
    }
    for key in ["anyOf", "oneOf", "allOf", "prefixItems"] {
        let list = map.get_mut(key).and_then(Value::as_array_mut);
        list.into_iter().flatten().for_each(|inner| normalize(inner, depth + 1));
    }
    let properties = map.get_mut("properties").and_then(Value::as_object_mut);
    properties.into_iter().flatten().for_each(|(_, inner)| normalize(inner, depth + 1));
    // A schema without a type allows anything.
    let Some(Value::String(kind)) = map.get("type").cloned() else { return };
    let mut types = vec![Value::from(kind.as_str())];
    if matches!(kind.as_str(), "integer" | "number")
        && let Some(Value::Array(options)) = map.get_mut("enum")
        && options.iter().any(Value::is_string)
    {
        // Both forms are valid: the schema does not say which one the service wants.
        let others: Vec<_> = options.iter().filter_map(other_form).collect();
        options.extend(others);
        types.push(Value::from("string"));
    }
    if map.get("nullable") == Some(&Value::Bool(true)) {
        types.push(Value::from("null"));
        if let Some(Value::Array(options)) = map.get_mut("enum") {
            options.push(Value::Null);
        }
    }
    if types.len() > 1 {
        map.insert("type".to_owned(), Value::Array(types));
    }
}

/// Returns `5` for `"5"` and vice versa.
fn other_form(option: &Value) -> Option<Value> {
    match option {
        Value::String(text) => serde_json::from_str(text).ok().filter(Value::is_number),
        Value::Number(number) => Some(Value::from(number.to_string())),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
