//! The runtime that all clients of a process share.

use std::sync::OnceLock;

use pyo3::PyResult;
use tokio::runtime::{Builder, Runtime};

use crate::owned::refused;
use crate::waker::Waker;

/// Threads that drive jobs. One thread does some thousand polls a second; the second keeps a large
/// answer that is decoded from holding up the others.
const WORKERS: usize = 1;

/// Threads that read and write files.
const BLOCKING_THREADS: usize = 8;

/// What works in the background of one process.
pub(crate) struct Engine {
    pub(crate) runtime: Runtime,
    pub(crate) waker: Waker,
}

/// The engine of a process, and where that of a forked child goes. A child cannot use its parent's,
/// whose threads it does not have, nor drop it. A list needs no lock that a fork could leave locked.
struct Entry {
    pid: u32,
    engine: Result<Engine, String>,
    next: OnceLock<Box<Entry>>,
}

static ENGINES: OnceLock<Box<Entry>> = OnceLock::new();

/// This process's engine; it is started on first use.
pub(crate) fn engine() -> PyResult<&'static Engine> {
    let pid = std::process::id();
    let mut place = &ENGINES;
    loop {
        let entry = place.get_or_init(|| {
            let engine = start().map_err(|error| error.to_string());
            Box::new(Entry { pid, engine, next: OnceLock::new() })
        });
        if entry.pid == pid {
            return entry.engine.as_ref().map_err(|why| {
                refused("config", &format!("The threads of the client cannot be started: {why}."))
            });
        }
        place = &entry.next;
    }
}

/// This process's engine, if it was started.
pub(crate) fn started() -> Option<&'static Engine> {
    let pid = std::process::id();
    let mut place = &ENGINES;
    loop {
        let entry = place.get()?;
        if entry.pid == pid {
            return entry.engine.as_ref().ok();
        }
        place = &entry.next;
    }
}

fn start() -> std::io::Result<Engine> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(BLOCKING_THREADS)
        .thread_name("viseme")
        .enable_all()
        .build()?;
    Ok(Engine { runtime, waker: Waker::start()? })
}
