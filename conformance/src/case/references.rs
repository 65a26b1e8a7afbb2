//! References such as `{1.value.job_id}` or `{world.key}` in a case.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::{Map, Value};

/// What references can name: outcomes by the step's name, the world, folders.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts(Map<String, Value>);

/// `{name}` or `{name.part.0}`. What is no such word in braces, such as JSON, is left alone.
static REFERENCE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\{([a-z0-9][a-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*)\}").ok());

impl Facts {
    /// Adds or replaces what a name stands for.
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

/// A value with its references replaced. A text that is one reference becomes what that stands
/// for, of whatever type.
///
/// # Errors
/// Names the reference that leads nowhere.
pub fn resolve(value: &Value, facts: &Facts) -> Result<Value, String> {
    match value {
        Value::String(text) => resolve_text(text, facts),
        Value::Array(items) => items.iter().map(|item| resolve(item, facts)).collect(),
        Value::Object(fields) => {
            let resolved = fields
                .iter()
                .map(|(name, value)| Ok((name.clone(), resolve(value, facts)?)))
                .collect::<Result<Map<_, _>, String>>()?;
            Ok(Value::Object(resolved))
        }
        other => Ok(other.clone()),
    }
}

fn resolve_text(text: &str, facts: &Facts) -> Result<Value, String> {
    let Some(reference) = REFERENCE.as_ref() else { return Ok(Value::from(text)) };
    let path = |found: &Captures<'_>| found.get(1).map_or("", |path| path.as_str()).to_owned();
    let mut missing = None;
    for found in reference.captures_iter(text) {
        let (whole, path) = (found.get(0).map_or("", |whole| whole.as_str()), path(&found));
        match facts.get(&path) {
            Some(value) if whole == text => return Ok(value.clone()),
            Some(_) => {}
            None => missing = Some(path),
        }
    }
    if let Some(path) = missing {
        return Err(format!("`{{{path}}}` leads nowhere"));
    }
    let replaced =
        reference.replace_all(text, |found: &Captures<'_>| match facts.get(&path(found)) {
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
        let mut facts = Facts::default();
        facts.set("1", json!({"value": {"job_id": "j1", "n": 3, "list": ["x"]}}));
        facts.set("world", json!({"key": "mock-a"}));
        for (text, resolved) in [
            ("{1.value.job_id}", json!("j1")),
            ("{1.value.n}", json!(3)),
            ("{1.value.list.0}", json!("x")),
            ("key={world.key};n={1.value.n}", json!("key=mock-a;n=3")),
            (r#"{"id":"x"}"#, json!(r#"{"id":"x"}"#)),
            ("{}", json!("{}")),
        ] {
            assert_eq!(resolve(&json!([text]), &facts), Ok(json!([resolved])), "{text}");
        }
        assert!(resolve(&json!({"a": "{2.value}"}), &facts).unwrap_err().contains("2.value"));
        assert!(resolve(&json!("x {1.value.nothing}"), &facts).is_err());
    }
}
