//! The runtime that all clients of a process share.

use pyo3::PyResult;
use tokio::runtime::Builder;

use crate::callback_thread::CallbackThread;
use crate::fork_guard::native_error;
use crate::per_process::PerProcess;

/// Threads that run jobs. One thread handles thousands of polls a second.
const WORKER_THREADS: usize = 1;

/// Threads that read and write files.
const BLOCKING_THREADS: usize = 8;

/// The background threads of one process.
pub(crate) struct Runtime {
    pub(crate) tokio: tokio::runtime::Runtime,
    pub(crate) callbacks: CallbackThread,
}

static RUNTIME: PerProcess<Result<Runtime, String>> = PerProcess::new();

/// Returns this process's runtime. It starts on first use.
pub(crate) fn runtime() -> PyResult<&'static Runtime> {
    RUNTIME.get_or_init(|| start().map_err(|error| error.to_string())).as_ref().map_err(|error| {
        let message = format!("The threads of the client cannot be started: {error}.");
        native_error("config", &message)
    })
}

/// Returns this process's runtime if it has started.
pub(crate) fn started() -> Option<&'static Runtime> {
    RUNTIME.get()?.as_ref().ok()
}

fn start() -> std::io::Result<Runtime> {
    let tokio = Builder::new_multi_thread()
        .worker_threads(WORKER_THREADS)
        .max_blocking_threads(BLOCKING_THREADS)
        .thread_name("viseme")
        .on_thread_park(viseme_bindings::coalesce_events)
        .enable_all()
        .build()?;
    Ok(Runtime { tokio, callbacks: CallbackThread::start()? })
}
