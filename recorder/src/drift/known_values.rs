//! The keyword `x-extensible-enum`: the known values of a text or a number. There can be others.

use jsonschema::paths::Location;
use jsonschema::{Keyword, ValidationError};
use serde_json::{Map, Value};

/// The name of the keyword.
pub(super) const KEYWORD: &str = "x-extensible-enum";

struct KnownValues(Vec<Value>);

impl<'i> Keyword<'i> for KnownValues {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) {
            Ok(())
        } else {
            Err(ValidationError::custom("it is none of the known values"))
        }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        // Values of other types are the business of `type`.
        !(instance.is_string() || instance.is_number()) || self.0.contains(instance)
    }
}

/// Makes the keyword for a schema.
pub(super) fn keyword<'a>(
    _: &'a Map<String, Value>,
    values: &'a Value,
    _: Location,
) -> Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'a>> {
    match values {
        Value::Array(values) => Ok(Box::new(KnownValues(values.clone()))),
        _ => Err(ValidationError::schema("x-extensible-enum must be a list")),
    }
}
