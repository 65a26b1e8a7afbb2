//! The input of `kwaivgi/kling-lipsync/audio-to-video`.

use super::Input;
use crate::media::Media;

/// Moves the lips of a video to a voice track: the input of
/// `kwaivgi/kling-lipsync/audio-to-video`.
///
/// The limits of both media are in [`describe`](super::describe) and are checked before
/// anything is uploaded or paid for.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct AudioToVideo {
    /// The voice: MP3, WAV, M4A or AAC, at most 5 MB; 2 to 60 seconds as third parties say.
    pub audio: Media,
    /// The face: MP4 or MOV, at most 100 MB, 2 to 10 seconds, 720p or 1080p.
    pub video: Media,
}

impl AudioToVideo {
    /// The model's id.
    pub const MODEL: &'static str = "kwaivgi/kling-lipsync/audio-to-video";

    /// The input of these two media; a string that starts with `http://` or `https://` is taken
    /// as a URL, any other as a path.
    pub fn new(audio: impl Into<Media>, video: impl Into<Media>) -> Self {
        Self { audio: audio.into(), video: video.into() }
    }
}

impl From<AudioToVideo> for Input {
    fn from(input: AudioToVideo) -> Self {
        Self::new(AudioToVideo::MODEL).media("audio", input.audio).media("video", input.video)
    }
}
