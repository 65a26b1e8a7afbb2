//! Makes media acceptable for lip-sync models, and dubs clips of any length. The work on media is done by
//! the user's ffmpeg.

pub mod ffmpeg;
mod fit;
pub mod plan;
#[cfg(feature = "testing")]
pub mod testing;

pub use fit::{FilePlan, FitError, FitJob, FitSettings, Fitted, FittedFile, Step, fit, plan_input};
