//! `kwaivgi/kling-lipsync/audio-to-video`. Limits as documented on the model's page (`llms.txt`),
//! unless noted otherwise.

use super::{FIRST_POLL, MAX_POLL_INTERVAL, MB};
use crate::container::{Container, MediaKind};
use crate::model::{Field, FieldKind, Level, MediaLimits, ModelDescription, Range};

pub(super) const DESCRIPTION: ModelDescription = ModelDescription {
    id: "kwaivgi/kling-lipsync/audio-to-video",
    title: "Kling LipSync: audio to video",
    summary: "Lip-syncs a video to an audio track.",
    category: "digital-human",
    fields: &[
        Field {
            name: "audio",
            description: "The audio track with the voice.",
            required: true,
            default_is_sent: false,
            kind: FieldKind::Media(MediaLimits {
                kind: MediaKind::Audio,
                containers: &[Container::Mp3, Container::Wav, Container::M4a, Container::Adts],
                extensions: &["mp3", "wav", "m4a", "aac"],
                max_bytes: 5 * MB,
                max_bytes_level: Level::Error,
                // Stated by Kling and by another reseller, not by WaveSpeedAI.
                seconds: &[Range::unofficial(
                    2.0,
                    60.0,
                    "according to third parties, not the service",
                )],
                side_px: None,
                short_side_px: &[],
                aspect_ratio: None,
                data_uris: false,
            }),
        },
        Field {
            name: "video",
            description: "The video of the face to lip-sync.",
            required: true,
            default_is_sent: false,
            kind: FieldKind::Media(MediaLimits {
                kind: MediaKind::Video,
                containers: &[Container::Mp4, Container::Mov],
                extensions: &["mp4", "mov"],
                max_bytes: 100 * MB,
                max_bytes_level: Level::Error,
                seconds: &[Range::documented(2.0, 10.0)],
                side_px: Some(Range::documented(720, 1920)),
                // "720p or 1080p only": read as the length of the shorter side, so that portrait
                // and square videos follow the same rule. The page does not say so: a guess.
                short_side_px: &[720, 1080],
                aspect_ratio: None,
                data_uris: false,
            }),
        },
    ],
    first_poll: FIRST_POLL,
    max_poll_interval: MAX_POLL_INTERVAL,
};
