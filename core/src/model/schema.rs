//! Validates an input against a schema of the live catalogue, for models without a description.

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
use super::validate::{RUN_FLAGS, unknown_parameter};
use crate::media::Violation;
use viseme_spec::Level;

/// Returns every violation of a model's `request_schema`.
///
/// The service's schemas are JSON Schema with additional keys, which are ignored. An unknown parameter
/// is an error: the service ignores it but still charges. An unusable schema is a warning.
///
/// Without the feature `schema-validation`, which is on by default, only names are validated, and a
/// warning says so.
#[must_use]
pub fn validate_schema(input: &Input, schema: &Value) -> Vec<Violation> {
    let mut violations = unknown_parameters(input, schema);
    violations.extend(rules::validate(input, schema));
    violations
}

fn unknown_parameters(input: &Input, schema: &Value) -> Vec<Violation> {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return Vec::new();
    };
    input
        .fields()
        .filter(|(name, _)| !properties.contains_key(*name) && !RUN_FLAGS.contains(name))
        .map(|(name, _)| {
            let known = properties.keys().map(String::as_str);
            unknown_parameter(name, input.model(), known, Level::Error)
        })
        .collect()
}
