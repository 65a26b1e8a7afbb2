//! Determines which features a case requires.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::input::{is_typed, media_of};
use super::{Case, Operation};

/// The options that require a feature.
const OPTIONS: [(&str, &str); 10] = [
    ("sync", "sync"),
    ("base64", "base64"),
    ("webhook", "webhook"),
    ("deadline", "deadline"),
    ("headers", "request_headers"),
    ("progress_error", "progress_errors"),
    ("submit_error", "before_submit"),
    ("save_record", "save_record"),
    ("key", "ledger"),
    ("retry_failed", "ledger"),
];

/// The settings and their features.
const SETTINGS: [(&str, &str); 13] = [
    ("request_timeout", "request_timeout"),
    ("deadline", "deadline"),
    ("pacing", "pacing"),
    ("learned_pacing", "learned_pacing"),
    ("polls_per_job", "learned_pacing"),
    ("pacing_file", "learned_pacing"),
    ("backoff", "retry_settings"),
    ("max_retry_after", "retry_settings"),
    ("max_retries", "retry_settings"),
    ("recovery_window", "recovery"),
    ("submit_limits", "submit_limits"),
    ("client_name", "client_name"),
    ("ledger", "ledger"),
];

pub(super) fn features(case: &Case) -> Vec<String> {
    let mut required: BTreeSet<String> = case.requires.iter().cloned().collect();
    let mut add = |word: &str| {
        required.insert(word.to_owned());
    };
    of_settings(&case.settings, &mut add);
    for operation in case.operations() {
        of_operation(operation, &mut add);
    }
    let then = &case.then;
    if then.events.is_some() {
        add("progress");
    }
    let has_schedule =
        ["at", "gaps", "not_before", "not_after"].iter().any(|word| then.polls.contains_key(*word));
    if !then.elapsed.is_empty() || has_schedule {
        add("virtual_clock");
    }
    required.into_iter().collect()
}

fn of_operation(operation: &Operation, add: &mut impl FnMut(&str)) {
    add(&operation.op);
    of_settings(&operation.settings, add);
    for (option, feature) in OPTIONS {
        if operation.options.contains_key(option) {
            add(feature);
        }
    }
    if operation.background {
        add("parallel");
    }
    if operation.cancel.is_some() {
        add("cancel");
    }
    if operation.then.events.is_some() {
        add("progress");
    }
    let many = operation.input.get("inputs").and_then(Value::as_array);
    let inputs = many.into_iter().flatten().filter_map(Value::as_object);
    for input in std::iter::once(&operation.input).chain(inputs) {
        of_input(input, add);
    }
}

fn of_input(input: &Map<String, Value>, add: &mut impl FnMut(&str)) {
    if let Some(Value::String(model)) = input.get("model") {
        let untyped = input.get("untyped") == Some(&Value::Bool(true));
        // The operations `history` and `price` take any model.
        if (untyped || !is_typed(model)) && !input.contains_key("page_size") {
            add("any_model");
        }
    }
    for (_, medium) in media_of(input) {
        for kind in ["path", "bytes", "stream", "url"] {
            if medium.get(kind).is_some() {
                add(&format!("media_{kind}"));
            }
        }
    }
}

fn of_settings(settings: &Map<String, Value>, add: &mut impl FnMut(&str)) {
    for (setting, feature) in SETTINGS {
        if settings.contains_key(setting) {
            add(feature);
        }
    }
}
