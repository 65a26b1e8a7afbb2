//! The input of a run: a model and its parameters.

use serde_json::Value;
use viseme_spec::{Field, FieldKind, describe};

use crate::media::Media;

/// A model's id and its parameters. Some of them may be media that the client uploads first.
///
/// The typed inputs, such as [`AudioToVideo`](super::AudioToVideo), convert into this. For any other
/// model:
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
    /// JSON, sent unchanged.
    Json(Value),
    /// Media. The client uploads it unless it is a URL, and sends its URL.
    Media(Media),
}

impl Input {
    /// Creates an input without parameters for the model with this id.
    pub fn new(model: impl Into<String>) -> Self {
        Self { model: model.into(), fields: Vec::new() }
    }

    /// Sets a parameter. It replaces an earlier value of the same name.
    ///
    /// A text is a path or a URL if the model is [known](super::describe) and the parameter is a media
    /// parameter; otherwise it is a text. Every language and the command line follow this rule.
    pub fn set(self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        let (name, value) = (name.into(), value.into());
        let value = match value {
            Value::String(text) if self.is_media(&name) && !text.trim().is_empty() => {
                InputValue::Media(Media::from(text))
            }
            json => InputValue::Json(json),
        };
        self.with(name, value)
    }

    /// Sets a parameter to media. It replaces an earlier value of the same name.
    pub fn media(self, name: impl Into<String>, media: impl Into<Media>) -> Self {
        self.with(name.into(), InputValue::Media(media.into()))
    }

    pub(super) fn optional(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => self,
        }
    }

    pub(super) fn optional_media(self, name: &str, media: Option<Media>) -> Self {
        match media {
            Some(media) => self.media(name, media),
            None => self,
        }
    }

    fn with(mut self, name: String, value: InputValue) -> Self {
        self.fields.retain(|(existing, _)| *existing != name);
        self.fields.push((name, value));
        self
    }

    fn is_media(&self, name: &str) -> bool {
        describe(&self.model).is_some_and(|model| model.media_limits(name).is_some())
    }

    /// Returns the input with the defaults of required parameters that the client must send, because
    /// the service requires them but documents a default.
    pub(crate) fn with_defaults(mut self) -> Self {
        let fields = describe(&self.model).map_or(&[][..], |model| model.fields);
        for field in fields {
            if let Some(default) = sent_default(field)
                && self.get(field.name).is_none()
            {
                self.fields.push((field.name.to_owned(), InputValue::Json(default)));
            }
        }
        self
    }

    /// Returns the model's id.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Returns the parameters in the order in which they were set.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &InputValue)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Returns the value of a parameter, or `None` if it is not set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&InputValue> {
        self.fields.iter().find(|(existing, _)| existing == name).map(|(_, value)| value)
    }
}

fn sent_default(field: &Field) -> Option<Value> {
    if !field.default_is_sent {
        return None;
    }
    match field.kind {
        FieldKind::Choice { default, .. } => default.map(Value::from),
        FieldKind::Number(limits) => limits.default.map(Value::from),
        FieldKind::Boolean { default } => default.map(Value::from),
        FieldKind::Media(_) | FieldKind::Text { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const KNOWN: &str = "kwaivgi/kling-lipsync/text-to-video";

    #[test]
    fn a_text_is_media_only_in_a_media_parameter_of_a_known_model() {
        let media = |text: &str| InputValue::Media(Media::from(text));
        for (model, name, value, expected) in [
            (KNOWN, "video", json!("face.mp4"), media("face.mp4")),
            (KNOWN, "video", json!("https://a.example/f.mp4"), media("https://a.example/f.mp4")),
            (KNOWN, "video", json!(" "), InputValue::Json(json!(" "))),
            (KNOWN, "video", json!(7), InputValue::Json(json!(7))),
            (KNOWN, "text", json!("face.mp4"), InputValue::Json(json!("face.mp4"))),
            ("a/b", "video", json!("face.mp4"), InputValue::Json(json!("face.mp4"))),
        ] {
            let input = Input::new(model).set(name, value.clone());
            assert_eq!(input.get(name), Some(&expected), "{model} {name} {value}");
        }
    }

    #[test]
    fn a_missing_parameter_gets_its_default_only_if_the_client_must_send_it() {
        let input = Input::new(KNOWN).set("text", "Hello.").with_defaults();
        assert_eq!(input.get("voice_id"), Some(&InputValue::Json(json!("genshin_klee2"))));
        assert_eq!(input.get("voice_speed"), None);
        let chosen = Input::new(KNOWN).set("voice_id", "AOT").with_defaults();
        assert_eq!(chosen.get("voice_id"), Some(&InputValue::Json(json!("AOT"))));
        assert_eq!(Input::new("kwaivgi/kling-effects").with_defaults().fields().count(), 0);
        assert_eq!(Input::new("a/b").with_defaults().fields().count(), 0);
    }
}
