//! Makes media acceptable for lip-sync models, and dubs clips of any length. The work on media is done by
//! the user's ffmpeg.

pub mod ffmpeg;
pub mod plan;
