//! The client and its jobs, as Python holds them.

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use viseme_bindings::{ClientHandle, JobHandle};

use crate::owned::{Owned, Refusal};
use crate::task::Task;

/// A client of the service.
#[pyclass(frozen, module = "viseme._native")]
pub(crate) struct NativeClient {
    client: Owned<ClientHandle>,
}

#[pymethods]
impl NativeClient {
    /// A client with these settings, as JSON.
    #[new]
    fn new(settings: &str) -> PyResult<Self> {
        let client = ClientHandle::open(settings).map_err(Refusal::new_err)?;
        Ok(Self { client: Owned::new(client) })
    }

    /// Begins what the request says.
    fn start(&self, request: &str, contents: Vec<Bound<'_, PyBytes>>) -> PyResult<Task> {
        Ok(Task::new(self.client.get()?.start(request, contents_of(&contents))))
    }

    /// A handle on a job that was submitted before.
    fn job(&self, id: &str) -> PyResult<NativeJob> {
        Ok(NativeJob::new(self.client.get()?.job(id)))
    }

    /// Ends the waits for the job of a delivery that was verified elsewhere; a message says whether
    /// there were any.
    fn deliver(&self, body: &[u8]) -> PyResult<String> {
        Ok(self.client.get()?.deliver(body))
    }
}

/// A handle on a job.
#[pyclass(frozen, module = "viseme._native")]
pub(crate) struct NativeJob {
    job: Owned<JobHandle>,
}

impl NativeJob {
    pub(crate) fn new(job: JobHandle) -> Self {
        Self { job: Owned::new(job) }
    }
}

#[pymethods]
impl NativeJob {
    /// The job's id.
    #[getter]
    fn id(&self) -> PyResult<String> {
        Ok(self.job.get()?.id().to_owned())
    }

    /// Begins what the request says.
    fn start(&self, request: &str) -> PyResult<Task> {
        Ok(Task::new(self.job.get()?.start(request)))
    }
}

/// Checks an input without a client.
#[pyfunction]
pub(crate) fn check_input(input: &str, contents: Vec<Bound<'_, PyBytes>>) -> Task {
    Task::new(viseme_bindings::check_input(input, contents_of(&contents)))
}

/// Verifies a delivery and reads it; what came of it, as a message.
#[pyfunction]
pub(crate) fn verify_webhook(request: &str, body: &[u8]) -> String {
    viseme_bindings::verify_webhook(request, body)
}

/// The known models as JSON: their ids, and of each field whether it is a medium, and its words.
#[pyfunction]
pub(crate) fn known_models() -> String {
    viseme_bindings::known_models()
}

/// Whether this was built for tests.
#[pyfunction]
pub(crate) fn is_testing_build() -> bool {
    viseme_bindings::IS_TESTING_BUILD
}

/// The version of the native part.
#[pyfunction]
pub(crate) fn version() -> &'static str {
    viseme_bindings::VERSION
}

/// The contents of media, copied: they are sent by other threads, without the GIL.
pub(crate) fn contents_of(contents: &[Bound<'_, PyBytes>]) -> Vec<Vec<u8>> {
    contents.iter().map(|content| content.as_bytes().to_vec()).collect()
}
