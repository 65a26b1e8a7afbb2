//! What the bindings of Viseme have in common: the core behind a border that speaks JSON text.
//!
//! A request goes in, messages come out. One [`Task`] does a whole job; the host language is woken
//! when there is something to say. Nothing here knows a host language: durations are numbers of
//! milliseconds, moments milliseconds since 1970, names are in camel case, and the faces, each in
//! its own language, make of it what is usual there.

mod account;
mod catalogue;
mod client;
mod input;
mod job;
mod many;
mod media;
mod message;
mod request;
mod settings;
mod show;
mod task;
mod time;
mod webhook;

pub use catalogue::known_models;
pub use client::{ClientHandle, check_input};
pub use job::JobHandle;
pub use message::refusal;
pub use task::Task;
pub use webhook::verify_webhook;

/// Whether this was built for tests.
pub const IS_TESTING_BUILD: bool = cfg!(feature = "testing");

/// The project's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
