//! What belongs to the process that made it.

use pyo3::create_exception;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;

create_exception!(_native, Refusal, PyException, "The message is an error as JSON.");

/// A value that is of no use after a fork: its sockets and the runtime's poll descriptor are shared
/// with the parent. There it is neither used nor dropped, as both would disturb the parent.
pub(crate) struct Owned<T> {
    value: Option<T>,
    pid: u32,
}

impl<T> Owned<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { value: Some(value), pid: std::process::id() }
    }

    pub(crate) fn get(&self) -> PyResult<&T> {
        match &self.value {
            Some(value) if self.pid == std::process::id() => Ok(value),
            _ => Err(refused(
                "config",
                "This client was made before the process was forked, and cannot be used in the \
                 child. Make a new client there, or start processes with the method `spawn`.",
            )),
        }
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        if self.pid != std::process::id() {
            std::mem::forget(self.value.take());
        }
    }
}

/// An error that the facade makes one of its own of.
pub(crate) fn refused(code: &'static str, message: &str) -> PyErr {
    Refusal::new_err(viseme_bindings::refusal(code, message.to_owned()))
}
