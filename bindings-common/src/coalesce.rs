//! Lets the events of many operations wake the runtime's thread together.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// With fewer operations in progress, each event is handled at once.
const MANY: usize = 32;
/// How long the events of many operations are collected.
const WINDOW: Duration = Duration::from_millis(2);

/// A forked child also counts the operations of its parent, which only delays its events.
static IN_PROGRESS: Operations = Operations(AtomicUsize::new(0));

/// Waits for more events if many operations are in progress. Call it when a thread of the runtime has
/// nothing to do (`on_thread_park`): it then handles several responses each time it wakes.
pub fn coalesce_events() {
    if let Some(time) = IN_PROGRESS.window() {
        std::thread::sleep(time);
    }
}

/// An operation in progress, until it is dropped.
pub(crate) struct OperationGuard<'a>(&'a Operations);

impl OperationGuard<'static> {
    pub(crate) fn new() -> Self {
        IN_PROGRESS.start()
    }
}

impl Drop for OperationGuard<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How many operations are in progress.
struct Operations(AtomicUsize);

impl Operations {
    fn start(&self) -> OperationGuard<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        OperationGuard(self)
    }

    /// Returns how long events are collected.
    fn window(&self) -> Option<Duration> {
        (self.0.load(Ordering::Relaxed) >= MANY).then_some(WINDOW)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_collected_only_while_many_operations_are_in_progress() {
        let operations = Operations(AtomicUsize::new(0));
        let mut guards: Vec<_> = (1..MANY).map(|_| operations.start()).collect();
        assert_eq!(operations.window(), None);
        guards.push(operations.start());
        assert_eq!(operations.window(), Some(WINDOW));
        guards.pop();
        assert_eq!(operations.window(), None);
    }
}
