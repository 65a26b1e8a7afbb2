//! Which parts of a world have changed, in order. Each part has the id of its last event, so that a
//! reader that missed events gets each changed part once, in its current state.

use std::collections::VecDeque;

/// How many events are kept. A reader that is further behind looks through the whole world.
const CAPACITY: usize = 32_768;

/// A part of a world that changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The exchange with this number.
    Exchange(u64),
    /// The job with this index.
    Job(usize),
    /// The delivery with this number.
    Webhook(u64),
    Single(Single),
}

/// A part that a world has once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Single {
    Reset,
    Scenario,
    Clock,
    Ledger,
    Faults,
}

impl Single {
    pub(crate) const ALL: [Self; 5] =
        [Self::Reset, Self::Scenario, Self::Clock, Self::Ledger, Self::Faults];
}

/// The events of a world, by their ids from 1.
#[derive(Debug, Default)]
pub(crate) struct EventLog {
    parts: VecDeque<Part>,
    /// How many events are no longer kept.
    dropped: u64,
    /// Readers may have seen every event up to this one.
    seen: u64,
    singles: [u64; Single::ALL.len()],
    /// The last event of the exchanges that the journal has dropped.
    forgotten: u64,
    /// The jobs that may change their state by the clock.
    pub(crate) running: Vec<usize>,
}

impl EventLog {
    /// Returns the log of a world that starts over. Ids continue, so that readers notice it.
    pub(crate) fn restarted(&self) -> Self {
        let mut log = Self { dropped: self.head(), seen: self.head(), ..Self::default() };
        log.record_single(Single::Reset);
        log
    }

    /// Returns the id of the last event.
    pub(crate) fn head(&self) -> u64 {
        self.dropped + self.parts.len() as u64
    }

    /// Returns the id of the first event that is kept.
    pub(crate) fn first(&self) -> u64 {
        self.dropped + 1
    }

    /// Records that a part has changed. `last` is the id of its last event. Without a reader in
    /// between, several changes are one event.
    pub(crate) fn record(&mut self, part: Part, last: &mut u64) {
        if *last > self.seen {
            return;
        }
        if self.parts.len() == CAPACITY {
            self.parts.pop_front();
            self.dropped += 1;
        }
        self.parts.push_back(part);
        *last = self.head();
    }

    pub(crate) fn record_single(&mut self, single: Single) {
        let mut last = self.last_of(single);
        self.record(Part::Single(single), &mut last);
        if let Some(id) = self.singles.get_mut(single as usize) {
            *id = last;
        }
    }

    /// Returns the id of the last event of a part.
    pub(crate) fn last_of(&self, single: Single) -> u64 {
        self.singles.get(single as usize).copied().unwrap_or_default()
    }

    /// Returns the events after this id that are kept.
    pub(crate) fn after(&self, id: u64) -> impl Iterator<Item = (u64, Part)> {
        let skip = usize::try_from(id.saturating_sub(self.dropped)).unwrap_or(usize::MAX);
        let first = self.first() + skip as u64;
        (first..).zip(self.parts.iter().skip(skip).copied())
    }

    /// Records that a reader has seen every event up to this one.
    pub(crate) fn mark_seen(&mut self, id: u64) {
        self.seen = self.seen.max(id);
    }

    /// Records that the journal has dropped an exchange with this last event.
    pub(crate) fn forget(&mut self, last: u64) {
        self.forgotten = self.forgotten.max(last);
    }

    /// Returns whether exchanges were dropped that a reader has not seen.
    pub(crate) fn misses(&self, id: u64) -> bool {
        self.forgotten > id
    }

    /// Returns the last event of the exchanges that were dropped.
    pub(crate) fn forgotten(&self) -> u64 {
        self.forgotten
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_without_a_reader_in_between_are_one_event() {
        let mut log = EventLog::default();
        let mut last = 0;
        log.record(Part::Exchange(1), &mut last);
        log.record(Part::Exchange(1), &mut last);
        assert_eq!((last, log.head()), (1, 1));
        log.mark_seen(1);
        log.record(Part::Exchange(1), &mut last);
        assert_eq!((last, log.head()), (2, 2));
        assert_eq!(log.after(1).collect::<Vec<_>>(), [(2, Part::Exchange(1))]);
        assert_eq!(log.after(9).count(), 0);
    }

    #[test]
    fn a_limited_number_of_events_is_kept() {
        let mut log = EventLog::default();
        for sequence in 0..CAPACITY as u64 + 10 {
            log.record(Part::Exchange(sequence), &mut 0);
        }
        assert_eq!((log.first(), log.head()), (11, CAPACITY as u64 + 10));
        assert_eq!(log.after(0).next(), Some((11, Part::Exchange(10))));
        assert_eq!(log.after(20).next(), Some((21, Part::Exchange(20))));
    }

    #[test]
    fn ids_continue_after_a_restart() {
        let mut log = EventLog::default();
        log.record_single(Single::Clock);
        let log = log.restarted();
        assert_eq!(log.after(0).collect::<Vec<_>>(), [(2, Part::Single(Single::Reset))]);
    }
}
