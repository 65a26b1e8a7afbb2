//! Judges an input by a schema of the live catalogue, for models without a description here.

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use serde_json::{Map, Value};

use super::description::Level;
use super::validate::{SWITCHES, missing, shown, unknown};
use super::{Input, InputValue};
use crate::media::{Rule, Violation};

/// Stands for media that have no URL yet.
const SOME_URL: &str = "https://media.example/file";

/// Every rule of a model's `request_schema` that an input breaks.
///
/// The service's schemas are JSON Schema with keys of its own, which are passed over. A parameter
/// that the schema does not name is an error: the service drops it without a word, and bills. A
/// schema that cannot be used is a warning.
#[must_use]
pub fn validate_schema(input: &Input, schema: &Value) -> Vec<Violation> {
    let mut violations = strangers(input, schema);
    match jsonschema::options().build(&tidied(schema.clone())) {
        Ok(validator) => violations.extend(broken_rules(input, &validator)),
        Err(error) => violations.push(unusable(input.model(), &error)),
    }
    violations
}

fn strangers(input: &Input, schema: &Value) -> Vec<Violation> {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return Vec::new();
    };
    input
        .fields()
        .filter(|(name, _)| !properties.contains_key(*name) && !SWITCHES.contains(name))
        .map(|(name, _)| {
            let known = properties.keys().map(String::as_str);
            unknown(name, input.model(), known, Level::Error)
        })
        .collect()
}

fn broken_rules(input: &Input, validator: &Validator) -> Vec<Violation> {
    let body: Map<String, Value> = input
        .fields()
        .filter(|(name, _)| !SWITCHES.contains(name))
        .map(|(name, value)| {
            let value = match value {
                InputValue::Json(json) => json.clone(),
                InputValue::Media(_) => Value::from(SOME_URL),
            };
            (name.to_owned(), value)
        })
        .collect();
    let body = Value::Object(body);
    validator.iter_errors(&body).filter_map(|error| violation(input.model(), &error)).collect()
}

/// The broken rule in this crate's words; `None` for what was said already.
fn violation(model: &str, error: &ValidationError<'_>) -> Option<Violation> {
    let path = error.instance_path().to_string();
    let path = path.trim_start_matches('/').replace('/', ".");
    let (rule, allowed) = match error.kind() {
        ValidationErrorKind::AdditionalProperties { .. } if path.is_empty() => return None,
        ValidationErrorKind::Required { property } if path.is_empty() => {
            return property.as_str().map(|name| missing(name, model));
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
        _ => (Rule::Schema, "what the model's schema says".to_owned()),
    };
    let field = if path.is_empty() { "input".to_owned() } else { path };
    let reason = error.masked_with("the value").to_string();
    let actual = shown(error.instance());
    let message = format!("{field}: {actual} breaks the schema of {model}: {reason}.");
    Some(Violation::new(field, rule, Level::Error, actual, allowed, message))
}

fn listed(options: &Value) -> String {
    let items = options.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().map(shown).collect::<Vec<_>>().join(", ")
}

fn unusable(model: &str, error: &ValidationError<'_>) -> Violation {
    let actual = error.to_string();
    let message = format!(
        "input: the schema that the service gives for {model} cannot be used ({actual}): values \
         were not checked."
    );
    Violation::new("input", Rule::Undetermined, Level::Warning, actual, "a schema", message)
}

/// The schema, with the service's habits turned into JSON Schema: `nullable`, and lists of numbers
/// written as text.
fn tidied(mut schema: Value) -> Value {
    tidy(&mut schema, 0);
    schema
}

fn tidy(schema: &mut Value, depth: u32) {
    // A schema that is nested deeper is no request's.
    let (Value::Object(map), true) = (schema, depth < 32) else { return };
    for key in ["items", "additionalProperties", "not"] {
        if let Some(inner) = map.get_mut(key) {
            tidy(inner, depth + 1);
        }
    }
    for key in ["anyOf", "oneOf", "allOf", "prefixItems"] {
        let list = map.get_mut(key).and_then(Value::as_array_mut);
        list.into_iter().flatten().for_each(|inner| tidy(inner, depth + 1));
    }
    let properties = map.get_mut("properties").and_then(Value::as_object_mut);
    properties.into_iter().flatten().for_each(|(_, inner)| tidy(inner, depth + 1));
    // What names no type at all may be anything.
    let Some(Value::String(kind)) = map.get("type").cloned() else { return };
    let mut types = vec![Value::from(kind.as_str())];
    if matches!(kind.as_str(), "integer" | "number")
        && let Some(Value::Array(options)) = map.get_mut("enum")
        && options.iter().any(Value::is_string)
    {
        // Either form is taken: which one the service wants the schema does not tell.
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

/// `5` for `"5"`, and the other way round.
fn other_form(option: &Value) -> Option<Value> {
    match option {
        Value::String(text) => serde_json::from_str(text).ok().filter(Value::is_number),
        Value::Number(number) => Some(Value::from(number.to_string())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["image", "audio"],
            "x-order-properties": ["image", "audio", "resolution", "seed"],
            "properties": {
                "image": {"type": "string", "x-ui-component": "uploader", "x-accept": "image/*"},
                "audio": {"type": "string", "x-ui-component": "uploader", "format": "uri"},
                "resolution": {"type": "string", "enum": ["480p", "720p"], "default": "480p"},
                "duration": {"type": "integer", "enum": ["5", "10"]},
                "seed": {"type": "integer", "minimum": -1, "maximum": 2147483647, "step": 1},
                "strength": {"type": "number", "nullable": true, "multipleOf": 0.5},
                "prompt": {"type": "string", "maxLength": 5},
                "loras": {"type": "array", "maxItems": 1, "items": {
                    "type": "object", "properties": {"scale": {"type": "number", "maximum": 4}},
                }},
            },
        })
    }

    fn input() -> Input {
        Input::new("wavespeed-ai/infinitetalk").media("image", "face.png").media("audio", "a.mp3")
    }

    fn rules(input: &Input) -> Vec<(String, Rule)> {
        validate_schema(input, &schema()).into_iter().map(|it| (it.field, it.rule)).collect()
    }

    #[test]
    fn inputs_that_fit() {
        let full = input()
            .set("resolution", "720p")
            .set("seed", -1)
            .set("strength", Value::Null)
            .set("prompt", "äöüßé")
            .set("loras", json!([{"scale": 1, "path": "a"}]))
            .set("enable_sync_mode", true);
        assert_eq!(rules(&full), []);
        for duration in [json!(5), json!("5"), json!(10)] {
            assert_eq!(rules(&input().set("duration", duration.clone())), [], "{duration}");
        }
    }

    #[test]
    fn inputs_that_do_not() {
        for (name, value, field, rule) in [
            ("resolutoin", json!("480p"), "resolutoin", Rule::UnknownField),
            ("resolution", json!("1080p"), "resolution", Rule::Choice),
            ("resolution", json!(null), "resolution", Rule::Type),
            ("duration", json!(7), "duration", Rule::Choice),
            ("seed", json!(-2), "seed", Rule::Range),
            ("seed", json!(1e12), "seed", Rule::Range),
            ("seed", json!("1"), "seed", Rule::Type),
            ("strength", json!(0.7), "strength", Rule::Step),
            ("prompt", json!("äöüßéx"), "prompt", Rule::Length),
            ("loras", json!([{}, {}]), "loras", Rule::Length),
            ("loras", json!([{"scale": 5}]), "loras.0.scale", Rule::Range),
            ("audio", json!(["a"]), "audio", Rule::Type),
        ] {
            let found = rules(&input().set(name, value.clone()));
            let mut expected = vec![(field.to_owned(), rule)];
            if name == "resolution" && value.is_null() {
                expected.push((field.to_owned(), Rule::Choice));
            }
            let sorted = |mut list: Vec<(String, Rule)>| {
                list.sort_by_key(|(_, rule)| rule.code());
                list
            };
            assert_eq!(sorted(found), sorted(expected), "{name} {value}");
        }
        let found = validate_schema(&Input::new("m").set("image", "x"), &schema());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].message, "audio: is missing; m needs it.");
    }

    #[test]
    fn messages_name_the_value_and_the_rule() {
        let found = validate_schema(&input().set("seed", -2).set("sed", 1), &schema());
        let messages: Vec<_> = found.iter().map(|it| it.message.as_str()).collect();
        assert!(messages[0].contains("Did you mean `seed`?"), "{messages:?}");
        assert!(messages[1].starts_with("seed: -2 breaks the schema of"), "{messages:?}");
        assert!(messages[1].contains("-1"), "{messages:?}");
    }

    #[test]
    fn a_schema_that_cannot_be_used_is_a_warning() {
        for schema in [
            json!({"type": "no such type"}),
            json!({"$ref": "https://elsewhere.example/schema.json"}),
            json!({"properties": {"a": {"pattern": "("}}}),
        ] {
            let found = validate_schema(&Input::new("m"), &schema);
            let levels: Vec<_> = found.iter().map(|it| (it.rule, it.level)).collect();
            assert_eq!(levels, [(Rule::Undetermined, Level::Warning)], "{schema}");
        }
        assert_eq!(validate_schema(&Input::new("m").set("a", 1), &Value::Null).len(), 1);
    }

    #[test]
    fn deep_schemas_end() {
        let mut schema = json!({"type": "string", "nullable": true});
        for _ in 0..100 {
            schema = json!({"type": "array", "items": schema});
        }
        let _ = validate_schema(&input(), &schema);
    }
}
