//! Makes media acceptable for lip-sync models, and dubs clips of any length. The work on media is done by
//! the user's ffmpeg.

mod analysis;
mod dub;
mod error;
pub mod ffmpeg;
mod fit;
mod frames;
pub mod plan;
#[cfg(feature = "testing")]
pub mod testing;

pub use dub::{
    Dub, DubOptions, DubStage, DubUpdate, OnUpdate, Preset, check_output, plan_dub, read_prices,
};
pub use error::DubError;
pub use fit::{FilePlan, FitError, FitJob, FitSettings, Fitted, FittedFile, Step, fit, plan_input};

/// The examples of the guides are compiled as tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/dub.md")]
struct DubGuide;

#[cfg(doctest)]
#[doc = include_str!("../../docs/fit.md")]
struct FitGuide;
