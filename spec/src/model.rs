//! The shape of a model description. The descriptions themselves are in `models/`.

use std::time::Duration;

use crate::container::{Container, MediaKind};

/// Whether a violation stops the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Level {
    /// The service documents the rule: the input is invalid and nothing is sent.
    Error,
    /// Only third parties state the rule, or it could not be checked: the run continues.
    Warning,
}

/// An inclusive range and the source that states it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Range<T> {
    /// The smallest allowed value.
    pub min: T,
    /// The largest allowed value.
    pub max: T,
    /// The level of a violation of this range.
    pub level: Level,
    /// The source, as a clause that follows the limits in a message. Empty if it is the model's page.
    pub said_by: &'static str,
}

impl<T> Range<T> {
    /// Returns a range that the model's page documents. A value outside it is an error.
    pub const fn documented(min: T, max: T) -> Self {
        Self { min, max, level: Level::Error, said_by: "" }
    }

    /// Returns a range that only third parties state. A value outside it is a warning.
    pub const fn unofficial(min: T, max: T, said_by: &'static str) -> Self {
        Self { min, max, level: Level::Warning, said_by }
    }
}

/// The media that a parameter accepts.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct MediaLimits {
    /// Audio, video or image.
    pub kind: MediaKind,
    /// The containers that the service documents, as detected from the file's content.
    pub containers: &'static [Container],
    /// The file name extensions that the service documents, for messages and names of uploads.
    pub extensions: &'static [&'static str],
    /// The largest size in bytes.
    pub max_bytes: u64,
    /// The level of a violation of `max_bytes`.
    pub max_bytes_level: Level,
    /// The shortest and longest duration in seconds, the most reliable range first. Empty for images.
    pub seconds: &'static [Range<f64>],
    /// The smallest and largest displayed width and height in pixels. `None` for audio.
    pub side_px: Option<Range<u32>>,
    /// The allowed lengths of the shorter displayed side in pixels (720 for 720p, 1080 for 1080p).
    /// Empty if the model has no such rule.
    pub short_side_px: &'static [u32],
    /// The smallest and largest ratio of width to height. `None` if the model has no such rule.
    pub aspect_ratio: Option<Range<f64>>,
    /// Whether the service accepts a `data:` URI instead of a URL. If not, the client uploads the
    /// content of the `data:` URI.
    pub data_uris: bool,
}

/// The numbers that a parameter accepts.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct NumberLimits {
    /// The smallest and largest value.
    pub range: Range<f64>,
    /// The distance between two values, counted from the smallest. A value in between is a warning:
    /// it is not known how the service treats it.
    pub step: Option<f64>,
    /// The value that the service uses if the parameter is absent.
    pub default: Option<f64>,
}

/// The kind of value that a parameter accepts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FieldKind {
    /// A media file. The service receives a URL.
    Media(MediaLimits),
    /// Text.
    Text {
        /// The largest number of characters, counted as Unicode scalar values (a guess: the service
        /// does not say how it counts).
        max_chars: Option<usize>,
    },
    /// One of a list of values. The service extends its lists, so an unknown value is a warning. With
    /// `strict`, the client treats it as an error.
    Choice {
        /// The known values.
        values: &'static [&'static str],
        /// The value that the service uses if the parameter is absent.
        default: Option<&'static str>,
    },
    /// A number.
    Number(NumberLimits),
    /// `true` or `false`.
    Boolean {
        /// The value that the service uses if the parameter is absent.
        default: Option<bool>,
    },
}

/// One parameter of a model.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Field {
    /// The parameter's name in the request body.
    pub name: &'static str,
    /// What the parameter is for, in one sentence.
    pub description: &'static str,
    /// Whether the service requires it.
    pub required: bool,
    /// Whether the client sends the default if the caller does not set the parameter: the service
    /// requires the parameter but documents a default.
    pub default_is_sent: bool,
    /// The values that it accepts.
    pub kind: FieldKind,
}

/// A model of the service, as data.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ModelDescription {
    /// The model's id, as in the URL of a submit.
    pub id: &'static str,
    /// The title for people.
    pub title: &'static str,
    /// What the model does, in one sentence.
    pub summary: &'static str,
    /// The service's category of the model.
    pub category: &'static str,
    /// The parameters, in the service's order.
    pub fields: &'static [Field],
    /// The time from the submit to the first poll.
    pub first_poll: Duration,
    /// The longest interval between two polls.
    pub max_poll_interval: Duration,
}

impl ModelDescription {
    /// Returns the parameter with this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Returns the limits of the media parameter with this name, or `None` if there is no such media
    /// parameter.
    #[must_use]
    pub fn media_limits(&self, name: &str) -> Option<&'static MediaLimits> {
        match &self.field(name)?.kind {
            FieldKind::Media(limits) => Some(limits),
            _ => None,
        }
    }
}
