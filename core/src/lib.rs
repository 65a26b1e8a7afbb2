//! Viseme: a client for Kling LipSync on WaveSpeedAI.

pub mod job;
pub mod media;
pub mod model;

pub use job::Status;
pub use media::Media;
pub use model::AudioToVideo;
