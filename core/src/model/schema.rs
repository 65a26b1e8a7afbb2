//! Judges an input by a schema of the live catalogue, for models without a description here.

#[cfg(not(feature = "schema-validation"))]
mod names;
#[cfg(feature = "schema-validation")]
mod values;

#[cfg(not(feature = "schema-validation"))]
use names as rules;
use serde_json::Value;
#[cfg(feature = "schema-validation")]
use values as rules;

use super::Input;
use super::validate::{SWITCHES, unknown};
use crate::media::Violation;
use viseme_spec::Level;

/// Every rule of a model's `request_schema` that an input breaks.
///
/// The service's schemas are JSON Schema with keys of its own, which are passed over. A parameter
/// that the schema does not name is an error: the service drops it without a word, and bills. A
/// schema that cannot be used is a warning.
///
/// Without the feature `schema-validation`, which is on by default, only names are judged, and a
/// warning says so.
#[must_use]
pub fn validate_schema(input: &Input, schema: &Value) -> Vec<Violation> {
    let mut violations = strangers(input, schema);
    violations.extend(rules::judge(input, schema));
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
