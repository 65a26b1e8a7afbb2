//! The native part of the npm package `viseme`. It is private: the package's face, in TypeScript,
//! is in `ts/`.
//!
//! What it does is `viseme-bindings`; here it gets the form that napi asks for. What crosses the border is JSON text: a request in, messages out. One task of Rust does a whole
//! job; JavaScript is woken when there is something to say. Nothing is ever called from here into
//! JavaScript but the ends of promises, so nothing of the user's can throw in a wrong place, and
//! nothing but a promise that is waited for keeps a process alive.

mod client;
mod job;
mod runtime;
mod task;

pub use client::{
    NativeClient, check_input, is_testing_build, known_models, verify_webhook, version,
};
pub use job::NativeJob;
pub use task::Task;

/// A job makes some hundred small allocations, which the C library's allocator took a fifth of the
/// CPU time for. Only what is allocated by Rust is affected.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
