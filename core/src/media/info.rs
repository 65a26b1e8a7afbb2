//! The facts of a media file.

use std::time::Duration;

use super::Container;

/// The video codecs that cameras and editors write. A guess: the service documents no codecs.
pub(super) const USUAL_VIDEO_CODECS: [&str; 2] = ["h264", "hevc"];

/// The facts that [`probe`](super::probe::probe) reads from a media file.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct MediaInfo {
    /// The kind of file, by its content.
    pub container: Container,
    /// Size in bytes, if known.
    pub bytes: Option<u64>,
    /// Duration as a player shows it (edit lists applied), if it could be read. For a truncated
    /// file it may be the duration of the whole.
    pub duration: Option<Duration>,
    /// Displayed width in pixels: after cropping, pixel aspect and rotation.
    pub width: Option<u32>,
    /// Displayed height in pixels: after cropping, pixel aspect and rotation.
    pub height: Option<u32>,
    /// The video track's codec: a common name (`h264`, `hevc`, `av1`, `vp9`, `prores`, …), or the
    /// four characters found in the file.
    pub video_codec: Option<String>,
    /// The audio track's codec: a common name (`aac`, `mp3`, `pcm`, `alac`, `opus`, …), or the
    /// four characters found in the file.
    pub audio_codec: Option<String>,
    /// The reason why the file is unusable, as a clause that completes "the file …"
    /// (`"is truncated: 1200 of 5000 bytes of its media data are present"`); `None` for an intact
    /// file.
    pub corruption: Option<String>,
    /// An oddity of a file that most players still play, as such a clause (`"ends in the middle of
    /// a frame"`).
    pub anomaly: Option<String>,
    /// Width and height in pixels as coded, upright.
    #[serde(skip)]
    pub(crate) coded_size: Option<(u32, u32)>,
    /// How long the longest of the played tracks is.
    #[serde(skip)]
    pub(crate) total_duration: Option<Duration>,
    /// The peculiarity that a message explains.
    #[serde(skip)]
    pub(crate) detail: Option<Detail>,
}

/// A peculiarity of a file that decides which advice a message gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// The only picture is a cover beside the audio.
    CoverOnly,
    /// The video track has no samples.
    EmptyVideo,
    /// So many bytes of other data come before the first box.
    Prefix(u64),
    /// The text encodes a file of this kind.
    Encodes(Container),
    /// The text is the bytes of a file of this kind in hexadecimal digits.
    Hexadecimal(Container),
    /// The raw samples are 32-bit floating point numbers, not 16-bit integers.
    FloatSamples,
}

impl MediaInfo {
    /// Creates the facts of a file of which only the kind and size are known.
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
            coded_size: None,
            total_duration: None,
            detail: None,
        }
    }
}
