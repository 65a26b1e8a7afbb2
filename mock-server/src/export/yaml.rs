//! Writes JSON values as YAML. Strings that another type could be read from are in quotes.

use serde_json::{Map, Value};

/// The longest list or object that is written on one line.
const MAX_LINE: usize = 96;

/// The names that come first in their objects.
const FIRST: [&str; 18] = [
    "id", "doc", "given", "when", "op", "input", "model", "video", "then", "match", "timeline",
    "one_of", "at", "nth", "every", "until", "status", "do",
];

/// Returns a value as a YAML document.
pub(super) fn document(value: &Value) -> String {
    let mut text = String::new();
    block(value, 0, &mut text);
    text
}

fn block(value: &Value, indent: usize, text: &mut String) {
    let pad = " ".repeat(indent);
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (at, (name, value)) in in_order(fields).into_iter().enumerate() {
                // The first field of a list's entry is on the line of its dash.
                if at > 0 || !text.ends_with("- ") {
                    text.push_str(&pad);
                }
                text.push_str(&scalar(name));
                text.push(':');
                child(value, indent, text);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                if at > 0 || !text.ends_with("- ") {
                    text.push_str(&pad);
                }
                text.push_str("- ");
                if is_short(item) {
                    text.push_str(&flow(item));
                    text.push('\n');
                } else {
                    block(item, indent + 2, text);
                }
            }
        }
        other => {
            text.push_str(&flow(other));
            text.push('\n');
        }
    }
}

fn child(value: &Value, indent: usize, text: &mut String) {
    if is_short(value) {
        text.push(' ');
        text.push_str(&flow(value));
        text.push('\n');
    } else {
        text.push('\n');
        block(value, indent + 2, text);
    }
}

/// Returns fields in the order in which people write them: what is named first, then the others.
fn in_order(fields: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let rank = |name: &str| FIRST.iter().position(|first| *first == name).unwrap_or(FIRST.len());
    let mut fields: Vec<_> = fields.iter().collect();
    fields.sort_by_key(|(name, _)| rank(name));
    fields
}

fn is_short(value: &Value) -> bool {
    match value {
        Value::Object(_) | Value::Array(_) => flow(value).len() <= MAX_LINE,
        _ => true,
    }
}

/// Returns a value on one line.
fn flow(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields = in_order(fields)
                .into_iter()
                .map(|(name, value)| format!("{}: {}", scalar(name), flow(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", "))
        }
        Value::String(word) => scalar(word),
        other => other.to_string(),
    }
}

/// Returns a string, in quotes unless it is a plain word or a duration. JSON strings are YAML.
fn scalar(word: &str) -> String {
    let is_plain = word.starts_with(|first: char| first.is_ascii_lowercase())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c))
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&word);
    let is_method = ["DELETE", "GET", "HEAD", "POST", "PUT"].contains(&word);
    let is_duration = word
        .strip_suffix("ms")
        .or_else(|| word.strip_suffix(['s', 'm', 'h']))
        .is_some_and(|number| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()));
    if is_plain || is_method || is_duration {
        return word.to_owned();
    }
    Value::from(word).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scenario::parse::parse;

    #[test]
    fn yaml_is_read_as_the_same_value() {
        let long = "x".repeat(90);
        for value in [
            json!({"a": {"b": [1, 2.5, null, true], "c": "true", "d": "- x: y"}}),
            json!([{"id": "a/b", "doc": "It's \"so\": #1", "list": [{"x": long, "y": [long]}]}]),
            json!({"empty": {}, "none": [], "text": "", "number": "1e3", "time": "2s", "zero": "0x1"}),
            json!({"deep": [[[1]], [{"a": [{"b": long}]}]], "POST": "*/a", "date": "2026-01-01T00:00:00Z"}),
            json!({"no": "no", "ß": "Grüß Gott\n\ttab", "null": "null", "~": "~", "NULL": "TRUE"}),
        ] {
            let text = document(&value);
            let again: Value = parse(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
            assert_eq!(again, value, "{text}");
        }
    }
}
