//! Something under way: Python asks for its messages until there are no more.

use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::client::{NativeJob, contents_of};
use crate::engine::engine;
use crate::logs;
use crate::owned::Owned;

/// How often a blocking call looks for signals. Ctrl-C is to be answered within 100 ms.
const TICK: Duration = Duration::from_millis(50);

/// Something under way. It goes on only while its next messages are asked for, except for many runs.
#[pyclass(frozen, module = "viseme._native")]
pub(crate) struct Task {
    task: Owned<viseme_bindings::Task>,
}

impl Task {
    pub(crate) fn new(task: viseme_bindings::Task) -> Self {
        Self { task: Owned::new(task) }
    }

    pub(crate) fn inner(&self) -> PyResult<&viseme_bindings::Task> {
        self.task.get()
    }
}

#[pymethods]
impl Task {
    /// The next messages as a JSON array, None after the last. Blocks without the GIL; with
    /// `signals`, handlers of signals run meanwhile, and what they raise ends the task.
    fn next(&self, py: Python<'_>, signals: bool) -> PyResult<Option<String>> {
        let task = self.inner()?;
        let runtime = &engine()?.runtime;
        let said = py.detach(|| {
            if !signals {
                return Ok(runtime.block_on(task.next()));
            }
            runtime.block_on(async {
                let mut next = std::pin::pin!(task.next());
                loop {
                    tokio::select! {
                        biased;
                        said = &mut next => return Ok(said),
                        () = tokio::time::sleep(TICK) => Python::attach(|py| {
                            logs::deliver(py);
                            py.check_signals()
                        })?,
                    }
                }
            })
        });
        logs::deliver(py);
        if said.is_err() {
            task.cancel();
        }
        said
    }

    /// Ends it: what is under way is dropped at once.
    fn cancel(&self) {
        // In a forked child nothing is under way.
        if let Ok(task) = self.inner() {
            task.cancel();
        }
    }

    /// Adds inputs, as a JSON array, to many runs. Whether they were taken: the runs may have been
    /// cancelled.
    fn push(&self, inputs: &str, contents: Vec<Bound<'_, PyBytes>>) -> PyResult<bool> {
        Ok(self.inner()?.push(inputs, contents_of(&contents)))
    }

    /// Says that there are no more inputs.
    fn finish(&self) -> PyResult<()> {
        self.inner()?.finish();
        Ok(())
    }

    /// The job that a submit or a recovery gave.
    fn job(&self) -> PyResult<Option<NativeJob>> {
        Ok(self.inner()?.job().map(NativeJob::new))
    }
}
