//! What was submitted, and when: enough to find out later what became of it.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A submit as it was sent. It is plain JSON: save it before sending, and a process that died
/// between sending and hearing can be followed up by [`Client::recover`](crate::Client::recover).
///
/// ```
/// let text = r#"{
///     "model": "kwaivgi/kling-lipsync/audio-to-video",
///     "input": {"audio": "https://media.example/a.mp3", "video": "https://media.example/v.mp4"},
///     "sent_at": "2026-01-01T00:00:00Z"
/// }"#;
/// let record: viseme::SubmitRecord = serde_json::from_str(text)?;
/// assert_eq!(record.model, "kwaivgi/kling-lipsync/audio-to-video");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SubmitRecord {
    /// The model's id.
    pub model: String,
    /// The body that was sent, with the URLs of uploaded media.
    pub input: Value,
    /// When it was sent, by this machine's clock.
    #[serde(with = "rfc3339")]
    pub sent_at: SystemTime,
}

impl SubmitRecord {
    /// A record of a submit of `input` to `model` at that time.
    pub fn new(model: impl Into<String>, input: Value, sent_at: SystemTime) -> Self {
        Self { model: model.into(), input, sent_at }
    }
}

/// Times as text, such as `2026-01-01T00:00:00Z`.
mod rfc3339 {
    use std::time::SystemTime;

    use serde::{Deserialize as _, Deserializer, Serializer, de, ser};

    pub(super) fn serialize<S: Serializer>(at: &SystemTime, to: S) -> Result<S::Ok, S::Error> {
        let at = jiff::Timestamp::try_from(*at).map_err(ser::Error::custom)?;
        to.collect_str(&at)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<SystemTime, D::Error> {
        let text = String::deserialize(from)?;
        text.parse::<jiff::Timestamp>().map(Into::into).map_err(|_| {
            de::Error::custom(format_args!("`{text}` is not a time such as 2026-01-31T09:00:00Z"))
        })
    }
}
