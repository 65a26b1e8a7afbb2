//! The input of `kwaivgi/kling-lipsync/text-to-video`.

use super::Input;
use crate::media::Media;

/// Speaks a text and moves the lips of a video to it: the input of
/// `kwaivgi/kling-lipsync/text-to-video`.
///
/// The voices known here are in [`describe`](super::describe); another is reported, not refused.
///
/// ```
/// use viseme::{Input, TextToVideo};
///
/// let input = TextToVideo::new("face.mp4", "Good evening.")
///     .voice_id("uk_man2")
///     .voice_language("en")
///     .voice_speed(1.2);
/// # let input = Input::from(input);
/// # assert_eq!(input.fields().count(), 5);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct TextToVideo {
    /// The face: MP4 or MOV, at most 100 MB, 2 to 60 seconds (2 to 10 by an older page of the
    /// service), sides of 720 to 1920 pixels.
    pub video: Media,
    /// What shall be said: at most 120 characters.
    pub text: String,
    /// Who says it; [`DEFAULT_VOICE`](Self::DEFAULT_VOICE) by default.
    pub voice_id: String,
    /// The voice's language, `zh` or `en`; the service's choice where `None`.
    pub voice_language: Option<String>,
    /// How fast it is said, from 0.8 to 2.0 in steps of 0.1; 1 where `None`.
    pub voice_speed: Option<f64>,
}

impl TextToVideo {
    /// The model's id.
    pub const MODEL: &'static str = "kwaivgi/kling-lipsync/text-to-video";

    /// The voice where none is chosen: the service's own default.
    pub const DEFAULT_VOICE: &'static str = "genshin_klee2";

    /// This text, said by the default voice at its usual speed.
    pub fn new(video: impl Into<Media>, text: impl Into<String>) -> Self {
        Self {
            video: video.into(),
            text: text.into(),
            voice_id: Self::DEFAULT_VOICE.to_owned(),
            voice_language: None,
            voice_speed: None,
        }
    }

    /// Chooses who says it.
    pub fn voice_id(mut self, voice: impl Into<String>) -> Self {
        self.voice_id = voice.into();
        self
    }

    /// Chooses the voice's language: `zh` or `en`.
    pub fn voice_language(mut self, language: impl Into<String>) -> Self {
        self.voice_language = Some(language.into());
        self
    }

    /// Chooses how fast it is said: 0.8 to 2.0 in steps of 0.1.
    pub fn voice_speed(mut self, speed: f64) -> Self {
        self.voice_speed = Some(speed);
        self
    }
}

impl From<TextToVideo> for Input {
    fn from(input: TextToVideo) -> Self {
        let mut all = Self::new(TextToVideo::MODEL)
            .media("video", input.video)
            .set("text", input.text)
            .set("voice_id", input.voice_id);
        if let Some(language) = input.voice_language {
            all = all.set("voice_language", language);
        }
        if let Some(speed) = input.voice_speed {
            all = all.set("voice_speed", speed);
        }
        all
    }
}
