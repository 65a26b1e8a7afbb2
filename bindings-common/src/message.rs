//! Requests and messages as JSON text.

use serde::Serialize;
use serde::de::DeserializeOwned;
use viseme::Error;

use crate::dto::{ErrorData, Message};

/// Reads a request. The host's package has validated the values of its user, so this fails only if
/// that package and this library disagree.
pub(crate) fn parse<T: DeserializeOwned>(request: &str) -> Result<T, Box<ErrorData>> {
    serde_json::from_str(request).map_err(|error| {
        let reason = error.to_string();
        // The position in the JSON text means nothing to the user.
        let reason = reason.split(" at line ").next().unwrap_or_default();
        ErrorData::new("invalid_input", format!("The call has an invalid value: {reason}."))
    })
}

fn text<T: Serialize>(message: &Message<T>) -> String {
    // Messages are plain data with text for keys, which always has a JSON form.
    serde_json::to_string(message).unwrap_or_default()
}

pub(crate) fn event(event: impl Serialize) -> String {
    text(&Message::Event(event))
}

pub(crate) fn item(item: impl Serialize) -> String {
    text(&Message::Item(item))
}

/// Returns a result as the message that ends a task.
pub(crate) fn value<T: Serialize>(value: T) -> String {
    text(&Message::Value(value))
}

/// Returns an error as the message that ends a task.
#[must_use]
pub fn error(error: Box<ErrorData>) -> String {
    text(&Message::<()>::Error(error))
}

/// Returns the last message of a task: the value as `T`, or the error.
pub(crate) fn outcome<T: Serialize>(outcome: Result<impl Into<T>, Error>) -> String {
    match outcome {
        Ok(result) => value::<T>(result.into()),
        Err(cause) => error(cause.into()),
    }
}
