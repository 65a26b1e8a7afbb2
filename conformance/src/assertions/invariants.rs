//! What must hold in every case.

use crate::runner::CaseTrace;

/// A place where a text was found.
pub(super) struct SourceLocation {
    /// The kind of place: `errors`, `logs` or `urls`.
    pub(super) kind: String,
    /// A description of the place.
    pub(super) text: String,
}

/// The API key appears nowhere except in its header, and is sent only to the API.
pub(super) fn differences(trace: &CaseTrace) -> Vec<String> {
    let mut found = Vec::new();
    if !trace.key.is_empty() {
        for place in places_with(trace, &trace.key) {
            found.push(format!("the API key appears in {}", place.text));
        }
    }
    for exchange in &trace.journal {
        if exchange.authorized && !exchange.path.starts_with("/api/") {
            found.push(format!(
                "the API key was sent to another host: #{} {} {}",
                exchange.sequence, exchange.method, exchange.path
            ));
        }
    }
    found
}

/// Returns the places where a text appears.
pub(super) fn places_with(trace: &CaseTrace, text: &str) -> Vec<SourceLocation> {
    let mut places = Vec::new();
    let mut look = |kind: &str, place: String, content: &str| {
        if content.contains(text) {
            places.push(SourceLocation { kind: kind.to_owned(), text: place });
        }
    };
    for step in &trace.steps {
        let Some(outcome) = &step.outcome else { continue };
        if let Some(error) = &outcome.error {
            look("errors", format!("the error of step {}", step.name), &error.text);
            look("errors", format!("the message of step {}", step.name), &error.message);
            let attributes = serde_json::to_string(&error.attributes).unwrap_or_default();
            look("errors", format!("the error's attributes of step {}", step.name), &attributes);
        }
        for event in &outcome.events {
            look("errors", format!("an event of step {}", step.name), &event.to_string());
        }
        for line in &outcome.logs {
            look("logs", format!("the log of step {}", step.name), line);
        }
        if let Some(value) = &outcome.value {
            look("urls", format!("the value of step {}", step.name), &value.to_string());
        }
    }
    for exchange in &trace.journal {
        let url = format!("{}?{}", exchange.path, exchange.query);
        look("urls", format!("the URL of #{} {}", exchange.sequence, exchange.method), &url);
        for (name, value) in &exchange.headers {
            look("urls", format!("the header {name} of #{}", exchange.sequence), value);
        }
        if let Some(body) = &exchange.body {
            let body = body.to_string();
            look("urls", format!("the body of #{}", exchange.sequence), &body);
        }
    }
    places
}
