//! Finds ffmpeg and runs it safely. No other part of the crate starts a process.
//!
//! Arguments never go through a shell. Files are always given as `file:` and an absolute path, so that no
//! name is taken for an option or for a protocol, and inputs may open files and pipes only. Each run has a
//! limit of time, of CPU time (which ends it even if this program was killed) and of output. It is killed
//! when its future is dropped.

mod command;
mod error;
mod find;
mod run;

pub use command::{Command, Limits};
pub use error::FfmpegError;
pub use find::Ffmpeg;
pub use run::Running;
