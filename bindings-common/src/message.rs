//! What is said to the host: one JSON object each.

use serde::Serialize;
use viseme::Error;

use crate::show::error::ErrorView;

/// One message of a task.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Message<T: Serialize> {
    /// Something goes on.
    Event(T),
    /// What came of it; the last message of most tasks.
    Value(T),
    /// Why nothing came of it; the last message.
    Error(T),
    /// One of a list that goes on.
    Item(T),
}

pub(crate) fn text<T: Serialize>(message: &Message<T>) -> String {
    // Everything that is shown is plain data with text for keys, which JSON always has a form for.
    serde_json::to_string(message).unwrap_or_default()
}

pub(crate) fn event(event: impl Serialize) -> String {
    text(&Message::Event(event))
}

fn value(value: impl Serialize) -> String {
    text(&Message::Value(value))
}

pub(crate) fn item(item: impl Serialize) -> String {
    text(&Message::Item(item))
}

pub(crate) fn error(error: &Error) -> String {
    text(&Message::Error(ErrorView::of(error)))
}

/// An outcome as its last message.
pub(crate) fn outcome<T: Serialize>(outcome: Result<T, Error>) -> String {
    match outcome {
        Ok(found) => value(found),
        Err(why) => error(&why),
    }
}

/// A refusal of the border itself: what came over it was not what was agreed on.
#[must_use]
pub fn refusal(code: &'static str, message: String) -> String {
    text(&Message::Error(ErrorView::refusal(code, message)))
}
