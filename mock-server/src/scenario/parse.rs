//! Reads YAML and JSON of users. Errors name the field and say what is allowed.

use serde::de::DeserializeOwned;
use serde_saphyr::NonFiniteFloatPolicy;

use super::strict::{NOT_TEXT_KEY, Node, Strict};
use crate::suggest::closest;

/// Reads a value in YAML, of which JSON is a part. An empty text is an empty object.
pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    // The fields say whether their numbers can be infinite.
    let options =
        serde_saphyr::options! { non_finite_float_policy: NonFiniteFloatPolicy::PassThrough };
    match serde_saphyr::from_str_with_options::<Node>(text, options) {
        Ok(value) if value.has_nul() => Err("there must be no NUL characters".to_owned()),
        Ok(value) => from_value(&value),
        Err(error) => Err(syntax_error(&error)),
    }
}

/// Reads a value. Errors name the field.
pub(super) fn from_value<T: DeserializeOwned>(value: &Node) -> Result<T, String> {
    serde_path_to_error::deserialize(Strict(value)).map_err(|error| {
        let path = error.path().to_string();
        describe(&path, &error.into_inner().to_string(), value.at(&path))
    })
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
        _ if message.contains(NOT_TEXT_KEY) => NOT_TEXT_KEY.to_owned(),
        _ => "this is not valid YAML or JSON".to_owned(),
    };
    format!("{place}{text}")
}

/// Rewrites a message of the deserializer in the user's words. `value` is the value at the path.
fn describe(path: &str, message: &str, value: Option<&Node>) -> String {
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
            let is_unquoted =
                expected == "a string" && matches!(value, Some(Node::Number(_) | Node::Bool(_)));
            let hint = if is_unquoted { "; put it in quotes" } else { "" };
            let start = if field.is_empty() { "the body ".to_owned() } else { field };
            format!("{start}must be {}{found}{hint}", expectation(expected))
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
        // An index follows a name without a dot.
        Some(inner) if path != "." && inner.starts_with('[') => format!("`{path}{inner}"),
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
fn shown(value: &Node) -> String {
    let text = value.to_string();
    if text.chars().count() > 80 { "a long text".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use crate::Scenario;

    #[test]
    fn an_error_names_the_field_and_what_is_allowed() {
        for (text, expected) in [
            (
                "jobs: [{timelime: {}}]",
                "`jobs[0].timelime` is unknown; allowed: match, timeline, one_of, price_usd, code, \
                 error; did you mean `timeline`?",
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
                "`webhooks.delay` must be a duration such as 300s, 0 to 10000000000 seconds, got \"soon\"",
            ),
            (
                "clock: {start: now, mode: real}",
                "`clock.start` must be a date and time such as 2026-01-01T00:00:00Z, got \"now\"",
            ),
            (
                "clock: {mode: {scaled: 0}}",
                "`clock.mode.scaled` must be above 0 and at most 1000000000, got 0",
            ),
            (
                "jobs: [{timeline: [{created: 10s}, {completed: 5s}]}]",
                "`jobs[0].timeline` must not run backwards: each state begins after the one before it",
            ),
            (
                "faults: [{at: poll, do: {status: 302, location: \"a\\nb\"}}]",
                "`faults[0].do.location` must not have line breaks or other control characters, got \
                 \"a\\nb\"",
            ),
            (
                "faults: [{at: poll, do: {status: 429, retry_after: {raw: \"1\\r\\nX: y\"}}}]",
                "`faults[0].do.retry_after.raw` must not have line breaks or other control \
                 characters, got \"1\\r\\nX: y\"",
            ),
            (
                "faults: [{at: poll, do: {content_type: \"a\\nb\"}}]",
                "`faults[0].do.content_type` must not have line breaks or other control characters, \
                 got \"a\\nb\"",
            ),
            (
                "jobs: [{timeline: [{created: soon}]}]",
                "`jobs[0].timeline[0].created` must be a duration such as 300s, 0 to 10000000000 \
                 seconds, got \"soon\"",
            ),
            ("jobs: [{timeline: [0]}]", "`jobs[0].timeline[0]` must be an object, got 0"),
            (
                "jobs: [{timeline: [{created: 0s}, {faild: 1s}]}]",
                "`jobs[0].timeline` has the status `faild`; did you mean `failed`?",
            ),
            (
                "jobs: [{one_of: [{}, {timeline: [{created: 0s}, {faild: 1s}]}]}]",
                "`jobs[0].one_of[1].timeline` has the status `faild`; did you mean `failed`?",
            ),
            (
                "jobs: [{one_of: [{timeline: [{created: soon}]}]}]",
                "`jobs[0].one_of[0].timeline[0].created` must be a duration such as 300s, 0 to \
                 10000000000 seconds, got \"soon\"",
            ),
            (
                "jobs: [{one_of: [{match: {nth: 1}}]}]",
                "`jobs[0].one_of[0].match` is unknown; allowed: timeline, price_usd, code, error",
            ),
            (
                "jobs: [{one_of: [{price_usd: -1}]}]",
                "`jobs[0].one_of[0].price_usd` must be from 0 to 1000000, got -1",
            ),
            (
                "jobs: [{timeline: {polls: 3}}]",
                "`jobs[0].timeline.polls` is unknown; allowed: after_polls, ends",
            ),
            (
                "jobs: [{timeline: 5s}]",
                "`jobs[0].timeline` must be a list such as [{created: 0s}, {completed: 5s}], or \
                 {after_polls: 3}, got \"5s\"",
            ),
            (
                "faults: [{at: poll, do: {status: 503, retry_after: [7s]}}]",
                "`faults[0].do.retry_after` must be a duration such as 7s, {date: 7s}, or {raw: text}, \
                 got a list",
            ),
            (
                "faults: [{at: poll, do: {status: 503, retry_after: {date: soon}}}]",
                "`faults[0].do.retry_after.date` must be a duration such as 300s, 0 to 10000000000 \
                 seconds, got \"soon\"",
            ),
            ("jobs: [{price_usd: -1}]", "`jobs[0].price_usd` must be from 0 to 1000000, got -1"),
            ("webhooks: {nth: [0]}", "`webhooks.nth` counts from 1, got 0"),
            ("webhooks: {duplicate: 1001}", "`webhooks.duplicate` must be at most 1000, got 1001"),
            ("history: {duplicates: 1001}", "`history.duplicates` must be at most 1000, got 1001"),
            ("clock: manual", "`clock` must be an object, got \"manual\""),
            ("limits: [5, 3]", "`limits` must be an object, got a list"),
            ("- 1", "the body must be an object, got a list"),
            ("jobs: [{error: 404}]", "`jobs[0].error` must be a string, got 404; put it in quotes"),
            ("seed: 1\nseed: 2", "line 2, column 1: `seed` is set twice"),
            ("a: [1, 2", "line 1, column 4: this is not valid YAML or JSON"),
            ("{}\n---\n{}", "line 3, column 1: there must be one YAML document, found several"),
            ("balance_usd: .inf", "`balance_usd` must be from 0 to 1000000000, got inf"),
            ("balance_usd: 1e400", "`balance_usd` must be from 0 to 1000000000, got inf"),
            ("seed: .nan", "`seed` must be a whole number, 0 or more, got NaN"),
            (
                "webhooks: {delay: .inf}",
                "`webhooks.delay` must be a duration such as 300s, 0 to 10000000000 seconds, got inf",
            ),
            (
                "faults: [{at: poll, do: {merge: {data: [.inf]}}}]",
                "`faults[0].do` must have finite numbers only",
            ),
            ("jobs: [{error: \"a\\0\"}]", "there must be no NUL characters"),
            ("[1, 2]: 3", "the key of an object must be a string"),
        ] {
            let error = Scenario::parse(text).unwrap_err();
            assert_eq!(error, format!("The scenario is invalid: {expected}"), "{text}");
        }
    }

    #[test]
    fn whole_numbers_can_have_a_fraction_of_zero() {
        let scenario = Scenario::parse(r#"{"seed": 5.0, "limits": {"per_minute": 2.0}}"#).unwrap();
        assert_eq!((scenario.seed, scenario.limits.per_minute), (Some(5), Some(2)));
    }

    #[test]
    fn a_status_that_resembles_a_known_one_can_be_declared() {
        let text = "jobs: [{timeline: [{created: 0s}, {create: 1s}]}]";
        let error = Scenario::parse(text).unwrap_err();
        assert!(error.contains("`create`; did you mean `created`?"), "{error}");
        let text = format!("other_statuses: [create]\n{text}");
        assert_eq!(Scenario::parse(&text).unwrap().other_statuses, ["create"]);
    }

    #[test]
    fn an_empty_text_is_an_empty_object() {
        assert_eq!(Scenario::parse(" \n").unwrap(), Scenario::default());
    }
}
