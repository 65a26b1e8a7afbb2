//! The models this crate knows, as data. Validation, documentation and the mock server's
//! catalogue all read this one place.

use std::time::Duration;

use super::description::{Field, FieldKind, Level, MediaLimits, ModelDescription, Range};
use crate::media::{Container, MediaKind};

/// Every model this crate knows the parameters of.
#[must_use]
pub fn descriptions() -> &'static [ModelDescription] {
    &[AUDIO_TO_VIDEO]
}

/// The description of the model with that id, if this crate knows it.
#[must_use]
pub fn describe(model: &str) -> Option<&'static ModelDescription> {
    descriptions().iter().find(|description| description.id == model)
}

/// Limits as documented on the model's page (`llms.txt`), unless a comment says otherwise.
const AUDIO_TO_VIDEO: ModelDescription = ModelDescription {
    id: "kwaivgi/kling-lipsync/audio-to-video",
    title: "Kling LipSync: audio to video",
    category: "digital-human",
    fields: &[
        Field {
            name: "audio",
            description: "The voice the lips shall move to.",
            required: true,
            kind: FieldKind::Media(MediaLimits {
                kind: MediaKind::Audio,
                containers: &[Container::Mp3, Container::Wav, Container::M4a, Container::Adts],
                extensions: &["mp3", "wav", "m4a", "aac"],
                max_bytes: 5 * 1024 * 1024,
                // Stated by Kling and by another reseller, not by WaveSpeedAI: a warning.
                seconds: Range { min: 2.0, max: 60.0, level: Level::Warning },
                side_px: None,
                short_side_px: &[],
            }),
        },
        Field {
            name: "video",
            description: "The video of the face whose lips shall move.",
            required: true,
            kind: FieldKind::Media(MediaLimits {
                kind: MediaKind::Video,
                containers: &[Container::Mp4, Container::Mov],
                extensions: &["mp4", "mov"],
                max_bytes: 100 * 1024 * 1024,
                seconds: Range { min: 2.0, max: 10.0, level: Level::Error },
                side_px: Some(Range { min: 720, max: 1920, level: Level::Error }),
                // "720p or 1080p only": read as the length of the shorter side, so that upright
                // and square videos are judged alike. The page does not say so: a guess.
                short_side_px: &[720, 1080],
            }),
        },
    ],
    // Official clients poll every second; a third party's summary of the documentation advises
    // about five seconds for video.
    first_poll: Duration::from_secs(2),
    max_poll_interval: Duration::from_secs(5),
};
