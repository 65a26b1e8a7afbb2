//! The client, as Python holds it, and the functions that need none.

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use viseme_bindings::ClientHandle;

use crate::callback_thread;
use crate::fork_guard::{ForkGuard, NativeError};
use crate::logs;
use crate::runtime;
use crate::task::{NativeJob, Task, copy_contents};

/// A client of the service.
#[pyclass(frozen, module = "viseme._native")]
pub(crate) struct NativeClient {
    client: ForkGuard<ClientHandle>,
}

#[pymethods]
impl NativeClient {
    /// Creates a client with these settings, as JSON.
    #[new]
    fn new(settings: &str) -> PyResult<Self> {
        let client = ClientHandle::open(settings).map_err(NativeError::new_err)?;
        Ok(Self { client: ForkGuard::new(client) })
    }

    /// Starts the operation that the request describes.
    fn start(&self, request: &str, contents: Vec<Bound<'_, PyBytes>>) -> PyResult<Task> {
        Ok(Task::new(self.client.get()?.start(request, copy_contents(&contents))))
    }

    /// Returns a handle on a job that was submitted before.
    fn job(&self, id: &str) -> PyResult<NativeJob> {
        Ok(NativeJob::new(self.client.get()?.job(id)))
    }

    /// Ends the waits for the job of a delivery that was verified elsewhere. Returns a message that
    /// says whether there were any.
    fn deliver(&self, body: &[u8]) -> PyResult<String> {
        Ok(self.client.get()?.deliver(body))
    }

    /// Replaces the API key for all further requests.
    fn set_api_key(&self, api_key: &str) -> PyResult<()> {
        self.client.get()?.set_api_key(api_key).map_err(NativeError::new_err)
    }
}

/// Starts a check of an input without a client.
#[pyfunction]
pub(crate) fn check_input(input: &str, contents: Vec<Bound<'_, PyBytes>>) -> Task {
    Task::new(viseme_bindings::check_input(input, copy_contents(&contents)))
}

/// Verifies and decodes a webhook delivery. Returns a message.
#[pyfunction]
pub(crate) fn verify_webhook(request: &str, body: &[u8]) -> String {
    viseme_bindings::verify_webhook(request, body)
}

/// Returns whether this is a build for the conformance suite.
#[pyfunction]
pub(crate) fn is_testing_build() -> bool {
    viseme_bindings::IS_TESTING_BUILD
}

/// Returns the version of the native part.
#[pyfunction]
pub(crate) fn version() -> &'static str {
    viseme_bindings::VERSION
}

/// Ends the calls into Python for good. Called when the interpreter is about to exit.
#[pyfunction]
pub(crate) fn shut_down(py: Python<'_>) {
    logs::deliver(py);
    callback_thread::stop(py, runtime::started().map(|it| &it.callbacks));
}
