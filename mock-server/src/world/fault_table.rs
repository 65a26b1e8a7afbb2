//! The faults of a world, and which of them a request triggers.

use serde::Serialize;

use crate::digest::hash_u64;
use crate::scenario::{Fault, FaultAction, RequestKind, When};

/// How many faults a world can have.
pub(crate) const MAX_FAULTS: usize = 1000;

/// A fault, and how often it was triggered.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FaultCount {
    /// Its index. No other fault of the scenario has the same, even after this one is removed.
    pub index: usize,
    /// The fault.
    pub fault: Fault,
    /// How many requests of its kind there were since it was added.
    pub seen: u64,
    /// How often it was triggered.
    pub triggered: u64,
    /// How often it will still be triggered; `None` if that is open.
    pub remaining: Option<u64>,
}

/// A fault that a request triggered.
#[derive(Clone, Debug)]
pub(crate) struct TriggeredFault {
    /// The index of the fault.
    pub(crate) index: usize,
    pub(crate) action: FaultAction,
    pub(crate) when: When,
}

#[derive(Clone, Debug)]
pub(crate) struct FaultTable {
    seed: u64,
    active: Vec<Active>,
    next_index: usize,
}

#[derive(Clone, Debug)]
struct Active {
    index: usize,
    fault: Fault,
    seen: u64,
    triggered: u64,
}

impl FaultTable {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, active: Vec::new(), next_index: 0 }
    }

    /// Adds faults up to the maximum. Returns whether all were added.
    pub(crate) fn extend(&mut self, faults: &[Fault]) -> bool {
        let available = MAX_FAULTS.saturating_sub(self.active.len());
        for fault in faults.iter().take(available) {
            let index = self.next_index;
            self.active.push(Active { index, fault: fault.clone(), seen: 0, triggered: 0 });
            self.next_index += 1;
        }
        faults.len() <= available
    }

    /// Removes the fault with this index. Returns `false` if there is none.
    pub(crate) fn remove(&mut self, index: usize) -> bool {
        let before = self.active.len();
        self.active.retain(|active| active.index != index);
        self.active.len() < before
    }

    /// Removes all faults.
    pub(crate) fn clear(&mut self) {
        self.active.clear();
    }

    /// Returns whether any fault counts requests of this kind.
    pub(crate) fn counts_kind(&self, kind: RequestKind) -> bool {
        self.active.iter().any(|active| active.fault.at.covers(kind))
    }

    /// Returns the first fault that this request triggers. Every fault of its kind counts the
    /// request.
    pub(crate) fn trigger(&mut self, kind: RequestKind) -> Option<TriggeredFault> {
        let seed = self.seed;
        let mut found = None;
        for active in &mut self.active {
            let index = active.index;
            if !active.fault.at.covers(kind) {
                continue;
            }
            active.seen += 1;
            // It depends on the fault's own requests alone: other faults do not change it.
            let random = || fraction(seed, index as u64, active.seen);
            if found.is_none() && active.fault.matches(active.seen, random) {
                active.triggered += 1;
                let (action, when) = (active.fault.action.clone(), active.fault.when);
                found = Some(TriggeredFault { index, action, when });
            }
        }
        found
    }

    pub(crate) fn counts(&self) -> Vec<FaultCount> {
        let count = |active: &Active| FaultCount {
            index: active.index,
            fault: active.fault.clone(),
            seen: active.seen,
            triggered: active.triggered,
            remaining: active.fault.times().map(|times| times.saturating_sub(active.triggered)),
        };
        self.active.iter().map(count).collect()
    }
}

/// Returns a number from 0 to 1 that depends on these three numbers alone.
fn fraction(seed: u64, index: u64, seen: u64) -> f64 {
    let hash = hash_u64(&[&seed.to_be_bytes(), &index.to_be_bytes(), &seen.to_be_bytes()]);
    (hash >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_matching_fault_is_triggered_and_all_of_the_kind_count() {
        let mut table = FaultTable::new(1);
        table.extend(&[
            Fault::at(RequestKind::Poll).nth(2).status(503),
            Fault::at(RequestKind::Any).status(500),
            Fault::at(RequestKind::Submit).status(400),
        ]);
        let indexes: Vec<_> =
            (0..3).map(|_| table.trigger(RequestKind::Poll).map(|fault| fault.index)).collect();
        assert_eq!(indexes, [Some(1), Some(0), Some(1)]);
        let counts: Vec<_> = table
            .counts()
            .iter()
            .map(|count| (count.seen, count.triggered, count.remaining))
            .collect();
        assert_eq!(counts, [(3, 1, Some(0)), (3, 2, None), (0, 0, None)]);
    }

    #[test]
    fn a_probability_depends_on_the_seed_and_is_met_on_average() {
        let triggers = |seed| {
            let mut table = FaultTable::new(seed);
            let mut fault = Fault::at(RequestKind::Poll).status(503);
            fault.probability = Some(0.3);
            table.extend(&[fault]);
            (0..1000).map(|_| table.trigger(RequestKind::Poll).is_some()).collect::<Vec<_>>()
        };
        assert_eq!(triggers(7), triggers(7));
        assert_ne!(triggers(7), triggers(8));
        let share = triggers(7).iter().filter(|triggered| **triggered).count();
        assert!((250..350).contains(&share), "{share} of 1000");
    }

    #[test]
    fn a_world_holds_a_limited_number_of_faults() {
        let mut table = FaultTable::new(1);
        assert!(table.extend(&vec![Fault::at(RequestKind::Poll).status(503); MAX_FAULTS]));
        assert!(!table.extend(&[Fault::at(RequestKind::Poll).status(503)]));
        assert_eq!(table.counts().len(), MAX_FAULTS);
    }
}
