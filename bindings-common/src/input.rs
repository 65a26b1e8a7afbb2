//! Inputs and media, from a host's values to the core's.

use std::sync::{Mutex, PoisonError};

use tokio::sync::mpsc::UnboundedSender;
use viseme::{Input, Media};

use crate::dto::{ErrorData, FieldData, InputData, MediaBytes, MediaData};

/// The contents of media that are in memory, copied: the host may change its own while they are
/// sent.
pub(crate) struct Contents(pub(crate) Vec<Vec<u8>>);

impl InputData {
    /// Returns the core's input, with contents taken out of `contents`.
    pub(crate) fn build(self, contents: &mut Contents) -> Result<Input, ErrorData> {
        let mut input = Input::new(&self.model);
        for (name, field) in self.fields {
            input = match field {
                FieldData::Value(value) => input.set(name, value),
                FieldData::Media(medium) => input.media(name, medium.build(contents)?),
            };
        }
        Ok(input)
    }
}

impl MediaData {
    /// Returns the core's medium, with its content taken out of `contents`.
    pub(crate) fn build(self, contents: &mut Contents) -> Result<Media, ErrorData> {
        Ok(match self {
            Self::Path(path) => Media::path(path),
            Self::Text(text) => Media::from(text),
            Self::Bytes(MediaBytes { at, name }) => {
                let content = contents.0.get_mut(at as usize).ok_or_else(|| {
                    ErrorData::new("invalid_input", format!("The medium `{name}` has no content."))
                })?;
                Media::bytes(name, std::mem::take(content))
            }
        })
    }
}

/// Sends inputs to many runs.
pub(crate) struct InputSender(Mutex<Option<UnboundedSender<Result<Input, ErrorData>>>>);

impl InputSender {
    pub(crate) fn new(inputs: UnboundedSender<Result<Input, ErrorData>>) -> Self {
        Self(Mutex::new(Some(inputs)))
    }

    /// Sends the inputs of a JSON array; returns whether the runs still accept inputs.
    pub(crate) fn push(&self, inputs: &str, contents: Vec<Vec<u8>>) -> bool {
        let mut contents = Contents(contents);
        let inputs = match crate::message::parse::<Vec<InputData>>(inputs) {
            Ok(inputs) => inputs.into_iter().map(|input| input.build(&mut contents)).collect(),
            Err(error) => vec![Err(error)],
        };
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(sender) = sender.as_ref() else { return false };
        inputs.into_iter().all(|input| sender.send(input).is_ok())
    }

    /// Ends the inputs.
    pub(crate) fn finish(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
