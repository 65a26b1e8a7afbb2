//! Variables such as `{1.value.job_id}` or `{world.key}` in a case.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::{Map, Value};

/// The values of variables: outcomes by the name of the step, the world, and folders.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Variables(Map<String, Value>);

/// `{name}` or `{name.part.0}`. Other text in braces, such as JSON, is not a variable.
static REFERENCE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\{([a-z0-9][a-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*)\}").ok());

impl Variables {
    /// Sets the value of a name.
    pub fn set(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    fn get(&self, path: &str) -> Option<&Value> {
        let mut parts = path.split('.');
        let first = self.0.get(parts.next()?)?;
        parts.try_fold(first, |value, part| match value {
            Value::Array(items) => items.get(part.parse::<usize>().ok()?),
            other => other.get(part),
        })
    }
}

/// Replaces the variables in a value. A text that consists of one variable becomes its value, of
/// any type.
///
/// # Errors
/// Names a variable that does not exist.
pub fn resolve(value: &Value, variables: &Variables) -> Result<Value, String> {
    match value {
        Value::String(text) => resolve_text(text, variables),
        Value::Array(items) => items.iter().map(|item| resolve(item, variables)).collect(),
        Value::Object(fields) => {
            let resolved = fields
                .iter()
                .map(|(name, value)| Ok((name.clone(), resolve(value, variables)?)))
                .collect::<Result<Map<_, _>, String>>()?;
            Ok(Value::Object(resolved))
        }
        other => Ok(other.clone()),
    }
}

fn resolve_text(text: &str, variables: &Variables) -> Result<Value, String> {
    let Some(reference) = REFERENCE.as_ref() else { return Ok(Value::from(text)) };
    let path = |found: &Captures<'_>| found.get(1).map_or("", |path| path.as_str()).to_owned();
    let mut missing = None;
    for found in reference.captures_iter(text) {
        let (whole, path) = (found.get(0).map_or("", |whole| whole.as_str()), path(&found));
        match variables.get(&path) {
            Some(value) if whole == text => return Ok(value.clone()),
            Some(_) => {}
            None => missing = Some(path),
        }
    }
    if let Some(path) = missing {
        return Err(format!("there is no variable `{{{path}}}`"));
    }
    let replaced =
        reference.replace_all(text, |found: &Captures<'_>| match variables.get(&path(found)) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        });
    Ok(Value::from(replaced.into_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_are_replaced_and_json_is_left_alone() {
        let mut variables = Variables::default();
        variables.set("1", json!({"value": {"job_id": "j1", "n": 3, "list": ["x"]}}));
        variables.set("world", json!({"key": "mock-a"}));
        for (text, resolved) in [
            ("{1.value.job_id}", json!("j1")),
            ("{1.value.n}", json!(3)),
            ("{1.value.list.0}", json!("x")),
            ("key={world.key};n={1.value.n}", json!("key=mock-a;n=3")),
            (r#"{"id":"x"}"#, json!(r#"{"id":"x"}"#)),
            ("{}", json!("{}")),
        ] {
            assert_eq!(resolve(&json!([text]), &variables), Ok(json!([resolved])), "{text}");
        }
        assert!(resolve(&json!({"a": "{2.value}"}), &variables).unwrap_err().contains("2.value"));
        assert!(resolve(&json!("x {1.value.nothing}"), &variables).is_err());
    }
}
