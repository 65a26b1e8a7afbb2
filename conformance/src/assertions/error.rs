//! Checks an error that a client raised.

use serde_json::Value;

use crate::case::{ErrorExpectation, matcher, resolve};
use crate::contract::{ErrorTable, Profile};
use crate::protocol::ClientError;
use crate::runner::CaseTrace;

/// Built-in classes that indicate a bug in the client.
const CLIENT_BUG_CLASSES: [&str; 9] = [
    "AttributeError",
    "KeyError",
    "IndexError",
    "TypeError",
    "NameError",
    "AssertionError",
    "RecursionError",
    "ReferenceError",
    "PanicException",
];

/// Returns the differences between an error and its expectation.
pub(super) fn differences(
    expected: &ErrorExpectation,
    error: &ClientError,
    profile: &Profile,
    trace: &CaseTrace,
) -> Vec<String> {
    let mut found = Vec::new();
    if profile.has("error_codes") {
        let wanted: Vec<&String> = expected.code.iter().chain(&expected.any_of).collect();
        let code = error.code.clone().unwrap_or_default();
        if !wanted.is_empty() && !wanted.contains(&&code) {
            let wanted: Vec<_> = wanted.iter().map(|word| word.as_str()).collect();
            let wanted = wanted.join(" or ");
            found.push(format!("error: expected {wanted}, found {code}: {}", error.message));
        }
        if let Some(message) = &expected.message {
            found.extend(matched(
                "error.message",
                message,
                &Value::from(error.message.as_str()),
                trace,
            ));
        }
    } else if let Some(bug) =
        error.classes.iter().find(|class| CLIENT_BUG_CLASSES.contains(&class.as_str()))
    {
        found.push(format!("error: {bug} indicates a bug in the client: {}", error.message));
    }
    if profile.has("error_attributes")
        && let Some(attributes) = &expected.attributes
    {
        let found_attributes = Value::Object(error.attributes.clone());
        found.extend(matched("error.attributes", attributes, &found_attributes, trace));
    }
    if let Some(has_job_id) = expected.has_job_id {
        found.extend(job_id_difference(has_job_id, error, trace));
    }
    found
}

/// Checks whether the error reveals the id of the world's last job, as an attribute or in its text.
fn job_id_difference(expected: bool, error: &ClientError, trace: &CaseTrace) -> Option<String> {
    let Some(job) = trace.jobs.last() else {
        return expected.then(|| "error: expected a job id, but the world has no job".to_owned());
    };
    let revealed = error.attributes.get("job_id").and_then(Value::as_str) == Some(job)
        || error.text.contains(job.as_str());
    match (expected, revealed) {
        (true, false) => {
            Some(format!("error: expected the job id {job}, but the error does not contain it"))
        }
        (false, true) => Some(format!("error: expected no job id, but the error contains {job}")),
        _ => None,
    }
}

fn matched(what: &str, expected: &Value, found: &Value, trace: &CaseTrace) -> Vec<String> {
    match resolve(expected, &trace.variables) {
        Ok(expected) => matcher::differences(&expected, found)
            .into_iter()
            .map(|difference| format!("{what}: {difference}"))
            .collect(),
        Err(error) => vec![format!("{what}: {error}")],
    }
}

/// Checks that the code, classes and category of an error are those of the error table.
pub(super) fn consistency(
    error: &ClientError,
    profile: &Profile,
    table: &ErrorTable,
) -> Vec<String> {
    let mut found = Vec::new();
    if !profile.has("error_codes") {
        return found;
    }
    let code = error.code.clone().unwrap_or_default();
    let Some(row) = table.row(&code) else {
        return vec![format!("error: the code `{code}` is not in errors.yaml")];
    };
    if profile.has("error_classes") {
        let wanted = table.class_names(&code, &profile.language).unwrap_or_default();
        if error.classes != wanted {
            let (wanted, classes) = (wanted.join(", "), error.classes.join(", "));
            found.push(format!("error: classes of {code}: expected {wanted}; found {classes}"));
        }
    }
    if profile.has("error_category") {
        let wanted = table.class(&row.class).and_then(|class| class.category.clone());
        if error.category != wanted {
            found.push(format!("error: category: expected {wanted:?}, found {:?}", error.category));
        }
    }
    if error.message.trim().is_empty() {
        found.push("error: the message is empty".to_owned());
    }
    for name in error.attributes.keys() {
        if !table.attributes.contains_key(name) {
            found.push(format!("error: the attribute `{name}` is not in errors.yaml"));
        }
    }
    found
}
