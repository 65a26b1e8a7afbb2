//! What can be told without a JSON Schema library: which names are missing.

use serde_json::Value;

use super::super::Input;
use super::super::description::Level;
use super::super::validate::missing;
use crate::media::{Rule, Violation};

/// The names that are missing, and that nothing else was looked at.
pub(super) fn judge(input: &Input, schema: &Value) -> Vec<Violation> {
    let required = schema.get("required").and_then(Value::as_array);
    let names = required.into_iter().flatten().filter_map(Value::as_str);
    let absent = names.filter(|name| input.fields().all(|(given, _)| given != *name));
    let mut violations: Vec<_> = absent.map(|name| missing(name, input.model())).collect();
    violations.push(unseen(input.model()));
    violations
}

fn unseen(model: &str) -> Violation {
    let message = format!(
        "input: values were not checked by the schema of {model}: this build has no \
         `schema-validation`."
    );
    Violation::new(
        "input",
        Rule::Undetermined,
        Level::Warning,
        "a build without `schema-validation`",
        "values that fit the schema",
        message,
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::validate_schema;
    use super::*;

    #[test]
    fn names_are_judged_and_values_are_not() {
        let schema = json!({
            "required": ["image"],
            "properties": {"image": {"type": "string"}, "seed": {"type": "integer"}},
        });
        let found = |input: &Input| -> Vec<_> {
            let all = validate_schema(input, &schema);
            all.into_iter().map(|it| (it.field, it.rule, it.level)).collect()
        };
        let unseen = ("input".to_owned(), Rule::Undetermined, Level::Warning);
        assert_eq!(found(&Input::new("m").set("image", "x").set("seed", "no")), [unseen.clone()]);
        let wrong = found(&Input::new("m").set("sed", 1));
        let names: Vec<_> = wrong.iter().map(|(field, rule, _)| (field.as_str(), *rule)).collect();
        assert_eq!(
            names,
            [("sed", Rule::UnknownField), ("image", Rule::Required), ("input", Rule::Undetermined),]
        );
    }
}
