//! The options of a dub.

use std::path::PathBuf;

use viseme::AudioToVideo;
use viseme::media::Framing;
use viseme_batch::BatchOptions;

use crate::plan::{Length, Prefer};

/// How a clip is dubbed.
#[derive(Clone, Debug)]
pub struct DubOptions {
    /// The model. It must have the parameters `video` and `audio`.
    pub model: String,
    /// What happens if the voice and the picture differ in length.
    pub length: Length,
    /// Whether long silence keeps the original picture and needs no job. Default `true`.
    pub skip_silence: bool,
    /// What the planner saves first.
    pub prefer: Prefer,
    /// Borders or crop, for pictures whose sides have a ratio that the model does not accept.
    pub framing: Framing,
    /// How the segments are run.
    pub batch: BatchOptions,
    /// The preset of the H.264 encoder, from `ultrafast` to `veryslow`. Faster ones make larger files.
    pub preset: Preset,
    /// Keep the work folder, with the segments and their results.
    pub keep_segments: bool,
    /// The client is that of a mock server: nothing is paid, so each run starts the jobs over. The segments
    /// are kept.
    pub offline: bool,
    /// The ffmpeg that is used if VISEME_FFMPEG is not set and the PATH has none that is new enough.
    pub fallback_ffmpeg: Option<PathBuf>,
}

impl Default for DubOptions {
    fn default() -> Self {
        Self {
            model: AudioToVideo::MODEL.to_owned(),
            length: Length::default(),
            skip_silence: true,
            prefer: Prefer::default(),
            framing: Framing::default(),
            batch: BatchOptions::default(),
            preset: Preset::default(),
            keep_segments: false,
            offline: false,
            fallback_ffmpeg: None,
        }
    }
}

/// How much time the encoder takes. The quality is the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preset {
    /// About ten times as fast as `Medium`, and twice the size.
    Ultrafast,
    /// Twice as fast as `Medium`.
    Fast,
    /// The default.
    #[default]
    Medium,
    /// Half as fast as `Medium`, and a bit smaller.
    Slow,
}

impl Preset {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ultrafast => "ultrafast",
            Self::Fast => "fast",
            Self::Medium => "medium",
            Self::Slow => "slow",
        }
    }
}

impl std::str::FromStr for Preset {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "ultrafast" => Ok(Self::Ultrafast),
            "fast" => Ok(Self::Fast),
            "medium" => Ok(Self::Medium),
            "slow" => Ok(Self::Slow),
            _ => Err("must be ultrafast, fast, medium or slow"),
        }
    }
}
