//! Where an event loop finds what its tasks say.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;

use crate::engine::engine;
use crate::owned::Owned;
use crate::task::Task;
use crate::waker::Signal;

type Letter = (u64, Option<String>);

/// What was said and not yet fetched.
pub(crate) struct Letters {
    waiting: Mutex<Vec<Letter>>,
    /// Whether the loop was told that something is waiting.
    told: AtomicBool,
    wake: Py<PyAny>,
}

impl Letters {
    fn put(self: &Arc<Self>, letter: Letter) -> bool {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(letter);
        !self.told.swap(true, Ordering::AcqRel)
    }

    pub(crate) fn wake(&self, py: Python<'_>) {
        if let Err(error) = self.wake.call0(py) {
            error.write_unraisable(py, None);
        }
    }
}

/// The mailbox of one event loop. However many tasks speak at once, the loop is woken once.
#[pyclass(frozen, module = "viseme._native")]
pub(crate) struct Mailbox {
    letters: Owned<Arc<Letters>>,
}

#[pymethods]
impl Mailbox {
    /// `wake` is called from another thread when something is waiting.
    #[new]
    fn new(wake: Py<PyAny>) -> Self {
        let letters = Letters { waiting: Mutex::default(), told: AtomicBool::new(false), wake };
        Self { letters: Owned::new(Arc::new(letters)) }
    }

    /// Asks the task for its next messages; they come under this token.
    fn post(&self, task: &Task, token: u64) -> PyResult<()> {
        let engine = engine()?;
        let letters = Arc::clone(self.letters.get()?);
        let task = task.inner()?.clone();
        engine.runtime.spawn(async move {
            let said = task.next().await;
            if letters.put((token, said)) {
                engine.waker.signal(Signal::Letters(letters));
            }
        });
        Ok(())
    }

    /// Takes out everything that is waiting.
    fn fetch(&self) -> PyResult<Vec<Letter>> {
        let letters = self.letters.get()?;
        // Before they are taken: what is put in from here on needs another call.
        letters.told.store(false, Ordering::Release);
        Ok(std::mem::take(&mut *letters.waiting.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}
