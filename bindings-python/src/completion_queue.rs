//! The messages of tasks on their way to an event loop.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;

use crate::callback_thread::{self, Callback};
use crate::fork_guard::{ForkGuard, native_error};
use crate::runtime::runtime;
use crate::task::Task;

/// A finished request: its id, and the messages as a JSON array, or none after the last.
type Completion = (u64, Option<String>);

/// The completions that the event loop has not taken yet.
struct Completions {
    pending: Mutex<Vec<Completion>>,
    /// Whether the loop was notified that completions are pending.
    notified: AtomicBool,
    wake: Py<PyAny>,
}

impl Completions {
    /// Adds a completion. Returns whether the loop has to be notified.
    fn push(&self, completion: Completion) -> bool {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).push(completion);
        !self.notified.swap(true, Ordering::AcqRel)
    }
}

impl Callback for Completions {
    fn call(&self, py: Python<'_>) {
        if let Err(error) = self.wake.call0(py) {
            error.write_unraisable(py, None);
        }
    }
}

/// The completions of one event loop. However many tasks finish at once, the loop is woken once.
#[pyclass(frozen, module = "viseme._native")]
pub(crate) struct CompletionQueue {
    completions: ForkGuard<Arc<Completions>>,
}

#[pymethods]
impl CompletionQueue {
    /// Creates a queue. `wake` is called from another thread when completions are pending.
    #[new]
    fn new(wake: Py<PyAny>) -> Self {
        let completions =
            Completions { pending: Mutex::default(), notified: AtomicBool::new(false), wake };
        Self { completions: ForkGuard::new(Arc::new(completions)) }
    }

    /// Requests the next messages of a task. The completion has this id. `on_main` says whether the
    /// loop runs on the main thread.
    fn request(&self, task: &Task, request_id: u64, on_main: bool) -> PyResult<()> {
        if on_main && callback_thread::is_stopped() {
            // Nobody could wake the loop, and the exit would wait for it. The other threads that are
            // left end with the interpreter: they wait in silence.
            return Err(native_error(
                "config",
                "The interpreter is exiting. Only the blocking client works in a function that \
                 was registered with `atexit` before viseme was imported.",
            ));
        }
        let runtime = runtime()?;
        let completions = Arc::clone(self.completions.get()?);
        let task = task.inner()?.clone();
        runtime.tokio.spawn(async move {
            let batch = task.next().await;
            if completions.push((request_id, batch)) {
                runtime.callbacks.notify(completions);
            }
        });
        Ok(())
    }

    /// Takes all pending completions.
    fn take(&self) -> PyResult<Vec<Completion>> {
        let completions = self.completions.get()?;
        // Reset before taking: a completion that is added from here on notifies again.
        completions.notified.store(false, Ordering::Release);
        Ok(std::mem::take(&mut *completions.pending.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}
