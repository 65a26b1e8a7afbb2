//! The journal: every request to a world and its response.

use std::collections::VecDeque;

use super::exchange_record::ExchangeRecord;

/// How many exchanges a world keeps.
const CAPACITY: usize = 20_000;

/// The exchanges of a world. The oldest are dropped first.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    entries: VecDeque<ExchangeRecord>,
    count: u64,
}

impl Journal {
    /// Records an exchange under the next number. Returns the number, and the exchange that is
    /// dropped for it.
    pub(crate) fn record(&mut self, mut exchange: ExchangeRecord) -> (u64, Option<ExchangeRecord>) {
        self.count += 1;
        exchange.sequence = self.count;
        let is_full = self.entries.len() == CAPACITY;
        let dropped = if is_full { self.entries.pop_front() } else { None };
        self.entries.push_back(exchange);
        (self.count, dropped)
    }

    /// Changes the exchange with this number, if it is still kept.
    pub(crate) fn update(&mut self, sequence: u64, change: impl FnOnce(&mut ExchangeRecord)) {
        let index = self.index(sequence);
        if let Some(entry) = index.and_then(|index| self.entries.get_mut(index)) {
            change(entry);
        }
    }

    /// Returns the exchange with this number, if it is still kept.
    pub(crate) fn get(&self, sequence: u64) -> Option<&ExchangeRecord> {
        self.entries.get(self.index(sequence)?)
    }

    /// Returns the exchanges after this number.
    pub(crate) fn after(&self, sequence: u64) -> impl Iterator<Item = &ExchangeRecord> {
        let first = self.entries.front().map_or(0, |entry| entry.sequence);
        let skip = sequence.saturating_add(1).saturating_sub(first);
        self.entries.iter().skip(usize::try_from(skip).unwrap_or(usize::MAX))
    }

    fn index(&self, sequence: u64) -> Option<usize> {
        let first = self.entries.front()?.sequence;
        usize::try_from(sequence.checked_sub(first)?).ok()
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &ExchangeRecord> {
        self.entries.iter()
    }

    /// Returns how many exchanges there were, dropped ones included.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }
}
