//! The native library of the npm package `viseme`. It is private: the public API is the TypeScript
//! facade in `ts/`.
//!
//! It exposes `viseme-bindings` through napi. JSON text crosses between the two: a request in,
//! messages out. One task of Rust does a whole operation, and JavaScript wakes up when there is a
//! message. Native code only ever settles promises, so no user code can throw inside it, and only a
//! promise that is awaited keeps a process alive.

mod client;
mod runtime;
mod task;

pub use client::{
    NativeClient, check_input, is_testing_build, take_warnings, verify_webhook, version,
};
pub use task::{NativeJob, Task};

/// A job makes some hundred small allocations, on which the C library's allocator spent a fifth of the
/// CPU time. Only Rust's allocations are affected.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
