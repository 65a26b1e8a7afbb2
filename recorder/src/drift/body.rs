//! Compares a JSON body with its schema.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

use super::document::BodySchema;
use super::report::{Certainty, DifferenceKind};

/// The longest example.
const MAX_EXAMPLE: usize = 100;
/// How deep the description of a shape is.
const MAX_DEPTH: usize = 3;
/// The weight of a whole body of another type, compared with a single difference within it.
const OTHER_BODY: usize = 1000;

/// A difference in one response.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    pub(super) kind: DifferenceKind,
    pub(super) at: String,
    pub(super) certainty: Certainty,
    pub(super) expected: String,
    pub(super) found: String,
    pub(super) example: Option<String>,
}

/// A body as it was recorded.
pub(super) struct Body<'b> {
    pub(super) value: &'b Value,
    /// Whether its values were dropped.
    pub(super) is_shape: bool,
}

/// Returns the differences of a body from its schema.
pub(super) fn differences(
    body: &Body<'_>,
    schema: &BodySchema,
    certainty: Certainty,
) -> Vec<Found> {
    let context = Context { schema, certainty, is_shape: body.is_shape };
    let mut found: Vec<Found> =
        schema.validator.iter_errors(body.value).flat_map(|error| context.of(&error)).collect();
    // The schema can name the same place twice, by a rule and by a branch.
    found.dedup();
    found
}

/// Returns the difference of an error's body from the schema of errors: one, however much of it differs.
pub(super) fn error_difference(
    body: &Body<'_>,
    schema: &BodySchema,
    certainty: Certainty,
) -> Option<Found> {
    if differences(body, schema, certainty).is_empty() {
        return None;
    }
    let errors = schema.at("/allOf/0/$ref").or_else(|| schema.at("/allOf/0"))?;
    let certainty = schema.certainty("/allOf/0/$ref").unwrap_or(certainty);
    Some(error_found(body, shapes(errors), certainty))
}

/// Returns the difference if a response with a status of success has an error in its envelope.
pub(super) fn error_in_success(
    body: &Body<'_>,
    schema: &BodySchema,
    certainty: Certainty,
) -> Option<Found> {
    let code = body.value.get("code").and_then(Value::as_i64).filter(|code| *code != 200)?;
    let has_data = body.value.get("data").is_some_and(|data| !data.is_null());
    if has_data || differences(body, schema, certainty).is_empty() {
        return None;
    }
    let found = error_found(body, "no error in this response".to_owned(), certainty);
    Some(Found { found: format!("an error with code {code}: {}", found.found), ..found })
}

fn error_found(body: &Body<'_>, expected: String, certainty: Certainty) -> Found {
    let example = (!body.is_shape).then(|| example(body.value));
    Found {
        kind: DifferenceKind::ErrorShape,
        at: String::new(),
        certainty,
        expected,
        found: shape(body.value, 0),
        example,
    }
}

/// Returns the keys of each shape that a schema allows.
fn shapes(schema: &Value) -> String {
    let keys = |branch: &Value| {
        let keys = branch.get("properties")?.as_object()?.keys().cloned().collect::<Vec<_>>();
        Some(format!("{{{}}}", keys.join(", ")))
    };
    let branches = schema.get("oneOf").and_then(Value::as_array);
    let all: Vec<String> = match branches {
        Some(branches) => branches.iter().filter_map(keys).collect(),
        None => keys(schema).into_iter().collect(),
    };
    all.join(" or ")
}

struct Context<'s> {
    schema: &'s BodySchema,
    certainty: Certainty,
    is_shape: bool,
}

impl Context<'_> {
    /// Returns the differences that an error of the validator stands for.
    fn of(&self, error: &ValidationError<'_>) -> Vec<Found> {
        let at = any_index(error.instance_path().as_str());
        let location = error.schema_path().as_str();
        let parent = location.rsplit_once('/').map_or("", |(parent, _)| parent);
        let instance: &Value = error.instance();
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                let key = |name: &String| self.unknown_key(&at, name, instance, parent);
                unexpected.iter().map(key).collect()
            }
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                vec![self.missing_key(&at, name, parent)]
            }
            ValidationErrorKind::Type { .. } => {
                let expected = self.schema.at(parent).map(|schema| self.schema.describe(schema));
                vec![self.other_type(at, parent, expected.unwrap_or_default(), instance)]
            }
            ValidationErrorKind::OneOfNotValid { context }
            | ValidationErrorKind::AnyOf { context } => self.nearest_branch(&at, context),
            // A shape can fit to several branches.
            ValidationErrorKind::OneOfMultipleValid { .. } => Vec::new(),
            _ if self.is_shape && is_dropped(instance) => Vec::new(),
            ValidationErrorKind::Constant { expected_value }
                if type_name(expected_value) != type_name(instance) =>
            {
                let expected = type_name(expected_value).to_owned();
                vec![self.other_type(at, parent, expected, instance)]
            }
            ValidationErrorKind::Constant { .. }
            | ValidationErrorKind::Enum { .. }
            | ValidationErrorKind::Custom { .. } => {
                let known = self.schema.at(location).map(known_values).unwrap_or_default();
                vec![self.other_value(DifferenceKind::UnknownWord, at, parent, known, instance)]
            }
            _ => {
                let rule = self.schema.at(location).map(Value::to_string).unwrap_or_default();
                let keyword = location.rsplit('/').next().unwrap_or_default();
                let expected = format!("{keyword} {rule}");
                vec![self.other_value(DifferenceKind::OtherFormat, at, parent, expected, instance)]
            }
        }
    }

    fn unknown_key(&self, at: &str, name: &str, instance: &Value, parent: &str) -> Found {
        let value = instance.get(name).unwrap_or(&Value::Null);
        Found {
            kind: DifferenceKind::UnknownKey,
            at: format!("{at}/{}", escaped(name)),
            certainty: self.certainty(parent),
            expected: "no such key".to_owned(),
            found: shape(value, 0),
            example: self.example(value),
        }
    }

    fn missing_key(&self, at: &str, name: &str, parent: &str) -> Found {
        let location = format!("{parent}/properties/{}", escaped(name));
        let expected = self.schema.at(&location).map(|schema| self.schema.describe(schema));
        Found {
            kind: DifferenceKind::MissingKey,
            at: format!("{at}/{}", escaped(name)),
            certainty: self.certainty(&location),
            expected: expected.unwrap_or_default(),
            found: "nothing".to_owned(),
            example: None,
        }
    }

    fn other_type(&self, at: String, parent: &str, expected: String, instance: &Value) -> Found {
        Found {
            kind: DifferenceKind::OtherType,
            at,
            certainty: self.certainty(parent),
            expected,
            found: type_name(instance).to_owned(),
            example: self.example(instance),
        }
    }

    fn other_value(
        &self,
        kind: DifferenceKind,
        at: String,
        parent: &str,
        expected: String,
        instance: &Value,
    ) -> Found {
        let certainty = self.certainty(parent);
        // A word stands for itself. Other values differ from response to response.
        let found = match kind {
            DifferenceKind::UnknownWord => example(instance),
            _ => type_name(instance).to_owned(),
        };
        Found { kind, at, certainty, expected, found, example: self.example(instance) }
    }

    /// Returns the differences from the branch that the value is nearest to.
    fn nearest_branch(&self, at: &str, branches: &[Vec<ValidationError<'_>>]) -> Vec<Found> {
        let found = branches
            .iter()
            .map(|errors| errors.iter().flat_map(|error| self.of(error)).collect::<Vec<Found>>());
        let distance = |found: &Vec<Found>| {
            let weight = |it: &Found| {
                let is_other = it.kind == DifferenceKind::OtherType && it.at == at;
                if is_other { OTHER_BODY } else { 1 }
            };
            found.iter().map(weight).sum::<usize>()
        };
        found.min_by_key(distance).unwrap_or_default()
    }

    fn certainty(&self, location: &str) -> Certainty {
        self.schema.certainty(location).unwrap_or(self.certainty)
    }

    fn example(&self, value: &Value) -> Option<String> {
        (!self.is_shape).then(|| example(value))
    }
}

/// Returns whether a value stands for one that was not recorded.
fn is_dropped(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Bool(value) => !value,
        _ => false,
    }
}

fn known_values(rule: &Value) -> String {
    match rule {
        Value::Array(values) => values.iter().map(Value::to_string).collect::<Vec<_>>().join(", "),
        value => value.to_string(),
    }
}

/// Returns a pointer with `*` for each index of a list.
fn any_index(pointer: &str) -> String {
    let segment = |segment: &str| {
        let is_index = !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit());
        if is_index { "*".to_owned() } else { segment.to_owned() }
    };
    pointer.split('/').map(segment).collect::<Vec<_>>().join("/")
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Returns the shape of a value: its keys and types.
fn shape(value: &Value, depth: usize) -> String {
    match value {
        Value::Object(fields) if depth < MAX_DEPTH => {
            let field =
                |(name, value): (&String, &Value)| format!("{name}: {}", shape(value, depth + 1));
            format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) if depth < MAX_DEPTH => match items.first() {
            Some(first) => format!("[{}]", shape(first, depth + 1)),
            None => "[]".to_owned(),
        },
        other => type_name(other).to_owned(),
    }
}

/// Returns a value as JSON, cut if it is long.
fn example(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(MAX_EXAMPLE) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
