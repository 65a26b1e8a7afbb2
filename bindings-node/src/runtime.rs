//! The threads that run the operations.

use napi::bindgen_prelude::create_custom_tokio_runtime;
use tokio::runtime::Builder;
use viseme_bindings::Host;

/// Threads that drive jobs. One does some thousand polls a second; with two, a job costs a fifth more
/// CPU time, because they wake each other.
const WORKERS: usize = 1;

/// Threads that read and write files.
const BLOCKING_THREADS: usize = 8;

/// If the runtime cannot be created, napi creates a runtime of its own at the first use and reports why it cannot.
#[napi_derive::module_init]
fn init() {
    Host::Node.set();
    viseme_bindings::record_warnings();
    let runtime = Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(BLOCKING_THREADS)
        .thread_name("viseme")
        .on_thread_park(viseme_bindings::coalesce_events)
        .enable_all()
        .build();
    if let Ok(runtime) = runtime {
        create_custom_tokio_runtime(runtime);
    }
}
