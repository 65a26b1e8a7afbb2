//! The one thread that calls into Python on its own: it wakes event loops and delivers log records.
//! The threads that run jobs never wait for the interpreter.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use pyo3::prelude::*;

/// Whether the interpreter is about to exit. From then on, no thread of Rust calls into it.
static STOPPED: AtomicBool = AtomicBool::new(false);

/// Something that is to be called with the interpreter.
pub(crate) trait Callback: Send + Sync {
    /// Calls into Python.
    fn call(&self, py: Python<'_>);
}

/// A message to the thread.
enum Notification {
    Call(Arc<dyn Callback>),
    Stop,
}

/// The thread, and the sender of its notifications.
pub(crate) struct CallbackThread {
    notifications: Sender<Notification>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl CallbackThread {
    pub(crate) fn start() -> std::io::Result<Self> {
        let (notifications, received) = channel();
        let builder = std::thread::Builder::new().name("viseme-callbacks".to_owned());
        let thread = builder.spawn(move || run(&received))?;
        if is_stopped() {
            // `stop` may have missed this thread.
            let _ = notifications.send(Notification::Stop);
        }
        Ok(Self { notifications, thread: Mutex::new(Some(thread)) })
    }

    /// Has the thread call this soon.
    pub(crate) fn notify(&self, callback: Arc<dyn Callback>) {
        // After the thread has stopped, nobody can be notified.
        let _ = self.notifications.send(Notification::Call(callback));
    }

    fn stop(&self, py: Python<'_>) {
        let _ = self.notifications.send(Notification::Stop);
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = thread.take() {
            // It may be waiting for the interpreter at this moment.
            py.detach(|| {
                let _ = thread.join();
            });
        }
    }
}

/// Stops the thread for good, and waits for it. A thread that starts later ends at once.
pub(crate) fn stop(py: Python<'_>, started: Option<&CallbackThread>) {
    STOPPED.store(true, Ordering::SeqCst);
    if let Some(thread) = started {
        thread.stop(py);
    }
}

/// Returns whether the calls into Python have ended.
pub(crate) fn is_stopped() -> bool {
    STOPPED.load(Ordering::SeqCst)
}

fn run(notifications: &Receiver<Notification>) {
    while let Ok(first) = notifications.recv() {
        let mut callbacks = Vec::new();
        for notification in std::iter::once(first).chain(notifications.try_iter()) {
            match notification {
                Notification::Call(callback) => callbacks.push(callback),
                Notification::Stop => return,
            }
        }
        if is_stopped() {
            return;
        }
        let called = Python::try_attach(|py| callbacks.iter().for_each(|it| it.call(py)));
        if called.is_none() {
            // The interpreter is shutting down.
            return;
        }
    }
}
