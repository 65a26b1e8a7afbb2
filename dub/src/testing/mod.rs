//! Clips whose frames are numbered and whose sound has marks at known times, and the reading of both from
//! a result. For tests: any frame that is lost, doubled, swapped or shifted is found, and any sound that
//! is.

mod clip;
mod compare;
mod pattern;
mod read;
mod voice;

pub use clip::{Clip, FrameRate, VideoCodec};
pub use compare::{FrameReport, Shift, compare_frames};
pub use read::{NumberedFrame, SoundTrack, read_frames, read_sound};
pub use voice::{Utterance, VoiceClip, VoiceFormat};
