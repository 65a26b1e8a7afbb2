//! The shape of a model description. The descriptions themselves are in `models/`.

use std::time::Duration;

use crate::container::{Container, MediaKind};

/// Whether a broken rule stops the run or is only reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Level {
    /// The service documents the rule: the input is refused before anything is sent.
    Error,
    /// Only third parties state the rule, or it could not be judged: reported, not refused.
    Warning,
}

/// An inclusive range, and how firmly it is known.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Range<T> {
    /// The smallest allowed value.
    pub min: T,
    /// The largest allowed value.
    pub max: T,
    /// What a value outside of the range amounts to.
    pub level: Level,
    /// Who says so, as a clause behind the limits; empty where the model's page does.
    pub said_by: &'static str,
}

impl<T> Range<T> {
    /// A range on the model's page: a value outside of it is refused.
    pub const fn documented(min: T, max: T) -> Self {
        Self { min, max, level: Level::Error, said_by: "" }
    }

    /// A range that others state: a value outside of it is reported.
    pub const fn hearsay(min: T, max: T, said_by: &'static str) -> Self {
        Self { min, max, level: Level::Warning, said_by }
    }
}

/// What a media field accepts.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct MediaLimits {
    /// Audio, video or image.
    pub kind: MediaKind,
    /// The containers the service documents, as found in the file's content.
    pub containers: &'static [Container],
    /// The file name extensions the service documents, for messages and for names of uploads.
    pub extensions: &'static [&'static str],
    /// Largest size in bytes.
    pub max_bytes: u64,
    /// What a larger file amounts to.
    pub max_bytes_level: Level,
    /// Shortest and longest duration in seconds, the firmest range first; empty for images.
    pub seconds: &'static [Range<f64>],
    /// Smallest and largest displayed width and height in pixels; `None` for audio.
    pub side_px: Option<Range<u32>>,
    /// The lengths in pixels that the shorter displayed side may have (720 for 720p, 1080 for
    /// 1080p); empty where there is no such rule.
    pub short_side_px: &'static [u32],
    /// Smallest and largest width over height; `None` where there is no such rule.
    pub aspect_ratio: Option<Range<f64>>,
    /// Whether the service takes a `data:` URI in place of a URL. Where it does not, the content
    /// of a `data:` URI is uploaded.
    pub data_uris: bool,
}

/// What a number field accepts.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct NumberLimits {
    /// Smallest and largest value.
    pub range: Range<f64>,
    /// The distance between two values, counted from the smallest. A value between is reported,
    /// not refused: what the service makes of it is not known.
    pub step: Option<f64>,
    /// What the service takes where the field is left out.
    pub default: Option<f64>,
}

/// What kind of value a field takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FieldKind {
    /// A media file, sent to the service as a URL.
    Media(MediaLimits),
    /// Text.
    Text {
        /// The most characters (Unicode scalar values: how the service counts is a guess).
        max_chars: Option<usize>,
    },
    /// One of a list of words. The lists grow on the service's side, so a word that is not in it
    /// is reported, not refused; `strict` in the client refuses it.
    Choice {
        /// The words known here.
        values: &'static [&'static str],
        /// What the service takes where the field is left out.
        default: Option<&'static str>,
    },
    /// A number.
    Number(NumberLimits),
    /// `true` or `false`.
    Boolean {
        /// What the service takes where the field is left out.
        default: Option<bool>,
    },
}

/// One parameter of a model.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Field {
    /// The parameter's name in the request body.
    pub name: &'static str,
    /// What it is for, in one sentence.
    pub description: &'static str,
    /// Whether the service demands it.
    pub required: bool,
    /// What values it takes.
    pub kind: FieldKind,
}

/// One model of the service, as data.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ModelDescription {
    /// The model's id, as it stands in the URL of a submit.
    pub id: &'static str,
    /// The name people know it by.
    pub title: &'static str,
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// The service's category for it.
    pub category: &'static str,
    /// Its parameters, in the service's order.
    pub fields: &'static [Field],
    /// How long after the submit the first poll is worth making.
    pub first_poll: Duration,
    /// The longest pause between two polls.
    pub max_poll_interval: Duration,
}

impl ModelDescription {
    /// The parameter of that name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// What the medium of that name may be; `None` where the parameter is none or no medium.
    #[must_use]
    pub fn media_limits(&self, name: &str) -> Option<&'static MediaLimits> {
        match &self.field(name)?.kind {
            FieldKind::Media(limits) => Some(limits),
            _ => None,
        }
    }
}
