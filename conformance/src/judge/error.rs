//! Judges an error that a client raised.

use serde_json::Value;

use crate::case::{ExpectedError, matcher, resolve};
use crate::contract::{ErrorTable, Profile};
use crate::drive::Evidence;
use crate::protocol::ClientError;

/// Built-in classes that speak of a mistake in the client's own code, not of what happened.
const SLIPS: [&str; 9] = [
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

/// What of an error is not as it was to be.
pub(super) fn differences(
    expected: &ExpectedError,
    error: &ClientError,
    profile: &Profile,
    evidence: &Evidence,
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
                evidence,
            ));
        }
    } else if let Some(slip) = error.classes.iter().find(|class| SLIPS.contains(&class.as_str())) {
        found.push(format!(
            "error: {slip} is a slip of the client, not an answer: {}",
            error.message
        ));
    }
    if profile.has("error_attributes")
        && let Some(attributes) = &expected.attributes
    {
        let found_attributes = Value::Object(error.attributes.clone());
        found.extend(matched("error.attributes", attributes, &found_attributes, evidence));
    }
    if let Some(knows) = expected.knows_job {
        found.extend(knowledge_of_job(knows, error, evidence));
    }
    found
}

/// Whether the world's last job can be had from the error: from its attribute, or from its text.
fn knowledge_of_job(knows: bool, error: &ClientError, evidence: &Evidence) -> Option<String> {
    let Some(job) = evidence.jobs.last() else {
        return knows.then(|| "error: there was no job to be known".to_owned());
    };
    let told = error.attributes.get("job_id").and_then(Value::as_str) == Some(job)
        || error.text.contains(job.as_str());
    match (knows, told) {
        (true, false) => Some(format!("error: the job {job} cannot be had from it")),
        (false, true) => Some(format!("error: it tells of the job {job}, which is not known yet")),
        _ => None,
    }
}

fn matched(what: &str, expected: &Value, found: &Value, evidence: &Evidence) -> Vec<String> {
    match resolve(expected, &evidence.facts) {
        Ok(expected) => matcher::differences(&expected, found)
            .into_iter()
            .map(|difference| format!("{what}: {difference}"))
            .collect(),
        Err(error) => vec![format!("{what}: {error}")],
    }
}

/// Whether an error's code, classes and category are those of the table.
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
        found.push("error: its message is empty".to_owned());
    }
    for name in error.attributes.keys() {
        if !table.attributes.contains_key(name) {
            found.push(format!("error: the attribute `{name}` is not in errors.yaml"));
        }
    }
    found
}
