//! Tasks and jobs, as Python holds them.

use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use viseme_bindings::JobHandle;

use crate::fork_guard::ForkGuard;
use crate::logs;
use crate::runtime::runtime;

/// How often a blocking call checks for signals. Ctrl-C must take effect within 100 ms.
const SIGNAL_INTERVAL: Duration = Duration::from_millis(50);

/// A running operation: Python requests its messages until there are no more. It makes progress
/// only while its next messages are requested, except for many runs and batches.
#[pyclass(frozen, module = "viseme._native")]
pub(crate) struct Task {
    task: ForkGuard<viseme_bindings::Task>,
}

impl Task {
    pub(crate) fn new(task: viseme_bindings::Task) -> Self {
        Self { task: ForkGuard::new(task) }
    }

    pub(crate) fn inner(&self) -> PyResult<&viseme_bindings::Task> {
        self.task.get()
    }
}

#[pymethods]
impl Task {
    /// Waits for the next messages as a JSON array, None after the last. Releases the GIL. With
    /// `signals`, which only the main thread may pass, signal handlers run and logs are delivered
    /// meanwhile, and an exception in a handler stops a batch and cancels any other task.
    ///
    /// Without it, this calls no function of Python: at its exit the interpreter ends other threads
    /// wherever they are in Python, and a thread with calls of Rust below those cannot end.
    fn next(&self, py: Python<'_>, signals: bool) -> PyResult<Option<String>> {
        let task = self.inner()?;
        let tokio = &runtime()?.tokio;
        let batch = py.detach(|| {
            if !signals {
                return Ok(tokio.block_on(task.next()));
            }
            tokio.block_on(async {
                let mut next = std::pin::pin!(task.next());
                loop {
                    tokio::select! {
                        biased;
                        batch = &mut next => return Ok(batch),
                        () = tokio::time::sleep(SIGNAL_INTERVAL) => Python::attach(|py| {
                            logs::deliver(py);
                            py.check_signals()
                        })?,
                    }
                }
            })
        });
        if batch.is_err() && !task.stop() {
            task.cancel();
        }
        batch
    }

    /// Cancels the task: what is running is dropped at once.
    fn cancel(&self) {
        // In a forked child nothing is running.
        if let Ok(task) = self.inner() {
            task.cancel();
        }
    }

    /// Stops a batch: it submits nothing more, and its messages end when the submits in flight have
    /// responses.
    fn stop(&self) {
        // In a forked child nothing is running.
        if let Ok(task) = self.inner() {
            let _ = task.stop();
        }
    }

    /// Adds inputs, as a JSON array, to many runs. Returns whether they were accepted: the runs may
    /// have been cancelled.
    fn push(&self, inputs: &str, contents: Vec<Bound<'_, PyBytes>>) -> PyResult<bool> {
        Ok(self.inner()?.push(inputs, copy_contents(&contents)))
    }

    /// Adds an input that could not be encoded to many runs: the message is the error of its run.
    fn push_error(&self, message: &str) -> PyResult<bool> {
        Ok(self.inner()?.push_error(message))
    }

    /// Ends the inputs of many runs.
    fn finish(&self) -> PyResult<()> {
        self.inner()?.finish();
        Ok(())
    }

    /// Returns the jobs whose results Python has not received, an `OpenJobs` in JSON.
    fn open_jobs(&self) -> PyResult<String> {
        Ok(self.inner()?.open_jobs_json())
    }

    /// Returns the job of a submit or a recovery.
    fn job(&self) -> PyResult<Option<NativeJob>> {
        Ok(self.inner()?.job().map(|job| NativeJob::new(job.into())))
    }
}

/// A handle on a job.
#[pyclass(frozen, module = "viseme._native")]
pub(crate) struct NativeJob {
    job: ForkGuard<JobHandle>,
}

impl NativeJob {
    pub(crate) fn new(job: JobHandle) -> Self {
        Self { job: ForkGuard::new(job) }
    }
}

#[pymethods]
impl NativeJob {
    /// The id of the job.
    #[getter]
    fn id(&self) -> PyResult<String> {
        Ok(self.job.get()?.id().to_owned())
    }

    /// Starts the operation that the request describes.
    fn start(&self, request: &str) -> PyResult<Task> {
        Ok(Task::new(self.job.get()?.start(request)))
    }
}

/// Copies the contents of media: other threads send them, without the GIL.
pub(crate) fn copy_contents(contents: &[Bound<'_, PyBytes>]) -> Vec<Vec<u8>> {
    contents.iter().map(|content| content.as_bytes().to_vec()).collect()
}
