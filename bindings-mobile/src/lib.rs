//! The native part of the Swift package `Viseme` and of the Kotlin module `viseme`. It is private: the
//! packages in `swift/` and `kotlin/` are the public API.
//!
//! It exports the layer that all bindings share (`viseme-bindings`) through UniFFI. Requests and
//! messages are JSON, described by the types in `viseme_bindings::dto`. Native code never calls into
//! the host; the host requests messages with [`NativeTask::next`].

mod client;
mod runtime;
mod task;

pub use client::NativeClient;
pub use runtime::NativeError;
pub use task::{NativeJob, NativeTask};

/// Returns the version of the library.
#[uniffi::export]
#[must_use]
pub fn native_version() -> String {
    viseme_bindings::VERSION.to_owned()
}

/// Takes the warnings of the library that were not taken yet.
#[uniffi::export]
#[must_use]
pub fn take_native_warnings() -> Vec<String> {
    viseme_bindings::take_warnings()
}

uniffi::setup_scaffolding!();
