//! The native part of the PyPI package `viseme`. It is private: the public package, in Python, is in
//! `python/viseme`.
//!
//! It gives `viseme-bindings` the form that Python needs. Requests and messages are JSON text. One
//! Rust task runs a whole job, and Python runs only when there are messages.

mod callback_thread;
mod client;
mod completion_queue;
mod fork_guard;
mod logs;
mod per_process;
mod runtime;
mod task;

use pyo3::prelude::*;

/// The allocator of Rust's own memory; Python's objects are not affected. A job makes hundreds of
/// small allocations, which took a fifth of the CPU time with the C library's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The module as Python imports it.
#[pymodule(name = "_native")]
mod native {
    #[pymodule_export]
    use super::client::{
        NativeClient, check_input, is_testing_build, shut_down, verify_webhook, version,
    };
    #[pymodule_export]
    use super::completion_queue::CompletionQueue;
    #[pymodule_export]
    use super::fork_guard::NativeError;
    #[pymodule_export]
    use super::logs::{set_log_level, set_log_sink, take_logs};
    #[pymodule_export]
    use super::task::{NativeJob, Task};

    use super::*;

    #[pymodule_init]
    fn init(_module: &Bound<'_, PyModule>) -> PyResult<()> {
        viseme_bindings::Host::Python.set();
        super::logs::record();
        Ok(())
    }
}
