//! The one thread that calls into Python of its own accord: it wakes event loops and hands over log
//! records. The threads that drive jobs never wait for the interpreter.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use pyo3::prelude::*;

use crate::engine;
use crate::logs;
use crate::mailbox::Letters;

/// What to do.
pub(crate) enum Signal {
    /// There is something in the mailbox.
    Letters(Arc<Letters>),
    /// There are log records.
    Logs,
    /// Nothing more, ever.
    Stop,
}

/// The thread, and the way to it.
pub(crate) struct Waker {
    signals: Sender<Signal>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Waker {
    pub(crate) fn start() -> std::io::Result<Self> {
        let (signals, received) = channel();
        let builder = std::thread::Builder::new().name("viseme-wake".to_owned());
        let thread = builder.spawn(move || listen(&received))?;
        Ok(Self { signals, thread: Mutex::new(Some(thread)) })
    }

    pub(crate) fn signal(&self, signal: Signal) {
        // After the end there is nobody to be told.
        let _ = self.signals.send(signal);
    }
}

fn listen(signals: &Receiver<Signal>) {
    while let Ok(first) = signals.recv() {
        let mut waiting = vec![first];
        waiting.extend(signals.try_iter());
        if waiting.iter().any(|signal| matches!(signal, Signal::Stop)) {
            return;
        }
        let told = Python::try_attach(|py| {
            for signal in waiting {
                match signal {
                    Signal::Letters(letters) => letters.wake(py),
                    Signal::Logs => logs::deliver(py),
                    Signal::Stop => {}
                }
            }
        });
        if told.is_none() {
            // The interpreter is going away.
            return;
        }
    }
}

/// Ends the calls into Python for good; called when the interpreter is about to exit.
#[pyfunction]
pub(crate) fn shut_down(py: Python<'_>) {
    logs::deliver(py);
    let Some(engine) = engine::started() else { return };
    engine.waker.signal(Signal::Stop);
    let mut thread = engine.waker.thread.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(thread) = thread.take() {
        // It may be waiting for the interpreter at this moment.
        py.detach(|| {
            let _ = thread.join();
        });
    }
}
