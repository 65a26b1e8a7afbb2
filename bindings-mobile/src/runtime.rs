//! The threads that do the work.

use std::sync::OnceLock;

use tokio::runtime::{Builder, Runtime};

use crate::error::NativeError;

/// One thread: an app has a few jobs under way, and they wait nearly all of the time.
const THREADS: usize = 1;
/// For reading files and looking up names.
const BLOCKING_THREADS: usize = 4;

/// The runtime of this process. It is made at the first use and lives as long as the process.
pub(crate) fn runtime() -> Result<&'static Runtime, NativeError> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let made = Builder::new_multi_thread()
        .worker_threads(THREADS)
        .max_blocking_threads(BLOCKING_THREADS)
        .thread_name("viseme")
        .enable_all()
        .build()
        .map_err(|why| {
            NativeError::config(format!("The threads of the client cannot be started: {why}."))
        })?;
    // Of two that were made at once, one is dropped again.
    Ok(RUNTIME.get_or_init(|| made))
}
