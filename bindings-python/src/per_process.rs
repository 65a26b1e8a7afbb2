//! Values that each process has for itself.

use std::sync::OnceLock;

/// A value of this process, and the place for that of a forked child. A child cannot use the value
/// of its parent: it does not have the parent's threads, and a lock that one of them held at the
/// fork stays locked. It does not drop it either. A list needs no lock.
pub(crate) struct PerProcess<T> {
    first: OnceLock<Box<Entry<T>>>,
}

struct Entry<T> {
    pid: u32,
    value: T,
    next: OnceLock<Box<Entry<T>>>,
}

impl<T> PerProcess<T> {
    pub(crate) const fn new() -> Self {
        Self { first: OnceLock::new() }
    }

    /// Returns the value of this process if it has one.
    pub(crate) fn get(&self) -> Option<&T> {
        let pid = std::process::id();
        let mut place = &self.first;
        loop {
            let entry = place.get()?;
            if entry.pid == pid {
                return Some(&entry.value);
            }
            place = &entry.next;
        }
    }

    /// Returns the value of this process. It is made on first use.
    pub(crate) fn get_or_init(&self, make: impl Fn() -> T) -> &T {
        let pid = std::process::id();
        let mut place = &self.first;
        loop {
            let entry =
                place.get_or_init(|| Box::new(Entry { pid, value: make(), next: OnceLock::new() }));
            if entry.pid == pid {
                return &entry.value;
            }
            place = &entry.next;
        }
    }
}
