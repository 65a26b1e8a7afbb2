//! When the next submit of a client may go out.

use std::collections::VecDeque;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// What an account's tier allows (the service's page on account levels).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubmitLimits {
    /// Submits of videos a minute.
    pub per_minute: u32,
    /// Jobs under way at once.
    pub concurrent: usize,
}

impl SubmitLimits {
    /// The tier of a new account: 5 videos a minute, 3 at once.
    pub const BRONZE: Self = Self { per_minute: 5, concurrent: 3 };
    /// From $100: 60 videos a minute, 100 at once.
    pub const SILVER: Self = Self { per_minute: 60, concurrent: 100 };
    /// From $1,000: 600 videos a minute, 2,000 at once.
    pub const GOLD: Self = Self { per_minute: 600, concurrent: 2000 };
    /// From $10,000: 5,000 videos a minute, 5,000 at once.
    pub const ULTRA: Self = Self { per_minute: 5000, concurrent: 5000 };
}

/// Hands out moments to submit at, in the order of asking: no more than so many in any minute,
/// none while the service asked for rest.
///
/// Times are measured from any fixed origin.
#[derive(Clone, Debug, Default)]
pub struct SubmitBudget {
    per_minute: Option<usize>,
    granted: VecDeque<Duration>,
    rests_until: Duration,
}

impl SubmitBudget {
    /// A budget of so many submits a minute; `None` for no bound.
    #[must_use]
    pub fn new(per_minute: Option<u32>) -> Self {
        let per_minute = per_minute.map(|n| usize::try_from(n).unwrap_or(usize::MAX).max(1));
        Self { per_minute, ..Self::default() }
    }

    /// Takes the next free moment, and gives how long to wait for it from `now`; takes none and
    /// gives `None` where the next one comes after `latest`.
    ///
    /// After the wait, ask whether the budget [`rests`](Self::rests) by now; if so, take another.
    pub fn reserve(&mut self, now: Duration, latest: Duration) -> Option<Duration> {
        let mut slot = now.max(self.rests_until);
        if let Some(per_minute) = self.per_minute {
            // The slot is a minute after the one so many before it.
            if let Some(before) = self.granted.len().checked_sub(per_minute)
                && let Some(earlier) = self.granted.get(before)
            {
                slot = slot.max(earlier.saturating_add(MINUTE));
            }
            // First come, first served, also after a rest.
            slot = slot.max(self.granted.back().copied().unwrap_or_default());
        }
        if slot > latest {
            return None;
        }
        if let Some(per_minute) = self.per_minute {
            self.granted.push_back(slot);
            if self.granted.len() > per_minute {
                self.granted.pop_front();
            }
        }
        Some(slot.saturating_sub(now))
    }

    /// Lets no submit out before `until`, those that wait for a moment already included.
    pub fn rest_until(&mut self, until: Duration) {
        self.rests_until = self.rests_until.max(until);
    }

    /// Whether no submit may go out at `now`, not even with a moment taken before.
    #[must_use]
    pub fn rests(&self, now: Duration) -> bool {
        now < self.rests_until
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// For the next moment, whenever it is.
    fn wait(budget: &mut SubmitBudget, now: Duration) -> Duration {
        budget.reserve(now, Duration::MAX).unwrap()
    }

    #[test]
    fn no_bound_is_no_wait() {
        let mut budget = SubmitBudget::new(None);
        for _ in 0..1000 {
            assert_eq!(wait(&mut budget, Duration::from_secs(5)), Duration::ZERO);
        }
        budget.rest_until(Duration::from_secs(9));
        assert!(budget.rests(Duration::from_secs(5)), "those too that have a moment");
        assert_eq!(budget.reserve(Duration::from_secs(5), Duration::from_secs(8)), None);
        assert_eq!(wait(&mut budget, Duration::from_secs(5)), Duration::from_secs(4));
        assert!(!budget.rests(Duration::from_secs(9)));
        assert_eq!(wait(&mut budget, Duration::from_secs(10)), Duration::ZERO);
        assert!(budget.granted.is_empty(), "nothing is remembered");
    }

    #[test]
    fn bronze() {
        let mut budget = SubmitBudget::new(Some(SubmitLimits::BRONZE.per_minute));
        let now = Duration::from_secs(100);
        let waits: Vec<_> = (0..12).map(|_| wait(&mut budget, now).as_secs()).collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 60, 60, 60, 60, 60, 120, 120]);
        let latest = Duration::from_secs(219);
        assert_eq!(budget.reserve(now, latest), None, "and takes no moment from others");
        let just_in_time = budget.reserve(now, Duration::from_secs(220));
        assert_eq!(just_in_time, Some(Duration::from_secs(120)));
    }

    proptest! {
        #[test]
        fn no_minute_gets_more_than_its_share(
            per_minute in 1u32..20,
            asks in proptest::collection::vec((0u64..30_000, any::<bool>()), 1..200),
        ) {
            let mut budget = SubmitBudget::new(Some(per_minute));
            let mut now = Duration::ZERO;
            let mut granted = Vec::new();
            for (pause, rest) in asks {
                now += Duration::from_millis(pause);
                if rest {
                    budget.rest_until(now + Duration::from_secs(7));
                }
                granted.push(now + wait(&mut budget, now));
            }
            prop_assert!(granted.is_sorted(), "first come, first served");
            for start in &granted {
                let within =
                    granted.iter().filter(|at| *at >= start && **at < *start + MINUTE).count();
                prop_assert!(within <= per_minute as usize, "{within} in one minute");
            }
        }
    }
}
