//! Values that belong to the process that created them, and the error of the native part.

use pyo3::create_exception;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use viseme_bindings::dto::ErrorData;

create_exception!(_native, NativeError, PyException, "An error as JSON, in its message.");

/// A value that cannot be used after a fork, because the child shares its sockets and the runtime's
/// poll descriptor with the parent. The child neither uses nor drops it: both would disturb the
/// parent.
pub(crate) struct ForkGuard<T> {
    value: Option<T>,
    pid: u32,
}

impl<T> ForkGuard<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { value: Some(value), pid: std::process::id() }
    }

    pub(crate) fn get(&self) -> PyResult<&T> {
        match &self.value {
            Some(value) if self.pid == std::process::id() => Ok(value),
            _ => Err(native_error(
                "config",
                "This client was created before the process was forked, and cannot be used in the \
                 child. Create a new client in the child, or start processes with the method \
                 `spawn`.",
            )),
        }
    }
}

impl<T> Drop for ForkGuard<T> {
    fn drop(&mut self) {
        if self.pid != std::process::id() {
            std::mem::forget(self.value.take());
        }
    }
}

/// An error that the Python package turns into one of its classes.
pub(crate) fn native_error(code: &'static str, message: &str) -> PyErr {
    NativeError::new_err(viseme_bindings::error_message(ErrorData::new(code, message)))
}
