//! Validation without a JSON Schema library: only missing names.

use serde_json::Value;

use super::super::Input;
use super::super::validate::missing_parameter;
use crate::media::{Rule, Violation};
use viseme_spec::Level;

/// Returns the missing names, and a warning that nothing else was validated.
pub(super) fn validate(input: &Input, schema: &Value) -> Vec<Violation> {
    let required = schema.get("required").and_then(Value::as_array);
    let names = required.into_iter().flatten().filter_map(Value::as_str);
    let absent = names.filter(|name| input.fields().all(|(given, _)| given != *name));
    let mut violations: Vec<_> =
        absent.map(|name| missing_parameter(name, input.model())).collect();
    violations.push(not_validated(input.model()));
    violations
}

fn not_validated(model: &str) -> Violation {
    let message = format!(
        "The values were not validated against the schema of {model}: this build does not have \
         the feature `schema-validation`."
    );
    Violation::new(
        "input",
        Rule::Undetermined,
        Level::Warning,
        "a build without `schema-validation`",
        "values that match the schema",
        message,
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::validate_schema;
    use super::*;

    #[test]
    fn names_are_validated_but_values_are_not() {
        let schema = json!({
            "required": ["image"],
            "properties": {"image": {"type": "string"}, "seed": {"type": "integer"}},
        });
        let found = |input: &Input| -> Vec<_> {
            let all = validate_schema(input, &schema);
            all.into_iter().map(|it| (it.field, it.rule, it.level)).collect()
        };
        let not_validated = ("input".to_owned(), Rule::Undetermined, Level::Warning);
        assert_eq!(
            found(&Input::new("m").set("image", "x").set("seed", "no")),
            [not_validated.clone()]
        );
        let wrong = found(&Input::new("m").set("sed", 1));
        let names: Vec<_> = wrong.iter().map(|(field, rule, _)| (field.as_str(), *rule)).collect();
        assert_eq!(
            names,
            [("sed", Rule::UnknownField), ("image", Rule::Required), ("input", Rule::Undetermined),]
        );
    }
}
