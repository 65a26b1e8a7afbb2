//! One budget of polls for all jobs of a client.

use std::time::Duration;

/// Hands out moments to poll at, in the order of asking, no more than so many a second; a short
/// burst is let through at once.
///
/// Times are measured from any fixed origin.
#[derive(Clone, Debug)]
pub struct PollBudget {
    gap: Duration,
    burst: Duration,
    next: Duration,
    rests_until: Duration,
}

impl PollBudget {
    /// A budget of `per_second` polls a second, of which a second's worth may come at once.
    #[must_use]
    pub fn new(per_second: f64) -> Self {
        let gap = Duration::try_from_secs_f64(1.0 / per_second).unwrap_or(Duration::MAX);
        let zero = Duration::ZERO;
        Self { gap, burst: Duration::from_secs(1), next: zero, rests_until: zero }
    }

    /// Takes the next free moment, and gives how long to wait for it from `now`; takes none and
    /// gives `None` where the next one comes after `latest`.
    ///
    /// After the wait, ask whether the budget [`rests`](Self::rests) by now; if so, take another.
    pub fn reserve(&mut self, now: Duration, latest: Duration) -> Option<Duration> {
        let earliest = now.saturating_sub(self.burst);
        let slot = self.next.max(earliest);
        if slot > latest {
            return None;
        }
        self.next = slot.saturating_add(self.gap);
        Some(slot.saturating_sub(now))
    }

    /// Lets nobody poll before `until`, whoever waits for a moment already included: the service
    /// asked the whole client to slow down.
    pub fn rest_until(&mut self, until: Duration) {
        self.next = self.next.max(until);
        self.rests_until = self.rests_until.max(until);
    }

    /// Whether nobody may poll at `now`, not even with a moment taken before.
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
    fn wait(budget: &mut PollBudget, now: Duration) -> Duration {
        budget.reserve(now, Duration::MAX).unwrap()
    }

    #[test]
    fn a_burst_passes_and_the_rest_is_spread() {
        let mut budget = PollBudget::new(10.0);
        let now = Duration::from_secs(100);
        let waits: Vec<_> = (0..13).map(|_| wait(&mut budget, now).as_millis()).collect();
        assert_eq!(waits[..11], [0; 11]);
        assert_eq!(waits[11..], [100, 200]);
    }

    #[test]
    fn a_rest_holds_everybody() {
        let mut budget = PollBudget::new(10.0);
        let now = Duration::from_secs(100);
        assert!(!budget.rests(now));
        let until = Duration::from_secs(107);
        budget.rest_until(until);
        assert!(budget.rests(now), "those too who have a moment");
        assert_eq!(wait(&mut budget, now), Duration::from_secs(7));
        assert!(wait(&mut budget, now) > Duration::from_secs(7));
        budget.rest_until(Duration::from_secs(101));
        assert!(budget.rests(Duration::from_secs(106)), "a shorter one does not end it");
        assert!(!budget.rests(until));
    }

    #[test]
    fn a_moment_that_comes_too_late_is_left_to_others() {
        let mut budget = PollBudget::new(1.0);
        let now = Duration::from_secs(100);
        assert_eq!(wait(&mut budget, now), Duration::ZERO);
        assert_eq!(wait(&mut budget, now), Duration::ZERO);
        for latest in [100, 101] {
            let expected = (latest > 100).then_some(Duration::from_secs(1));
            assert_eq!(budget.reserve(now, Duration::from_secs(latest)), expected);
        }
    }

    proptest! {
        #[test]
        fn no_second_gets_more_than_its_share(
            asks in proptest::collection::vec(0u64..50, 1..400),
        ) {
            let mut budget = PollBudget::new(20.0);
            let mut now = Duration::from_secs(10);
            let mut granted = Vec::new();
            for pause in asks {
                now += Duration::from_millis(pause);
                granted.push(now + wait(&mut budget, now));
            }
            prop_assert!(granted.is_sorted(), "first come, first served");
            for start in &granted {
                let within = granted
                    .iter()
                    .filter(|at| *at >= start && **at < *start + Duration::from_secs(1))
                    .count();
                // A second's worth of burst on top of a second's worth of polls.
                prop_assert!(within <= 41, "{within} polls within one second");
            }
        }
    }
}
