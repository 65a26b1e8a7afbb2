//! What must hold in every case, whatever it is about.

use crate::drive::Evidence;

/// A place where a text was found.
pub(super) struct Place {
    /// `errors`, `logs` or `urls`.
    pub(super) kind: String,
    /// Where exactly.
    pub(super) text: String,
}

/// The key stands nowhere but in the header that it belongs to, and goes to the API alone.
pub(super) fn differences(evidence: &Evidence) -> Vec<String> {
    let mut found = Vec::new();
    if !evidence.key.is_empty() {
        for place in places_with(evidence, &evidence.key) {
            found.push(format!("the key stands in {}", place.text));
        }
    }
    for exchange in &evidence.journal {
        if exchange.authorized && !exchange.path.starts_with("/api/") {
            found.push(format!(
                "the key was sent where it does not belong: #{} {} {}",
                exchange.sequence, exchange.method, exchange.path
            ));
        }
    }
    found
}

/// Where a text stands.
pub(super) fn places_with(evidence: &Evidence, text: &str) -> Vec<Place> {
    let mut places = Vec::new();
    let mut look = |kind: &str, place: String, content: &str| {
        if content.contains(text) {
            places.push(Place { kind: kind.to_owned(), text: place });
        }
    };
    for step in &evidence.steps {
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
    for exchange in &evidence.journal {
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
