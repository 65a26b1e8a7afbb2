//! What a check found.

use std::collections::HashMap;
use std::time::Duration;

use viseme::Report;
use viseme::media::{MediaInfo, Violation};

use crate::time::bounded;

/// A broken rule.
#[derive(Debug, Clone, uniffi::Record)]
pub struct NativeViolation {
    /// The parameter.
    pub field: String,
    /// The rule's code.
    pub rule: String,
    /// Whether the input is refused for it.
    pub is_error: bool,
    /// What was found.
    pub actual: String,
    /// What is allowed.
    pub allowed: String,
    /// As a sentence.
    pub explanation: String,
}

/// What a medium says of itself.
#[derive(Debug, Clone, uniffi::Record)]
pub struct NativeMediaInfo {
    /// What the file really is.
    pub container: String,
    /// Its size.
    pub bytes: Option<u64>,
    /// Its playing time.
    pub duration: Option<Duration>,
    /// Its displayed width in pixels.
    pub width: Option<u32>,
    /// Its displayed height in pixels.
    pub height: Option<u32>,
    /// The codec of its pictures.
    pub video_codec: Option<String>,
    /// The codec of its sound.
    pub audio_codec: Option<String>,
}

/// What a check found.
#[derive(Debug, Clone, uniffi::Record)]
pub struct NativeReport {
    /// The broken rules.
    pub violations: Vec<NativeViolation>,
    /// The media that could be read, by parameter.
    pub media: HashMap<String, NativeMediaInfo>,
}

impl From<&Violation> for NativeViolation {
    fn from(violation: &Violation) -> Self {
        Self {
            field: violation.field.clone(),
            rule: violation.rule.code().to_owned(),
            is_error: violation.is_error(),
            actual: violation.actual.clone(),
            allowed: violation.allowed.clone(),
            explanation: violation.message.clone(),
        }
    }
}

impl From<&MediaInfo> for NativeMediaInfo {
    fn from(info: &MediaInfo) -> Self {
        // The container's name is a word in JSON.
        let container = serde_json::to_value(info.container).unwrap_or_default();
        Self {
            container: container.as_str().unwrap_or_default().to_owned(),
            bytes: info.bytes,
            duration: info.duration.map(bounded),
            width: info.width,
            height: info.height,
            video_codec: info.video_codec.clone(),
            audio_codec: info.audio_codec.clone(),
        }
    }
}

impl From<&Report> for NativeReport {
    fn from(report: &Report) -> Self {
        let media = report.media.iter();
        Self {
            violations: report.violations.iter().map(NativeViolation::from).collect(),
            media: media.map(|(name, info)| (name.clone(), info.into())).collect(),
        }
    }
}
