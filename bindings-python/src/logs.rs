//! What the core tells by `tracing`, for Python's `logging`.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use pyo3::prelude::*;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record as SpanRecord};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_core::Interest;

use crate::engine;
use crate::waker::Signal;

/// Records that nobody fetched, at most; what comes beyond is lost.
const MOST: usize = 10_000;

/// The least level that Python wants, in its numbers; 255: nothing.
static LEAST: AtomicU8 = AtomicU8::new(255);
static WAITING: Mutex<Vec<Record>> = Mutex::new(Vec::new());
static TOLD: AtomicBool = AtomicBool::new(false);
static SINK: OnceLock<Py<PyAny>> = OnceLock::new();

type Record = (u8, &'static str, String);

/// Begins to record. The core is linked into this module alone, so nobody else's records are taken.
pub(crate) fn record() {
    // It fails only where the module is loaded a second time.
    let _ = tracing::subscriber::set_global_default(Recorder);
}

/// Where records go: `sink(level, name, message)`.
#[pyfunction]
pub(crate) fn set_log_sink(sink: Py<PyAny>) {
    let _ = SINK.set(sink);
}

/// The least level that is wanted, as a number of `logging`.
#[pyfunction]
pub(crate) fn set_log_level(least: u8) {
    LEAST.store(least, Ordering::Relaxed);
}

/// Hands over what was recorded.
#[pyfunction]
pub(crate) fn deliver_logs(py: Python<'_>) {
    deliver(py);
}

pub(crate) fn deliver(py: Python<'_>) {
    if !TOLD.swap(false, Ordering::AcqRel) {
        return;
    }
    let records = std::mem::take(&mut *WAITING.lock().unwrap_or_else(PoisonError::into_inner));
    let Some(sink) = SINK.get() else { return };
    for record in records {
        if let Err(error) = sink.call1(py, record) {
            error.write_unraisable(py, None);
        }
    }
}

struct Recorder;

impl Subscriber for Recorder {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        // The level may change at any time.
        if is_ours(metadata) { Interest::sometimes() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event()
            && is_ours(metadata)
            && number(*metadata.level()) >= LEAST.load(Ordering::Relaxed)
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &SpanRecord<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        let mut line = Line::default();
        event.record(&mut line);
        let record = (number(*metadata.level()), metadata.target(), line.text());
        {
            let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.len() >= MOST {
                return;
            }
            waiting.push(record);
        }
        if !TOLD.swap(true, Ordering::AcqRel)
            && let Some(engine) = engine::started()
        {
            engine.waker.signal(Signal::Logs);
        }
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

fn is_ours(metadata: &Metadata<'_>) -> bool {
    metadata.target().starts_with("viseme")
}

/// The level as a number of `logging`.
fn number(level: Level) -> u8 {
    match level {
        Level::ERROR => 40,
        Level::WARN => 30,
        Level::INFO => 20,
        Level::DEBUG => 10,
        Level::TRACE => 5,
    }
}

/// The message and the fields behind it.
#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Line {
    fn text(self) -> String {
        self.message + &self.fields
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        // Writing to a string does not fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value}"),
            name => write!(self.fields, " {name}={value}"),
        };
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}
