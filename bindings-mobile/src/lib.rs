//! The native part of the Swift package `Viseme` and of the Kotlin module `viseme`. It is private:
//! what an app sees is written by hand over it, in `swift/` and `kotlin/`.
//!
//! Nothing is called from here into the host but the ends of futures: what goes on is asked for
//! through [`NativeTask::next`].

#![allow(
    clippy::result_large_err,
    clippy::large_enum_variant,
    reason = "what crosses the border does so by value; a box would only move the copy"
)]

mod client;
mod error;
mod event;
mod input;
mod prediction;
mod report;
mod runtime;
mod settings;
mod task;
mod time;

pub use client::NativeClient;
pub use error::{NativeError, NativeErrorInfo};
pub use event::NativeEvent;
pub use input::{NativeField, NativeInput, NativeMedia, NativeOptions, NativeValue};
pub use prediction::{NativeOutput, NativePrediction};
pub use report::{NativeMediaInfo, NativeReport, NativeViolation};
pub use settings::{NativeBackoff, NativePacing, NativeSettings, NativeSubmitLimits};
pub use task::NativeTask;

/// The version of the library.
#[uniffi::export]
#[must_use]
pub fn native_version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

uniffi::setup_scaffolding!();
