//! Reads YAML and JSON of users. Errors name the field and say what is allowed.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::suggest::closest;

/// Reads a value in YAML, of which JSON is a part. An empty text is an empty object.
pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    let error = match serde_saphyr::from_str(text) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    // The text is read once more as plain data, to find the field and its value.
    match serde_saphyr::from_str::<Plain>(text) {
        Ok(Plain(value)) => from_value(&value).and_then(|_: T| Err(syntax_error(&error))),
        Err(error) => Err(syntax_error(&error)),
    }
}

/// Reads a value. Errors name the field.
pub(super) fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let at = value.pointer(&pointer(&path)).cloned();
        describe(&path, &error.into_inner().to_string(), at.as_ref())
    })
}

/// Returns the JSON pointer of a path such as `jobs[0].match`.
fn pointer(path: &str) -> String {
    if path == "." {
        return String::new();
    }
    format!("/{}", path.replace('[', "/").replace(']', "").replace('.', "/"))
}

/// Describes text that is neither YAML nor JSON.
fn syntax_error(error: &serde_saphyr::Error) -> String {
    let message = error.without_snippet().to_string();
    let place = error.location().map_or_else(String::new, |location| {
        format!("line {}, column {}: ", location.line(), location.column())
    });
    // The library's messages are not shown: they name its types and options.
    let text = match error.without_snippet() {
        serde_saphyr::Error::DuplicateMappingKey { key, .. } => match key {
            Some(key) => format!("`{key}` is set twice"),
            None => "a key is set twice".to_owned(),
        },
        serde_saphyr::Error::MultipleDocuments { .. } => {
            "there must be one YAML document, found several".to_owned()
        }
        serde_saphyr::Error::Unexpected { expected: "mapping start", .. } => {
            "there must be an object here".to_owned()
        }
        _ if message.contains(NOT_FINITE) => format!("a number {NOT_FINITE}"),
        _ if message.contains(NOT_TEXT_KEY) => NOT_TEXT_KEY.to_owned(),
        _ => "this is not valid YAML or JSON".to_owned(),
    };
    format!("{place}{text}")
}

/// Rewrites a message of the deserializer in the user's words. `value` is the value at the path.
fn describe(path: &str, message: &str, value: Option<&Value>) -> String {
    let field = if path == "." { String::new() } else { format!("`{path}` ") };
    if let Some((name, allowed)) = quoted_after(message, "unknown field `") {
        // The path may end with the unknown field itself.
        let parent = path.strip_suffix(name).map_or(path, |parent| parent.trim_end_matches('.'));
        let full =
            if matches!(parent, "" | ".") { name.to_owned() } else { format!("{parent}.{name}") };
        return format!("`{full}` is unknown; {}", allowed_names(name, &allowed));
    }
    if let Some((name, allowed)) = quoted_after(message, "unknown variant `") {
        return format!("{field}must be one of {}, got `{name}`", allowed.join(", "));
    }
    if let Some(name) = message.strip_prefix("missing field `").and_then(|it| it.strip_suffix('`'))
    {
        let full = if path == "." { name.to_owned() } else { format!("{path}.{name}") };
        return format!("`{full}` is required");
    }
    let mismatch = message
        .strip_prefix("invalid type: ")
        .or_else(|| message.strip_prefix("invalid value: "))
        .and_then(|rest| rest.rsplit_once(", expected "));
    match mismatch {
        Some((_, "unit")) => format!("{field}takes no value"),
        Some((_, expected)) => {
            let found = value.map_or_else(String::new, |value| format!(", got {}", shown(value)));
            format!("{field}must be {}{found}", expectation(expected))
        }
        // A message that names a field within this one.
        None if message.starts_with('`') => within(path, message),
        None if field.is_empty() => message.to_owned(),
        None => format!("{field}{message}"),
    }
}

/// Puts the path of a field before the name that the message begins with.
pub(super) fn within(path: &str, message: &str) -> String {
    match message.strip_prefix('`') {
        Some(inner) if path != "." => format!("`{path}.{inner}"),
        _ => message.to_owned(),
    }
}

/// Returns the quoted name after the prefix, and the quoted names after it.
fn quoted_after<'m>(message: &'m str, prefix: &str) -> Option<(&'m str, Vec<&'m str>)> {
    let (name, rest) = message.strip_prefix(prefix)?.split_once('`')?;
    Some((name, rest.split('`').skip(1).step_by(2).collect()))
}

fn allowed_names(name: &str, allowed: &[&str]) -> String {
    let suggestion = closest(name, allowed.iter().copied(), 2)
        .map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
    format!("allowed: {}{suggestion}", allowed.join(", "))
}

/// Returns what is expected in the user's words.
fn expectation(expected: &str) -> &str {
    match expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number, 0 or more",
        "i64" | "i32" => "a whole number",
        "f64" | "f32" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        "struct variant" => "an object",
        "string or map" => "a string",
        _ if expected.starts_with("struct ") => "an object",
        _ if expected.starts_with("enum ") => "a string",
        other => other,
    }
}

/// Returns a value for a message: short ones as they are.
fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        value => {
            let text = value.to_string();
            if text.chars().count() > 80 { "a long text".to_owned() } else { text }
        }
    }
}

const NOT_FINITE: &str = "must be finite";
const NOT_TEXT_KEY: &str = "the key of an object must be a string";

/// Any value of JSON. Numbers that JSON does not have are errors, not null.
struct Plain(Value);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PlainVisitor;

        impl<'de> Visitor<'de> for PlainVisitor {
            type Value = Plain;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value of JSON")
            }

            fn visit_unit<E: de::Error>(self) -> Result<Plain, E> {
                Ok(Plain(Value::Null))
            }

            fn visit_none<E: de::Error>(self) -> Result<Plain, E> {
                Ok(Plain(Value::Null))
            }

            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Plain, D::Error> {
                Plain::deserialize(deserializer)
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Plain, E> {
                Ok(Plain(Value::Bool(value)))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Plain, E> {
                Ok(Plain(value.into()))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Plain, E> {
                Ok(Plain(value.into()))
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Plain, E> {
                let number = Number::from_f64(value).ok_or_else(|| E::custom(NOT_FINITE))?;
                Ok(Plain(Value::Number(number)))
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Plain, E> {
                Ok(Plain(value.into()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Plain, A::Error> {
                let mut list = Vec::new();
                while let Some(Plain(item)) = items.next_element()? {
                    list.push(item);
                }
                Ok(Plain(Value::Array(list)))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Plain, A::Error> {
                let mut object = Map::new();
                while let Some((Plain(key), Plain(value))) = entries.next_entry()? {
                    let key = match key {
                        Value::String(key) => key,
                        Value::Array(_) | Value::Object(_) | Value::Null => {
                            return Err(de::Error::custom(NOT_TEXT_KEY));
                        }
                        key => key.to_string(),
                    };
                    object.insert(key, value);
                }
                Ok(Plain(Value::Object(object)))
            }
        }

        deserializer.deserialize_any(PlainVisitor)
    }
}

#[cfg(test)]
mod tests {
    use crate::Scenario;

    #[test]
    fn an_error_names_the_field_and_what_is_allowed() {
        for (text, expected) in [
            (
                "jobs: [{timelime: {}}]",
                "`jobs[0].timelime` is unknown; allowed: match, timeline, price_usd, code, error; did \
                 you mean `timeline`?",
            ),
            ("seed: -1", "`seed` must be a whole number, 0 or more, got -1"),
            ("seed: many", "`seed` must be a whole number, 0 or more, got \"many\""),
            ("faults: {at: poll}", "`faults` must be a list, got an object"),
            (
                "faults: [{at: poll, do: {status: abc}}]",
                "`faults[0].do.status` must be a whole number from 0 to 65535, got \"abc\"",
            ),
            ("faults: [{do: reset}]", "`faults[0].at` is required"),
            ("faults: [{at: poll, do: drip}]", "`faults[0].do.drip` needs a value: {drip: ...}"),
            ("faults: [{at: poll, do: {reset: 5}}]", "`faults[0].do.reset` takes no value"),
            (
                "faults: [{at: poll, do: {envelope_error: {code: 5}}}]",
                "`faults[0].do.envelope_error.message` is required",
            ),
            (
                "faults: [{at: poll, do: {envelope_error: 5}}]",
                "`faults[0].do.envelope_error` must be an object, got 5",
            ),
            (
                "faults: [{at: moon, do: reset}]",
                "`faults[0].at` must be one of submit, poll, presign, put, output, history, other, \
                 any, got `moon`",
            ),
            ("faults: [{at: poll, nth: 0, do: reset}]", "`faults[0].nth` counts from 1, got 0"),
            ("webhooks: {drop: maybe}", "`webhooks.drop` must be true or false, got \"maybe\""),
            (
                "webhooks: {delay: soon}",
                "`webhooks.delay` must be a duration such as 300s, got \"soon\"",
            ),
            (
                "clock: {start: now, mode: real}",
                "`clock.start` must be a date and time such as 2026-01-01T00:00:00Z, got \"now\"",
            ),
            ("clock: {mode: {scaled: 0}}", "`clock.mode.scaled` must be a number above 0, got 0"),
            ("clock: manual", "`clock` must be an object, got \"manual\""),
            ("limits: [5, 3]", "line 1, column 9: there must be an object here"),
            ("seed: 1\nseed: 2", "line 2, column 1: `seed` is set twice"),
            ("a: [1, 2", "line 1, column 4: this is not valid YAML or JSON"),
            ("{}\n---\n{}", "line 3, column 1: there must be one YAML document, found several"),
            ("balance_usd: .inf", "`balance_usd` must be a number, 0 or more"),
        ] {
            let error = Scenario::parse(text).unwrap_err();
            assert_eq!(error, format!("The scenario is invalid: {expected}"), "{text}");
        }
    }

    #[test]
    fn an_empty_text_is_an_empty_object() {
        assert_eq!(Scenario::parse(" \n").unwrap(), Scenario::default());
    }
}
