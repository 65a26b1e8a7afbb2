//! Viseme: a client for Kling LipSync on WaveSpeedAI.

mod client;
mod clock;
mod config;
mod error;
mod job;
pub mod media;
pub mod model;
pub mod webhook;
mod wire;

pub use client::{
    Client, Download, Job, Progress, Report, Run, RunMany, RunResult, Submit, Updates, Upload,
    Wait, check,
};
#[cfg(feature = "testing")]
pub use clock::Clock;
pub use config::{Config, ConfigBuilder, DEFAULT_BASE_URL, DEFAULT_DEADLINE};
pub use error::{Error, ErrorKind, HttpAnswer, Result};
pub use job::{
    Backoff, Output, Pacing, Prediction, RecoveredBy, Status, SubmitLimits, SubmitRecord,
};
pub use media::Media;
pub use model::{AudioToVideo, Input};
pub use wire::Saved;
