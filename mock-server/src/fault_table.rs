//! The faults set in a world, and which of them strikes a request.

use serde::Serialize;

use crate::scenario::{Fault, FaultAction, RequestKind, When};
use crate::state::hash_u64;

/// How many faults a world holds; further ones are refused.
pub(crate) const MAX_FAULTS: usize = 1000;

/// A fault and how often it struck.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FaultCount {
    /// The fault.
    pub fault: Fault,
    /// How many requests of its kind came since it was set.
    pub seen: u64,
    /// How often it struck.
    pub triggered: u64,
    /// How often it is still to strike; `None` where that is open.
    pub remaining: Option<u64>,
}

/// A fault that strikes a request.
#[derive(Clone, Debug)]
pub(crate) struct Strike {
    /// The number of the fault in the table, from 0.
    pub(crate) number: usize,
    pub(crate) effect: FaultAction,
    pub(crate) when: When,
}

#[derive(Clone, Debug)]
pub(crate) struct FaultTable {
    seed: u64,
    active: Vec<Active>,
}

#[derive(Clone, Debug)]
struct Active {
    fault: Fault,
    seen: u64,
    triggered: u64,
}

impl FaultTable {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, active: Vec::new() }
    }

    /// Adds faults as far as there is room; gives whether all of them fitted.
    pub(crate) fn extend(&mut self, faults: &[Fault]) -> bool {
        let room = MAX_FAULTS.saturating_sub(self.active.len());
        let fitting = faults.iter().take(room);
        self.active.extend(fitting.map(|fault| Active {
            fault: fault.clone(),
            seen: 0,
            triggered: 0,
        }));
        faults.len() <= room
    }

    /// The first fault that strikes this request. Every fault of its kind counts the request.
    pub(crate) fn strike(&mut self, point: RequestKind) -> Option<Strike> {
        let seed = self.seed;
        let mut strike = None;
        for (number, active) in self.active.iter_mut().enumerate() {
            if !active.fault.at.covers(point) {
                continue;
            }
            active.seen += 1;
            // Of the fault's own requests alone, so that other scripts keep their choices.
            let random = || fraction(seed, number as u64, active.seen);
            if strike.is_none() && active.fault.strikes(active.seen, random) {
                active.triggered += 1;
                let (effect, when) = (active.fault.action.clone(), active.fault.when);
                strike = Some(Strike { number, effect, when });
            }
        }
        strike
    }

    pub(crate) fn counts(&self) -> Vec<FaultCount> {
        let count = |active: &Active| FaultCount {
            fault: active.fault.clone(),
            seen: active.seen,
            triggered: active.triggered,
            remaining: active.fault.times().map(|times| times.saturating_sub(active.triggered)),
        };
        self.active.iter().map(count).collect()
    }
}

/// A number from 0 to 1 that the same three numbers always give.
fn fraction(seed: u64, number: u64, seen: u64) -> f64 {
    let hash = hash_u64(&[&seed.to_be_bytes(), &number.to_be_bytes(), &seen.to_be_bytes()]);
    (hash >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_fits_strikes_and_all_of_the_kind_count() {
        let mut table = FaultTable::new(1);
        table.extend(&[
            Fault::at(RequestKind::Poll).nth(2).status(503),
            Fault::at(RequestKind::Any).status(500),
            Fault::at(RequestKind::Submit).status(400),
        ]);
        let numbers: Vec<_> =
            (0..3).map(|_| table.strike(RequestKind::Poll).map(|strike| strike.number)).collect();
        assert_eq!(numbers, [Some(1), Some(0), Some(1)]);
        let counts: Vec<_> = table
            .counts()
            .iter()
            .map(|count| (count.seen, count.triggered, count.remaining))
            .collect();
        assert_eq!(counts, [(3, 1, Some(0)), (3, 2, None), (0, 0, None)]);
    }

    #[test]
    fn chance_is_bound_to_the_seed_and_near_its_probability() {
        let strikes = |seed| {
            let mut table = FaultTable::new(seed);
            let mut fault = Fault::at(RequestKind::Poll).status(503);
            fault.probability = Some(0.3);
            table.extend(&[fault]);
            (0..1000).map(|_| table.strike(RequestKind::Poll).is_some()).collect::<Vec<_>>()
        };
        assert_eq!(strikes(7), strikes(7));
        assert_ne!(strikes(7), strikes(8));
        let share = strikes(7).iter().filter(|struck| **struck).count();
        assert!((250..350).contains(&share), "{share} of 1000");
    }

    #[test]
    fn there_is_an_end_to_faults() {
        let mut table = FaultTable::new(1);
        assert!(table.extend(&vec![Fault::at(RequestKind::Poll).status(503); MAX_FAULTS]));
        assert!(!table.extend(&[Fault::at(RequestKind::Poll).status(503)]));
        assert_eq!(table.counts().len(), MAX_FAULTS);
    }
}
