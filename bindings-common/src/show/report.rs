//! What a check found.

use std::collections::BTreeMap;

use serde::Serialize;
use viseme::Report;
use viseme::media::{MediaInfo, Violation};

use crate::time::millis;

#[derive(Serialize)]
pub(crate) struct ReportView {
    ok: bool,
    violations: Vec<Violation>,
    media: BTreeMap<String, MediaView>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MediaView {
    container: viseme::media::Container,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    video_codec: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio_codec: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    corruption: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    anomaly: Option<String>,
}

impl ReportView {
    pub(crate) fn of(report: Report) -> Self {
        Self {
            ok: report.is_ok(),
            violations: report.violations,
            media: report.media.into_iter().map(|(name, info)| (name, media(info))).collect(),
        }
    }
}

fn media(info: MediaInfo) -> MediaView {
    MediaView {
        container: info.container,
        bytes: info.bytes,
        duration_ms: info.duration.map(millis),
        width: info.width,
        height: info.height,
        video_codec: info.video_codec,
        audio_codec: info.audio_codec,
        corruption: info.corruption,
        anomaly: info.anomaly,
    }
}
