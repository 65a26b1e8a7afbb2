//! Why a clip cannot be planned.

use std::time::Duration;

/// Why a clip cannot be planned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The video has no frames.
    #[error("the video has no frames; give a video with a picture")]
    NoFrames,
    /// The voice has no samples.
    #[error("the audio is empty; give an audio file with a voice")]
    EmptyVoice,
    /// The voice's samples per second are 0, or the time base is not positive.
    #[error("a sample rate or time base of 0 cannot be used")]
    NoRate,
    /// The times of the frames do not increase.
    #[error("frame {frame} of the video is not after the frame before it; repair the video first")]
    UnorderedFrames {
        /// The index of the frame that is not after the one before it. The number of frames if the
        /// last one has no duration.
        frame: usize,
    },
    /// The output would be shorter than one segment.
    #[error(
        "the output would be {:.2} s long, and the model takes no less than {} s; give a longer \
         video or audio",
        output.as_secs_f64(), shortest.as_secs_f64()
    )]
    TooShort {
        /// The length of the output.
        output: Duration,
        /// The shortest segment that the model takes.
        shortest: Duration,
    },
    /// The voice is longer than the picture, and the length is [`Original`](super::Length::Original).
    #[error(
        "the audio is {:.2} s longer than the video; choose a length of `shorter` (cuts the audio), \
         `hold` (holds the last frame) or `loop` (repeats the video)",
        by.as_secs_f64()
    )]
    VoiceIsLonger {
        /// By how much.
        by: Duration,
    },
    /// The output would have too many frames.
    #[error("the output would have more than {limit} frames; cut the video into parts first")]
    TooManyFrames {
        /// The largest number of frames.
        limit: usize,
    },
    /// The limits contradict each other.
    #[error(
        "segments of {} to {} s cannot cover a clip of any length; the longest must be at least \
         twice the shortest and 2 s more",
        min.as_secs_f64(), max.as_secs_f64()
    )]
    Limits {
        /// The shortest segment.
        min: Duration,
        /// The longest segment.
        max: Duration,
    },
    /// No list of cuts satisfies the limits.
    #[error("the clip cannot be cut into segments that the model takes")]
    NoCuts,
}
