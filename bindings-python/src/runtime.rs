//! The runtime that all clients of a process share.

use std::sync::OnceLock;

use pyo3::PyResult;
use tokio::runtime::Builder;

use crate::callback_thread::CallbackThread;
use crate::fork_guard::native_error;

/// Threads that run jobs. One thread handles thousands of polls a second.
const WORKER_THREADS: usize = 1;

/// Threads that read and write files.
const BLOCKING_THREADS: usize = 8;

/// The background threads of one process.
pub(crate) struct Runtime {
    pub(crate) tokio: tokio::runtime::Runtime,
    pub(crate) callbacks: CallbackThread,
}

/// The runtime of a process, and the place for that of a forked child. A child cannot use its
/// parent's runtime, whose threads it does not have, nor drop it. A list needs no lock, which a
/// fork could leave locked.
struct Entry {
    pid: u32,
    runtime: Result<Runtime, String>,
    next: OnceLock<Box<Entry>>,
}

static RUNTIMES: OnceLock<Box<Entry>> = OnceLock::new();

/// Returns this process's runtime. It starts on first use.
pub(crate) fn runtime() -> PyResult<&'static Runtime> {
    let pid = std::process::id();
    let mut place = &RUNTIMES;
    loop {
        let entry = place.get_or_init(|| {
            let runtime = start().map_err(|error| error.to_string());
            Box::new(Entry { pid, runtime, next: OnceLock::new() })
        });
        if entry.pid == pid {
            return entry.runtime.as_ref().map_err(|error| {
                let message = format!("The threads of the client cannot be started: {error}.");
                native_error("config", &message)
            });
        }
        place = &entry.next;
    }
}

/// Returns this process's runtime if it has started.
pub(crate) fn started() -> Option<&'static Runtime> {
    let pid = std::process::id();
    let mut place = &RUNTIMES;
    loop {
        let entry = place.get()?;
        if entry.pid == pid {
            return entry.runtime.as_ref().ok();
        }
        place = &entry.next;
    }
}

fn start() -> std::io::Result<Runtime> {
    let tokio = Builder::new_multi_thread()
        .worker_threads(WORKER_THREADS)
        .max_blocking_threads(BLOCKING_THREADS)
        .thread_name("viseme")
        .enable_all()
        .build()?;
    Ok(Runtime { tokio, callbacks: CallbackThread::start()? })
}
