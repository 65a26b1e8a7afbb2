//! What was read from a media file.

use std::time::Duration;

/// Audio, video or image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MediaKind {
    /// Sound alone.
    Audio,
    /// Moving pictures, with or without sound.
    Video,
    /// A still picture.
    Image,
}

/// The kind of file, judged by its content and never by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Container {
    /// ISO base media (MPEG-4 part 14) with a video track.
    Mp4,
    /// QuickTime with a video track.
    Mov,
    /// ISO base media or QuickTime with sound alone.
    M4a,
    /// MPEG-1/2 layer 3 frames, with or without ID3 tags.
    Mp3,
    /// RIFF/WAVE, RF64 included.
    Wav,
    /// AAC in ADTS frames (`.aac`).
    Adts,
    /// WebM.
    WebM,
    /// Matroska.
    Matroska,
    /// AVI.
    Avi,
    /// MPEG transport stream.
    MpegTs,
    /// Flash video.
    Flv,
    /// Windows Media (ASF).
    Asf,
    /// Ogg (Vorbis, Opus, …).
    Ogg,
    /// FLAC.
    Flac,
    /// AIFF.
    Aiff,
    /// AMR.
    Amr,
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// GIF.
    Gif,
    /// WebP.
    WebP,
    /// BMP.
    Bmp,
    /// TIFF.
    Tiff,
    /// HEIC/HEIF.
    Heic,
    /// AVIF.
    Avif,
    /// PDF.
    Pdf,
    /// ZIP and what is built on it.
    Zip,
    /// HTML or XML: often an error page saved under a media name.
    Html,
    /// JSON: often an error body saved under a media name.
    Json,
    /// Other plain text.
    Text,
    /// Nothing this crate can name.
    Unknown,
}

/// What a media file says of itself.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct MediaInfo {
    /// What the file really is.
    pub container: Container,
    /// Size in bytes, where known.
    pub bytes: Option<u64>,
    /// Playing time as a player shows it (edit lists applied), where it could be read.
    pub duration: Option<Duration>,
    /// Displayed width in pixels: after rotation and pixel aspect.
    pub width: Option<u32>,
    /// Displayed height in pixels: after rotation and pixel aspect.
    pub height: Option<u32>,
    /// The video track's codec: a common name (`h264`, `hevc`, `av1`, `vp9`, `prores`, …), or the
    /// four characters found in the file.
    pub video_codec: Option<String>,
    /// The sound track's codec: a common name (`aac`, `mp3`, `pcm`, `alac`, `opus`, …), or the
    /// four characters found in the file.
    pub audio_codec: Option<String>,
    /// What is wrong with the file, as a clause that completes "the file …"
    /// (`"is cut: 1200 of 5000 bytes of its media data are there"`); `None` for a sound file.
    pub damage: Option<String>,
}
