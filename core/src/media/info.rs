//! What was read from a media file.

use std::time::Duration;

use super::Container;

/// What a media file says of itself.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct MediaInfo {
    /// What the file really is.
    pub container: Container,
    /// Size in bytes, where known.
    pub bytes: Option<u64>,
    /// Playing time as a player shows it (edit lists applied), where it could be read. For a cut
    /// file it may be the time that was meant.
    pub duration: Option<Duration>,
    /// Displayed width in pixels: after cropping, pixel aspect and rotation.
    pub width: Option<u32>,
    /// Displayed height in pixels: after cropping, pixel aspect and rotation.
    pub height: Option<u32>,
    /// The video track's codec: a common name (`h264`, `hevc`, `av1`, `vp9`, `prores`, …), or the
    /// four characters found in the file.
    pub video_codec: Option<String>,
    /// The sound track's codec: a common name (`aac`, `mp3`, `pcm`, `alac`, `opus`, …), or the
    /// four characters found in the file.
    pub audio_codec: Option<String>,
    /// What is wrong with the file, as a clause that completes "the file …"
    /// (`"is cut: 1200 of 5000 bytes of its media data are there"`); `None` for a sound file.
    pub corruption: Option<String>,
    /// What is odd about a file that most players play all the same, as such a clause
    /// (`"ends in the middle of a frame"`).
    pub anomaly: Option<String>,
}

impl MediaInfo {
    /// A file of that kind and size of which nothing else is known.
    #[must_use]
    pub fn new(container: Container, bytes: Option<u64>) -> Self {
        Self {
            container,
            bytes,
            duration: None,
            width: None,
            height: None,
            video_codec: None,
            audio_codec: None,
            corruption: None,
            anomaly: None,
        }
    }
}
