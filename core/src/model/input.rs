//! What a run is asked to do: a model and its parameters.

use serde_json::Value;

use crate::media::Media;

/// A model's id and its parameters, of which some may be media that still have to be uploaded.
///
/// The typed inputs, such as [`AudioToVideo`](super::AudioToVideo), turn into this. For a model without one:
///
/// ```
/// use viseme::{Input, Media};
///
/// let input = Input::new("wavespeed-ai/infinitetalk")
///     .media("image", Media::from("face.png"))
///     .media("audio", Media::from("voice.mp3"))
///     .set("resolution", "720p");
/// assert_eq!(input.model(), "wavespeed-ai/infinitetalk");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Input {
    model: String,
    fields: Vec<(String, InputValue)>,
}

/// The value of one parameter.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum InputValue {
    /// Sent as it is.
    Json(Value),
    /// Uploaded first, unless it is a URL already; its URL is sent.
    Media(Media),
}

impl Input {
    /// An input without parameters for the model with this id.
    pub fn new(model: impl Into<String>) -> Self {
        Self { model: model.into(), fields: Vec::new() }
    }

    /// Sets a parameter; one of the same name is replaced.
    pub fn set(self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.with(name.into(), InputValue::Json(value.into()))
    }

    /// Sets a parameter to a medium; one of the same name is replaced.
    pub fn media(self, name: impl Into<String>, media: impl Into<Media>) -> Self {
        self.with(name.into(), InputValue::Media(media.into()))
    }

    fn with(mut self, name: String, value: InputValue) -> Self {
        self.fields.retain(|(existing, _)| *existing != name);
        self.fields.push((name, value));
        self
    }

    /// The model's id.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The parameters, in the order in which they were set.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &InputValue)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The value of a parameter.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&InputValue> {
        self.fields.iter().find(|(existing, _)| existing == name).map(|(_, value)| value)
    }
}
