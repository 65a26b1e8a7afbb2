//! Steps that make a file acceptable, as data and in words. Nothing is run here.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::format::{bit_rate, position, seconds};
use super::info::USUAL_VIDEO_CODECS;
use super::{Container, MediaInfo};

/// The size that a picture of any format takes per second when it is encoded again, for estimates.
const ENCODED_VIDEO_BITS: u64 = 8_000_000;
/// The size of a second of 16-bit stereo at 48 kHz.
const PCM_BYTES: u64 = 192_000;

/// What to do with the part of a picture that does not fit the new size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Framing {
    /// Keep the whole picture and add black borders.
    #[default]
    Borders,
    /// Fill the whole size and cut off what is outside of it.
    Crop,
}

/// Choices for [`plan_fit`](super::plan_fit). The default keeps the start of a file that is too long
/// and changes only what is an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FitOptions {
    /// Borders or crop, for pictures whose sides have a ratio that the model does not accept.
    pub framing: Framing,
    /// The start of the part to keep.
    pub from: Option<Duration>,
    /// The end of the part to keep.
    pub to: Option<Duration>,
    /// Extend a file that is too short: hold the last frame, and add silence to the audio.
    pub extend: bool,
    /// Mend warnings too.
    pub strict: bool,
}

/// One step that makes a file acceptable.
///
/// `Display` states it in words: `scale to 1280 × 720 with borders`. The JSON has the `kind`, these
/// words as `description`, and the values.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fix {
    /// Decode the base64 text of a file of this kind.
    Decode {
        /// The kind of the decoded file.
        container: Container,
    },
    /// Remove other data before the media.
    RemovePrefix {
        /// How many bytes there are.
        bytes: u64,
    },
    /// Convert to another container. Its streams are copied if the container and the model accept them.
    Convert {
        /// The new container; [`Container::Unknown`] if it depends on a codec that is not known.
        container: Container,
    },
    /// Extract the audio of a video. It is copied if the container and the model accept it.
    ExtractAudio {
        /// The new container; [`Container::Unknown`] if it depends on a codec that is not known.
        container: Container,
    },
    /// Keep one part.
    Cut {
        /// Where the part starts.
        start: Duration,
        /// How long it is.
        duration: Duration,
    },
    /// Show the last frame of a video until this duration.
    HoldFrame {
        /// The new duration.
        duration: Duration,
    },
    /// Add silence to an audio track until this duration.
    AddSilence {
        /// The new duration.
        duration: Duration,
    },
    /// Scale the picture.
    Scale {
        /// The new width in pixels.
        width: u32,
        /// The new height in pixels.
        height: u32,
        /// What to do if the picture has another ratio of its sides; `None` if it has the same.
        framing: Option<Framing>,
    },
    /// Encode the pictures again.
    EncodeVideo {
        /// The codec, such as `h264`.
        codec: &'static str,
        /// The highest bit rate, if the size of the file requires one.
        bits_per_second: Option<u64>,
    },
    /// Encode the audio again at a lower bit rate.
    EncodeAudio {
        /// The new container.
        container: Container,
        /// The bit rate.
        bits_per_second: u64,
    },
    /// Give a copy of the file the extension of its content.
    Rename {
        /// The new extension, without a dot.
        extension: &'static str,
    },
}

impl Fix {
    /// Returns the stable code, in snake case.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Decode { .. } => "decode",
            Self::RemovePrefix { .. } => "remove_prefix",
            Self::Convert { .. } => "convert",
            Self::ExtractAudio { .. } => "extract_audio",
            Self::Cut { .. } => "cut",
            Self::HoldFrame { .. } => "hold_frame",
            Self::AddSilence { .. } => "add_silence",
            Self::Scale { .. } => "scale",
            Self::EncodeVideo { .. } => "encode_video",
            Self::EncodeAudio { .. } => "encode_audio",
            Self::Rename { .. } => "rename",
        }
    }

    /// Returns the facts that a file with these facts has after this step. Sizes are estimates.
    #[must_use]
    pub fn apply(&self, info: &MediaInfo) -> MediaInfo {
        let mut after = info.clone();
        match self {
            Self::Decode { container } => {
                // Three bytes for four characters; everything else is found out by reading it.
                let bytes = info.bytes.map(|bytes| bytes / 4 * 3);
                return MediaInfo::new(*container, bytes);
            }
            Self::RemovePrefix { bytes } => {
                after.corruption = None;
                after.detail = None;
                after.bytes = info.bytes.map(|all| all.saturating_sub(*bytes));
            }
            Self::Convert { container } => {
                after.container = *container;
                if after.video_codec.is_some() || *container == Container::Mp4 {
                    let codec =
                        after.video_codec.filter(|it| USUAL_VIDEO_CODECS.contains(&it.as_str()));
                    after.video_codec = Some(codec.unwrap_or_else(|| "h264".to_owned()));
                }
                after.bytes = converted_bytes(*container, info);
                after.detail = None;
            }
            Self::ExtractAudio { container } => {
                after = MediaInfo::new(*container, converted_bytes(*container, info));
                after.audio_codec.clone_from(&info.audio_codec);
                after.duration = info.total_duration.or(info.duration);
            }
            Self::Cut { start, duration } => {
                let part = |all: Duration| all.saturating_sub(*start).min(*duration);
                after.duration = info.duration.map(part);
                after.total_duration = info.total_duration.map(part);
                after.bytes = info.bytes.map(|bytes| share(bytes, after.duration, info.duration));
            }
            Self::HoldFrame { duration } | Self::AddSilence { duration } => {
                after.duration = Some(*duration);
                after.total_duration = None;
            }
            Self::Scale { width, height, .. } => {
                (after.width, after.height) = (Some(*width), Some(*height));
                after.coded_size = Some((*width, *height));
                encode_video(&mut after, None);
            }
            Self::EncodeVideo { bits_per_second, .. } => {
                encode_video(&mut after, *bits_per_second);
            }
            Self::EncodeAudio { container, bits_per_second } => {
                after.container = *container;
                let codec = if *container == Container::Mp3 { "mp3" } else { "aac" };
                after.audio_codec = Some(codec.to_owned());
                after.bytes = info.duration.map(|it| bytes_of(*bits_per_second, it));
            }
            Self::Rename { .. } => {}
        }
        after
    }

    fn to_record(&self) -> FixRecord {
        let record = FixRecord {
            kind: self.kind(),
            description: self.to_string(),
            container: None,
            bytes: None,
            start_seconds: None,
            duration_seconds: None,
            width: None,
            height: None,
            framing: None,
            codec: None,
            bits_per_second: None,
            file_extension: None,
        };
        let whole = |time: &Duration| Some(time.as_secs_f64());
        match self {
            Self::Decode { container }
            | Self::Convert { container }
            | Self::ExtractAudio { container } => {
                FixRecord { container: Some(*container), ..record }
            }
            Self::RemovePrefix { bytes } => FixRecord { bytes: Some(*bytes), ..record },
            Self::Cut { start, duration } => FixRecord {
                start_seconds: whole(start),
                duration_seconds: whole(duration),
                ..record
            },
            Self::HoldFrame { duration } | Self::AddSilence { duration } => {
                FixRecord { duration_seconds: whole(duration), ..record }
            }
            Self::Scale { width, height, framing } => FixRecord {
                width: Some(*width),
                height: Some(*height),
                framing: *framing,
                ..record
            },
            Self::EncodeVideo { codec, bits_per_second } => {
                FixRecord { codec: Some(codec), bits_per_second: *bits_per_second, ..record }
            }
            Self::EncodeAudio { container, bits_per_second } => FixRecord {
                container: Some(*container),
                bits_per_second: Some(*bits_per_second),
                ..record
            },
            Self::Rename { extension } => FixRecord { file_extension: Some(extension), ..record },
        }
    }
}

fn encode_video(info: &mut MediaInfo, bits_per_second: Option<u64>) {
    info.video_codec = Some("h264".to_owned());
    let rate = bits_per_second.map_or(ENCODED_VIDEO_BITS, |it| it.min(ENCODED_VIDEO_BITS));
    info.bytes = info.duration.map(|duration| bytes_of(rate, duration)).or(info.bytes);
}

/// The size after a change of container: samples without compression are the only ones that grow.
fn converted_bytes(container: Container, info: &MediaInfo) -> Option<u64> {
    match info.duration {
        Some(duration) if container == Container::Wav => Some(bytes_of(PCM_BYTES * 8, duration)),
        _ => info.bytes,
    }
}

fn bytes_of(bits_per_second: u64, duration: Duration) -> u64 {
    let bits = u128::from(bits_per_second).saturating_mul(duration.as_millis()) / 1000;
    u64::try_from(bits / 8).unwrap_or(u64::MAX).max(1)
}

/// The share of a file that a part of it takes.
fn share(bytes: u64, part: Option<Duration>, all: Option<Duration>) -> u64 {
    let (Some(part), Some(all)) = (part, all) else { return bytes };
    let (part, all) = (part.as_micros(), all.as_micros().max(1));
    u64::try_from(u128::from(bytes).saturating_mul(part) / all).unwrap_or(bytes).max(1)
}

impl fmt::Display for Fix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decode { container } => {
                write!(f, "decode the base64 text to {}", container.label())
            }
            Self::RemovePrefix { bytes } => write!(f, "remove the first {bytes} bytes"),
            Self::Convert { container: Container::Unknown } => f.write_str("convert the audio"),
            Self::Convert { container } => write!(f, "convert to {}", container.label()),
            Self::ExtractAudio { container: Container::Unknown } => {
                f.write_str("extract the audio")
            }
            Self::ExtractAudio { container } => {
                write!(f, "extract the audio as {}", container.label())
            }
            Self::Cut { start, duration } => {
                write!(f, "cut to {}", seconds(duration.as_secs_f64()))?;
                if start.is_zero() { Ok(()) } else { write!(f, " at {}", position(*start)) }
            }
            Self::HoldFrame { duration } => {
                write!(f, "hold the last frame until {}", seconds(duration.as_secs_f64()))
            }
            Self::AddSilence { duration } => {
                write!(f, "add silence until {}", seconds(duration.as_secs_f64()))
            }
            Self::Scale { width, height, framing } => {
                let how = match framing {
                    None => "",
                    Some(Framing::Borders) => " with borders",
                    Some(Framing::Crop) => " and crop",
                };
                write!(f, "scale to {width} × {height}{how}")
            }
            Self::EncodeVideo { codec, bits_per_second } => {
                let codec = if *codec == "h264" { "H.264" } else { codec };
                write!(f, "re-encode as {codec}")?;
                match bits_per_second {
                    Some(rate) => write!(f, " at {} at most", bit_rate(*rate)),
                    None => Ok(()),
                }
            }
            Self::EncodeAudio { bits_per_second, .. } => {
                write!(f, "re-encode at {}", bit_rate(*bits_per_second))
            }
            Self::Rename { extension } => write!(f, "rename to .{extension}"),
        }
    }
}

/// The JSON of a fix.
#[derive(Serialize)]
struct FixRecord {
    kind: &'static str,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    container: Option<Container>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    framing: Option<Framing>,
    #[serde(skip_serializing_if = "Option::is_none")]
    codec: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bits_per_second: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_extension: Option<&'static str>,
}

impl Serialize for Fix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_record().serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_json() {
        let second = Duration::from_secs;
        for (fix, words, json) in [
            (
                Fix::Scale { width: 1280, height: 720, framing: Some(Framing::Borders) },
                "scale to 1280 × 720 with borders",
                serde_json::json!({"kind": "scale", "width": 1280, "height": 720, "framing": "borders"}),
            ),
            (
                Fix::Scale { width: 1920, height: 720, framing: Some(Framing::Crop) },
                "scale to 1920 × 720 and crop",
                serde_json::json!({"kind": "scale", "width": 1920, "height": 720, "framing": "crop"}),
            ),
            (
                Fix::Scale { width: 1280, height: 720, framing: None },
                "scale to 1280 × 720",
                serde_json::json!({"kind": "scale", "width": 1280, "height": 720}),
            ),
            (
                Fix::EncodeAudio { container: Container::M4a, bits_per_second: 128_000 },
                "re-encode at 128 kbit/s",
                serde_json::json!({"kind": "encode_audio", "container": "m4a", "bits_per_second": 128_000}),
            ),
            (
                Fix::Convert { container: Container::Mp4 },
                "convert to MP4",
                serde_json::json!({"kind": "convert", "container": "mp4"}),
            ),
            (
                Fix::Cut { start: Duration::from_millis(8_300), duration: second(10) },
                "cut to 10 s at 0:08.3",
                serde_json::json!({"kind": "cut", "start_seconds": 8.3, "duration_seconds": 10.0}),
            ),
            (
                Fix::Cut { start: Duration::ZERO, duration: second(10) },
                "cut to 10 s",
                serde_json::json!({"kind": "cut", "start_seconds": 0.0, "duration_seconds": 10.0}),
            ),
            (
                Fix::EncodeVideo { codec: "h264", bits_per_second: Some(79_500_000) },
                "re-encode as H.264 at 79.5 Mbit/s at most",
                serde_json::json!({"kind": "encode_video", "codec": "h264", "bits_per_second": 79_500_000}),
            ),
            (
                Fix::ExtractAudio { container: Container::M4a },
                "extract the audio as M4A",
                serde_json::json!({"kind": "extract_audio", "container": "m4a"}),
            ),
            (
                Fix::ExtractAudio { container: Container::Unknown },
                "extract the audio",
                serde_json::json!({"kind": "extract_audio", "container": "unknown"}),
            ),
            (
                Fix::Decode { container: Container::Mp3 },
                "decode the base64 text to MP3",
                serde_json::json!({"kind": "decode", "container": "mp3"}),
            ),
            (
                Fix::RemovePrefix { bytes: 45 },
                "remove the first 45 bytes",
                serde_json::json!({"kind": "remove_prefix", "bytes": 45}),
            ),
            (
                Fix::HoldFrame { duration: second(2) },
                "hold the last frame until 2 s",
                serde_json::json!({"kind": "hold_frame", "duration_seconds": 2.0}),
            ),
            (
                Fix::AddSilence { duration: second(2) },
                "add silence until 2 s",
                serde_json::json!({"kind": "add_silence", "duration_seconds": 2.0}),
            ),
            (
                Fix::Rename { extension: "mp4" },
                "rename to .mp4",
                serde_json::json!({"kind": "rename", "file_extension": "mp4"}),
            ),
        ] {
            let mut expected = json;
            expected["description"] = words.into();
            assert_eq!(serde_json::to_value(&fix).unwrap(), expected);
            assert_eq!(fix.to_string(), words);
            assert_eq!(expected["kind"], fix.kind());
        }
    }
}
