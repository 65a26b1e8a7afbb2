//! The native part of the PyPI package `viseme`. It is private: the package's face, in Python, is in
//! `python/viseme`.
//!
//! What it does is `viseme-bindings`; here it gets the form that Python asks for. What crosses the
//! border is JSON text: a request in, messages out. One task of Rust does a whole job, and Python
//! runs only when there is something to say.

mod client;
mod engine;
mod logs;
mod mailbox;
mod owned;
mod task;
mod waker;

use pyo3::prelude::*;

/// A job makes some hundred small allocations, which the C library's allocator took a fifth of the
/// CPU time for. Only what is allocated by Rust is affected, not Python's own objects.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The module as Python imports it.
#[pymodule(name = "_native")]
mod native {
    #[pymodule_export]
    use super::client::{
        NativeClient, NativeJob, check_input, is_testing_build, known_models, verify_webhook,
        version,
    };
    #[pymodule_export]
    use super::logs::{deliver_logs, set_log_level, set_log_sink};
    #[pymodule_export]
    use super::mailbox::Mailbox;
    #[pymodule_export]
    use super::owned::Refusal;
    #[pymodule_export]
    use super::task::Task;
    #[pymodule_export]
    use super::waker::shut_down;

    use super::*;

    #[pymodule_init]
    fn init(_module: &Bound<'_, PyModule>) -> PyResult<()> {
        super::logs::record();
        Ok(())
    }
}
