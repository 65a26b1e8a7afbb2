//! Viseme: a client for Kling LipSync on WaveSpeedAI.

mod error;
mod job;
pub mod media;
pub mod model;

pub use error::{Error, ErrorKind, HttpAnswer, Result};
pub use job::{Output, Pacing, Prediction, Status};
pub use media::Media;
pub use model::AudioToVideo;
