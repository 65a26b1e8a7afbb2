//! The format of `recording.yaml`.
//!
//! A reader accepts fields that it does not know, so that later versions can add some. Durations are
//! whole milliseconds. Every text is as the service wrote it, but for what [`RecordedBody`] lists.

mod exchange;
mod file;
mod job;

pub use exchange::{
    Endpoint, OmitReason, Origin, RecordedBody, RecordedExchange, RecordedField, RecordedRequest,
    RecordedResponse,
};
pub use file::{FILE_NAME, ReadError};
pub use job::{JobOutcome, NarrowedBy, RecordedJob, RecordedOutput, RecordedState};

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The version of the format that this crate writes.
pub const VERSION: u32 = 1;

/// What happened between clients and the service while a recorder ran.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recording {
    /// The version of the format: [`VERSION`].
    pub version: u32,
    /// The program that wrote it, such as `viseme 0.1.0`.
    pub recorder: String,
    /// The scheme and host of the service, such as `https://api.wavespeed.ai`.
    pub upstream: String,
    /// When the recorder started. All times in milliseconds count from here, unless they say otherwise.
    pub started_at: Timestamp,
    /// When it ended, or when this was written if it is `unfinished`.
    pub ended_at: Timestamp,
    /// Whether the recorder was killed before it could finish: what happened in the last seconds before that is missing,
    /// and so are kept media.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unfinished: bool,
    /// The jobs whose submit was accepted, in the order of their submits.
    #[serde(default)]
    pub jobs: Vec<RecordedJob>,
    /// The exchanges, in the order in which they began.
    #[serde(default)]
    pub exchanges: Vec<RecordedExchange>,
    /// The facts of all media, by the SHA-256 of their bytes in lower-case hex.
    #[serde(default)]
    pub media: BTreeMap<String, RecordedMedia>,
}

/// The facts of a media file that was uploaded or downloaded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordedMedia {
    /// Its size.
    pub bytes: u64,
    /// The `Content-Type` that it was sent with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// What kind of file it is by its content, such as `mp4`; `None` if it was not recognized.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// How long it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// The width in pixels as displayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// The height in pixels as displayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// The file with its bytes, relative to the recording: `media/<sha256>.<extension>`. Only recordings
    /// with `--keep-media` have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The URLs that it was uploaded to or read from, without their queries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
}

#[cfg(test)]
mod tests;
