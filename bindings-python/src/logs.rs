//! Passes the core's `tracing` events to Python's `logging`.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use pyo3::prelude::*;
use tracing::span::{Attributes, Id, Record as SpanRecord};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_core::Interest;
use viseme_bindings::{event_text, is_own_event};

use crate::callback_thread::Callback;
use crate::per_process::PerProcess;
use crate::runtime;

/// How many records wait for delivery, at most. Further ones are lost.
const MAX_PENDING: usize = 10_000;

/// The lowest level to deliver, in the numbers of `logging`; 255 for none.
static MIN_LEVEL: AtomicU8 = AtomicU8::new(255);
static PENDING: PerProcess<Pending> = PerProcess::new();
static SINK: OnceLock<Py<PyAny>> = OnceLock::new();

type Record = (u8, &'static str, String);

/// The records that were not delivered yet.
#[derive(Default)]
struct Pending {
    records: Mutex<Vec<Record>>,
    /// Whether the callback thread was notified that records are pending.
    notified: AtomicBool,
}

/// Starts recording. The core is linked into this module only, so that no other events are taken.
pub(crate) fn record() {
    // It fails only if the module is loaded a second time.
    let _ = tracing::subscriber::set_global_default(Recorder);
}

/// Sets the function that gets the records: `sink(level, name, message)`.
#[pyfunction]
pub(crate) fn set_log_sink(sink: Py<PyAny>) {
    let _ = SINK.set(sink);
}

/// Sets the lowest level to deliver, as a number of `logging`.
#[pyfunction]
pub(crate) fn set_log_level(level: u8) {
    MIN_LEVEL.store(level, Ordering::Relaxed);
}

/// Takes the pending records: the caller delivers them.
#[pyfunction]
pub(crate) fn take_logs() -> Vec<Record> {
    match PENDING.get() {
        Some(pending) if pending.notified.swap(false, Ordering::AcqRel) => {
            std::mem::take(&mut *pending.records.lock().unwrap_or_else(PoisonError::into_inner))
        }
        _ => Vec::new(),
    }
}

/// Delivers the pending records to the sink. Only for the callback thread and the main thread:
/// the interpreter ends others at its exit.
pub(crate) fn deliver(py: Python<'_>) {
    let Some(sink) = SINK.get() else { return };
    for record in take_logs() {
        if let Err(error) = sink.call1(py, record) {
            error.write_unraisable(py, None);
        }
    }
}

/// Delivers the pending records on the callback thread.
struct Delivery;

impl Callback for Delivery {
    fn call(&self, py: Python<'_>) {
        deliver(py);
    }
}

/// Records the events of the core.
struct Recorder;

impl Subscriber for Recorder {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        // The level may change at any time.
        if is_own_event(metadata) { Interest::sometimes() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event()
            && is_own_event(metadata)
            && number(*metadata.level()) >= MIN_LEVEL.load(Ordering::Relaxed)
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &SpanRecord<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        let record = (number(*metadata.level()), metadata.target(), event_text(event));
        let pending = PENDING.get_or_init(Pending::default);
        {
            let mut records = pending.records.lock().unwrap_or_else(PoisonError::into_inner);
            if records.len() >= MAX_PENDING {
                return;
            }
            records.push(record);
        }
        if !pending.notified.swap(true, Ordering::AcqRel)
            && let Some(runtime) = runtime::started()
        {
            runtime.callbacks.notify(Arc::new(Delivery));
        }
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

/// Returns the level as a number of `logging`.
fn number(level: Level) -> u8 {
    match level {
        Level::ERROR => 40,
        Level::WARN => 30,
        Level::INFO => 20,
        Level::DEBUG => 10,
        Level::TRACE => 5,
    }
}
