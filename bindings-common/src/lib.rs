//! The native layer that the bindings of Viseme share: the core behind requests and messages in JSON.
//!
//! A request goes in, messages come out. One [`Task`] does a whole operation; the host language wakes
//! up when there is a message. The types of all requests and messages are in [`dto`].

#[cfg(feature = "batch")]
mod batch;
mod client;
mod coalesce;
pub mod dto;
#[cfg(feature = "batch")]
mod dub;
mod event_text;
#[cfg(feature = "batch")]
mod fit;
#[cfg(test)]
mod generate;
mod host;
mod ledger;
mod message;
mod run_many;
mod task;
mod warnings;

pub use client::{ClientHandle, JobHandle, check_input, verify_webhook};
pub use coalesce::coalesce_events;
pub use event_text::{event_text, is_own_event};
pub use host::Host;
pub use message::error as error_message;
pub use task::Task;
pub use warnings::{record_warnings, take_warnings};

/// Whether this was built for tests.
pub const IS_TESTING_BUILD: bool = cfg!(feature = "testing");

/// The project's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
