//! The native layer that the bindings of Viseme share: the core behind requests and messages in JSON.
//!
//! A request goes in, messages come out. One [`Task`] does a whole operation; the host language wakes
//! up when there is a message. The types of all requests and messages are in [`dto`].

#![allow(
    clippy::result_large_err,
    reason = "an error crosses to the host once per operation; boxing it would complicate every signature"
)]

mod client;
pub mod dto;
#[cfg(test)]
mod generate;
mod input;
mod job;
mod message;
mod run_many;
mod task;

pub use client::{ClientHandle, check_input, verify_webhook};
pub use job::JobHandle;
pub use message::error as error_message;
pub use task::Task;

/// Whether this was built for tests.
pub const IS_TESTING_BUILD: bool = cfg!(feature = "testing");

/// The project's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
