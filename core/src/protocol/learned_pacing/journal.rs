//! What a client observed and has not shared with others yet.

use std::collections::VecDeque;

use super::durations::Durations;

/// The most observations that are kept. Older ones hardly count: the durations are those of about the last hundred
/// jobs.
const MAX_KEPT: usize = 8192;

/// A change of the durations. Ages are in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Observation {
    /// A job that was open at the first age was still open at the second.
    Open(f64, f64),
    /// A job that was open at the first age had ended by the second.
    Ended(f64, f64),
    /// This share of everything no longer counts.
    Forget(f64),
}

impl Observation {
    pub(super) fn apply(self, durations: &mut Durations) {
        match self {
            Self::Open(from, to) => durations.open(from, to),
            Self::Ended(from, to) => durations.ended(from, to),
            Self::Forget(share) => durations.forget(share),
        }
    }
}

/// The observations that are not shared yet, in their order. Each has a number.
#[derive(Clone, Debug, Default)]
pub(super) struct Journal {
    /// The number of the first one.
    first: u64,
    kept: VecDeque<Observation>,
}

impl Journal {
    pub(super) fn add(&mut self, observation: Observation) {
        if self.kept.len() >= MAX_KEPT {
            self.kept.pop_front();
            self.first += 1;
        }
        self.kept.push_back(observation);
    }

    /// Returns the number of the next observation.
    pub(super) fn next(&self) -> u64 {
        self.first + self.kept.len() as u64
    }

    /// Removes the observations before this number.
    pub(super) fn remove_before(&mut self, number: u64) {
        while self.first < number && self.kept.pop_front().is_some() {
            self.first += 1;
        }
    }

    pub(super) fn apply(&self, durations: &mut Durations) {
        for observation in &self.kept {
            observation.apply(durations);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_removed_is_what_was_there_even_if_the_journal_overflows() {
        let mut journal = Journal::default();
        journal.add(Observation::Forget(0.5));
        let shared = journal.next();
        for _ in 0..MAX_KEPT {
            journal.add(Observation::Open(0.0, 1.0));
        }
        assert_eq!(journal.kept.len(), MAX_KEPT, "the first was dropped");
        journal.remove_before(shared);
        assert_eq!(journal.kept.len(), MAX_KEPT, "it is not removed a second time");
        journal.remove_before(journal.next());
        assert_eq!((journal.kept.len(), journal.next()), (0, MAX_KEPT as u64 + 1));
        journal.remove_before(u64::MAX);
        assert_eq!(journal.next(), MAX_KEPT as u64 + 1);
    }
}
