//! Compares a value with a matcher.
//!
//! Objects may have more fields than the matcher names. Null and absent are the same. Lists are
//! compared item by item. Numbers that differ by less than a millionth are equal. An object with one
//! key that begins with `$` is a rule: `$any`, `$absent`, `$match` (a regular expression),
//! `$contains` (a part of a text, or an item of a list), `$between`, `$len`, `$not`, `$each`, `$all`.

use regex::Regex;
use serde_json::{Map, Value};

/// Returns one sentence per difference. Empty if the value matches.
#[must_use]
pub fn differences(expected: &Value, found: &Value) -> Vec<String> {
    let mut all = Vec::new();
    compare(expected, found, "", &mut all);
    all
}

fn compare(expected: &Value, found: &Value, path: &str, all: &mut Vec<String>) {
    if let Some((rule, argument)) = rule(expected) {
        if let Err(why) = apply_rule(rule, argument, found, path, all) {
            all.push(format!("{}: {why}", place(path)));
        }
        return;
    }
    match (expected, found) {
        (Value::Object(fields), Value::Object(others)) => {
            for (name, expected) in fields {
                let found = others.get(name).unwrap_or(&Value::Null);
                compare(expected, found, &format!("{path}.{name}"), all);
            }
        }
        (Value::Array(items), Value::Array(others)) => {
            if items.len() != others.len() {
                all.push(format!(
                    "{}: expected {} items, found {}: {}",
                    place(path),
                    items.len(),
                    others.len(),
                    short(found)
                ));
                return;
            }
            for (number, (expected, found)) in items.iter().zip(others).enumerate() {
                compare(expected, found, &format!("{path}[{number}]"), all);
            }
        }
        (Value::Number(one), Value::Number(other)) => {
            let (one, other) = (one.as_f64(), other.as_f64());
            let near = one.zip(other).is_some_and(|(one, other)| (one - other).abs() < 1e-6);
            if !near {
                all.push(differ(expected, found, path));
            }
        }
        _ if expected == found => {}
        _ => all.push(differ(expected, found, path)),
    }
}

/// Returns the rule, if the object has one key that begins with `$`.
fn rule(expected: &Value) -> Option<(&str, &Value)> {
    let fields = expected.as_object()?;
    let (name, argument) = fields.iter().next()?;
    (fields.len() == 1 && name.starts_with('$')).then_some((name.as_str(), argument))
}

fn apply_rule(
    rule: &str,
    argument: &Value,
    found: &Value,
    path: &str,
    all: &mut Vec<String>,
) -> Result<(), String> {
    let holds = match (rule, found) {
        ("$any", found) => !found.is_null(),
        ("$absent", found) => found.is_null(),
        ("$match", Value::String(text)) => {
            let pattern = argument.as_str().unwrap_or_default();
            Regex::new(pattern).map_err(|error| error.to_string())?.is_match(text)
        }
        ("$contains", Value::String(text)) => {
            argument.as_str().is_some_and(|part| text.contains(part))
        }
        ("$contains", Value::Array(items)) => {
            items.iter().any(|item| differences(argument, item).is_empty())
        }
        ("$between", Value::Number(number)) => {
            let bound = |index: usize| argument.get(index).and_then(Value::as_f64);
            let number = number.as_f64();
            matches!((bound(0), bound(1), number), (Some(least), Some(most), Some(number))
                if least <= number && number <= most)
        }
        ("$len", Value::Array(items)) => {
            compare(argument, &Value::from(items.len()), &format!("{path}.length"), all);
            return Ok(());
        }
        ("$each", Value::Array(items)) => {
            for (number, item) in items.iter().enumerate() {
                compare(argument, item, &format!("{path}[{number}]"), all);
            }
            return Ok(());
        }
        ("$all", found) => {
            for one in argument.as_array().into_iter().flatten() {
                compare(one, found, path, all);
            }
            return Ok(());
        }
        ("$not", found) => !differences(argument, found).is_empty(),
        ("$match" | "$contains" | "$between" | "$len" | "$each", _) => false,
        _ => return Err(format!("there is no rule `{rule}`")),
    };
    if holds {
        Ok(())
    } else {
        Err(format!("expected {rule} {}, found {}", short(argument), short(found)))
    }
}

fn differ(expected: &Value, found: &Value, path: &str) -> String {
    format!("{}: expected {}, found {}", place(path), short(expected), short(found))
}

fn place(path: &str) -> &str {
    match path.strip_prefix('.') {
        Some(rest) => rest,
        None if path.is_empty() => "it",
        None => path,
    }
}

/// Formats a value, shortened to fit in a line.
fn short(value: &Value) -> String {
    const LONGEST: usize = 160;
    let text = match value {
        Value::Null => "nothing".to_owned(),
        other => other.to_string(),
    };
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}

/// Checks that every rule of a matcher exists.
///
/// # Errors
/// Names the rule that does not exist.
pub fn check(expected: &Value) -> Result<(), String> {
    const RULES: [&str; 9] =
        ["$any", "$absent", "$match", "$contains", "$between", "$len", "$not", "$each", "$all"];
    let check_fields = |fields: &Map<String, Value>| -> Result<(), String> {
        for (name, value) in fields {
            if name.starts_with('$') && (fields.len() > 1 || !RULES.contains(&name.as_str())) {
                return Err(format!("there is no rule `{name}`; use one of {}", RULES.join(", ")));
            }
            if let ("$match", Value::String(pattern)) = (name.as_str(), value) {
                Regex::new(pattern).map_err(|error| error.to_string())?;
            }
            check(value)?;
        }
        Ok(())
    };
    match expected {
        Value::Object(fields) => check_fields(fields),
        Value::Array(items) => items.iter().try_for_each(check),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_fits_and_what_does_not() {
        for (expected, found, fits) in [
            (json!({"a": 1}), json!({"a": 1.0, "b": 2}), true),
            (json!({"a": null}), json!({}), true),
            (json!({"a": 1}), json!({}), false),
            (json!([1, 2]), json!([1, 2, 3]), false),
            (json!([{"a": 1}]), json!([{"a": 1, "b": 1}]), true),
            (json!({"$any": true}), json!(null), false),
            (json!({"$any": true}), json!(0), true),
            (json!({"a": {"$absent": true}}), json!({}), true),
            (json!({"$absent": true}), json!(0), false),
            (json!({"$match": "^a+$"}), json!("aaa"), true),
            (json!({"$match": "^a+$"}), json!("aab"), false),
            (json!({"$match": "1"}), json!(1), false),
            (json!({"$contains": "b"}), json!("abc"), true),
            (json!({"$contains": {"a": 1}}), json!([{"a": 2}, {"a": 1, "b": 3}]), true),
            (json!({"$contains": {"a": 1}}), json!([]), false),
            (json!({"$between": [1, 2]}), json!(2), true),
            (json!({"$between": [1, 2]}), json!(2.1), false),
            (json!({"$len": 2}), json!([1, 1]), true),
            (json!({"$len": {"$between": [3, 4]}}), json!([1, 1]), false),
            (json!({"$not": {"$contains": "b"}}), json!("abc"), false),
            (json!({"$each": {"a": 1}}), json!([{"a": 1}, {"a": 2}]), false),
            (json!({"$all": [{"$contains": "a"}, {"$contains": "b"}]}), json!("ab"), true),
            (json!({"$all": [{"$contains": "a"}, {"$contains": "b"}]}), json!("a"), false),
            (json!({"$odd": 1}), json!(1), false),
        ] {
            let differences = differences(&expected, &found);
            assert_eq!(differences.is_empty(), fits, "{expected} {found}: {differences:?}");
        }
    }

    #[test]
    fn a_difference_says_where() {
        let expected = json!({"jobs": [{"status": "completed"}]});
        let found = json!({"jobs": [{"status": "failed"}]});
        assert_eq!(
            differences(&expected, &found),
            ["jobs[0].status: expected \"completed\", found \"failed\""]
        );
    }

    #[test]
    fn rules_that_do_not_exist_are_found_early() {
        assert!(check(&json!({"a": [{"$contain": 1}]})).unwrap_err().contains("$contain"));
        assert!(check(&json!({"$any": true, "b": 1})).is_err());
        assert!(check(&json!({"$match": "("})).is_err());
        assert!(check(&json!({"a": {"$len": {"$between": [1, 2]}}})).is_ok());
    }
}
