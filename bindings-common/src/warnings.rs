//! The core's warnings, for hosts without a logging framework of their own: the host takes them after each operation.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::event_text::{event_text, is_own_event};

/// How many warnings wait for the host, at most. Further ones are lost.
const MAX_PENDING: usize = 100;

static PENDING: Mutex<Vec<String>> = Mutex::new(Vec::new());
/// Whether there are any.
static ANY: AtomicBool = AtomicBool::new(false);

/// Starts to collect warnings of this process. Only the first call has an effect, and none if another subscriber of
/// `tracing` is installed.
pub fn record_warnings() {
    let _ = tracing::subscriber::set_global_default(Recorder);
}

/// Takes the warnings that were collected since the last call.
#[must_use]
pub fn take_warnings() -> Vec<String> {
    if !ANY.swap(false, Ordering::AcqRel) {
        return Vec::new();
    }
    std::mem::take(&mut *pending())
}

fn pending() -> MutexGuard<'static, Vec<String>> {
    PENDING.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Recorder;

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() <= Level::WARN && is_own_event(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::WARN)
    }

    fn event(&self, event: &Event<'_>) {
        let mut pending = pending();
        if pending.len() < MAX_PENDING {
            pending.push(event_text(event));
            ANY.store(true, Ordering::Release);
        }
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    // One test: the warnings are those of the process. The recorder is only this thread's: other tests warn too.
    #[test]
    fn own_warnings_are_taken_once_and_a_limited_number_waits() {
        let _recorder = tracing::subscriber::set_default(Recorder);
        tracing::warn!(target: "viseme::client", path = %"/tmp/a b", "The file is {}.", "damaged");
        tracing::error!(target: "viseme_ledger", count = 2, "It failed.");
        tracing::info!(target: "viseme::client", "no warning");
        tracing::warn!(target: "hyper", "not ours");
        assert_eq!(take_warnings(), ["The file is damaged. path=/tmp/a b", "It failed. count=2"]);
        assert!(take_warnings().is_empty());
        for number in 0..=MAX_PENDING {
            tracing::warn!(target: "viseme::client", "{number}");
        }
        let taken = take_warnings();
        assert_eq!((taken.len(), taken.last().map(String::as_str)), (MAX_PENDING, Some("99")));
    }
}
