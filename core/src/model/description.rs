//! The shape of a model description. The descriptions themselves are in `catalogue.rs`.

use std::time::Duration;

use crate::media::{Container, MediaKind};

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
}

/// What a media field accepts.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct MediaLimits {
    /// Audio or video.
    pub kind: MediaKind,
    /// The containers the service documents, as found in the file's content.
    pub containers: &'static [Container],
    /// The file name extensions the service documents, for messages and for names of uploads.
    pub extensions: &'static [&'static str],
    /// Largest size in bytes.
    pub max_bytes: u64,
    /// Shortest and longest duration in seconds.
    pub seconds: Range<f64>,
    /// Smallest and largest displayed width and height in pixels; `None` for audio.
    pub side_px: Option<Range<u32>>,
    /// The lengths in pixels that the shorter displayed side may have (720 for 720p, 1080 for
    /// 1080p); empty where there is no such rule.
    pub short_side_px: &'static [u32],
}

/// What kind of value a field takes.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum FieldKind {
    /// A media file, sent to the service as a URL.
    Media(MediaLimits),
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
}
