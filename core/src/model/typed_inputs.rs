//! The typed inputs of the models that Viseme describes. Parameters have names, so that media cannot
//! be swapped unnoticed.

use super::Input;
use crate::media::Media;

/// Lip-syncs a video to an audio track: the input of `kwaivgi/kling-lipsync/audio-to-video`.
///
/// Both parameters are required. [`describe`](super::describe) has the limits of both media; they are
/// validated before anything is uploaded or charged.
///
/// ```
/// use viseme::AudioToVideo;
///
/// let input = AudioToVideo::new().audio("voice.mp3").video("face.mp4");
/// # assert!(input.audio.is_some() && input.video.is_some());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
#[non_exhaustive]
pub struct AudioToVideo {
    /// The voice: MP3, WAV, M4A or AAC, at most 5 MB; 2 to 60 seconds according to third parties.
    pub audio: Option<Media>,
    /// The face: MP4 or MOV, at most 100 MB, 2 to 10 seconds, 720p or 1080p.
    pub video: Option<Media>,
}

impl AudioToVideo {
    /// The model's id.
    pub const MODEL: &'static str = "kwaivgi/kling-lipsync/audio-to-video";

    /// Creates an input without media.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the audio track with the voice. A string that starts with `http://`, `https://` or `data:`
    /// is a URL, any other string is a path.
    pub fn audio(mut self, audio: impl Into<Media>) -> Self {
        self.audio = Some(audio.into());
        self
    }

    /// Sets the video of the face; strings as in [`audio`](Self::audio).
    pub fn video(mut self, video: impl Into<Media>) -> Self {
        self.video = Some(video.into());
        self
    }
}

impl From<AudioToVideo> for Input {
    fn from(input: AudioToVideo) -> Self {
        Self::new(AudioToVideo::MODEL)
            .optional_media("audio", input.audio)
            .optional_media("video", input.video)
    }
}

/// Speaks a text and lip-syncs a video to it: the input of `kwaivgi/kling-lipsync/text-to-video`.
///
/// `video` and `text` are required. [`describe`](super::describe) has the known voices; an unknown one
/// is a warning.
///
/// ```
/// use viseme::{Input, TextToVideo};
///
/// let input = TextToVideo::new()
///     .video("face.mp4")
///     .text("Good evening.")
///     .voice_id("uk_man2")
///     .voice_language("en")
///     .voice_speed(1.2);
/// # let input = Input::from(input);
/// # assert_eq!(input.fields().count(), 5);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
#[non_exhaustive]
pub struct TextToVideo {
    /// The face: MP4 or MOV, at most 100 MB, 2 to 60 seconds (2 to 10 according to an older page of the
    /// service), sides of 720 to 1920 pixels.
    pub video: Option<Media>,
    /// The text to speak: at most 120 characters.
    pub text: Option<String>,
    /// The voice. If `None`, the client sends the default of the model's description.
    pub voice_id: Option<String>,
    /// The voice's language, `zh` or `en`. If `None`, the service chooses.
    pub voice_language: Option<String>,
    /// The speed of the voice, from 0.8 to 2.0 in steps of 0.1. If `None`, the service uses 1.
    pub voice_speed: Option<f64>,
}

impl TextToVideo {
    /// The model's id.
    pub const MODEL: &'static str = "kwaivgi/kling-lipsync/text-to-video";

    /// Creates an input without parameters.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the video of the face. A string that starts with `http://`, `https://` or `data:` is a URL,
    /// any other string is a path.
    pub fn video(mut self, video: impl Into<Media>) -> Self {
        self.video = Some(video.into());
        self
    }

    /// Sets the text to speak: at most 120 characters.
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// Sets the voice.
    pub fn voice_id(mut self, voice: impl Into<String>) -> Self {
        self.voice_id = Some(voice.into());
        self
    }

    /// Sets the voice's language: `zh` or `en`.
    pub fn voice_language(mut self, language: impl Into<String>) -> Self {
        self.voice_language = Some(language.into());
        self
    }

    /// Sets the speed of the voice: 0.8 to 2.0 in steps of 0.1.
    pub fn voice_speed(mut self, speed: f64) -> Self {
        self.voice_speed = Some(speed);
        self
    }
}

impl From<TextToVideo> for Input {
    fn from(input: TextToVideo) -> Self {
        Self::new(TextToVideo::MODEL)
            .optional_media("video", input.video)
            .optional("text", input.text)
            .optional("voice_id", input.voice_id)
            .optional("voice_language", input.voice_language)
            .optional("voice_speed", input.voice_speed)
    }
}

/// Turns a picture into a five-second video with an effect: the input of `kwaivgi/kling-effects`.
///
/// Both parameters are required. [`describe`](super::describe) has the known effects; an unknown one is
/// a warning.
///
/// ```
/// use viseme::KlingEffects;
///
/// let input = KlingEffects::new().effect_scene("jelly_press").image("portrait.png");
/// # assert_eq!(input.effect_scene.as_deref(), Some("jelly_press"));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
#[non_exhaustive]
pub struct KlingEffects {
    /// The name of the effect.
    pub effect_scene: Option<String>,
    /// The picture: at most 10 MB, sides of 300 pixels or more, between 1:2.5 and 2.5:1, according to
    /// Kling. A `data:` URI is sent as it is.
    pub image: Option<Media>,
}

impl KlingEffects {
    /// The model's id.
    pub const MODEL: &'static str = "kwaivgi/kling-effects";

    /// Creates an input without parameters.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the name of the effect.
    pub fn effect_scene(mut self, effect: impl Into<String>) -> Self {
        self.effect_scene = Some(effect.into());
        self
    }

    /// Sets the picture. A string that starts with `http://`, `https://` or `data:` is a URL, any other
    /// string is a path.
    pub fn image(mut self, image: impl Into<Media>) -> Self {
        self.image = Some(image.into());
        self
    }
}

impl From<KlingEffects> for Input {
    fn from(input: KlingEffects) -> Self {
        Self::new(KlingEffects::MODEL)
            .optional("effect_scene", input.effect_scene)
            .optional_media("image", input.image)
    }
}
