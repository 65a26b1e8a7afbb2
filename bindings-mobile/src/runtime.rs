//! The threads that execute operations.

use std::sync::OnceLock;

use tokio::runtime::{Builder, Runtime};
use viseme_bindings::dto::ErrorData;
use viseme_bindings::error_message;

/// One thread is enough: an app has few jobs in progress, and they mostly wait.
const THREADS: usize = 1;
/// For reading files and resolving names.
const BLOCKING_THREADS: usize = 4;

/// An error, as a message in JSON.
// UniFFI does not pass the text for `Display` on to Kotlin, so the packages read the message.
#[derive(Debug, thiserror::Error, uniffi::Error)]
pub enum NativeError {
    /// The only kind; the message has the code.
    #[error("{json}")]
    Failed {
        /// The message.
        json: String,
    },
}

impl From<String> for NativeError {
    fn from(json: String) -> Self {
        Self::Failed { json }
    }
}

/// Returns the runtime of this process. The first call creates it, and it lives as long as the process.
pub(crate) fn runtime() -> Result<&'static Runtime, NativeError> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let created = Builder::new_multi_thread()
        .worker_threads(THREADS)
        .max_blocking_threads(BLOCKING_THREADS)
        .thread_name("viseme")
        .enable_all()
        .build()
        .map_err(|error| {
            let message = format!("The client cannot start its threads: {error}.");
            error_message(ErrorData::new("config", message))
        })?;
    // If two threads create one at the same time, one of the two is dropped.
    Ok(RUNTIME.get_or_init(|| created))
}
