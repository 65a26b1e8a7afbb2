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
}

impl PollBudget {
    /// A budget of `per_second` polls a second, of which a second's worth may come at once.
    #[must_use]
    pub fn new(per_second: f64) -> Self {
        let gap = Duration::try_from_secs_f64(1.0 / per_second).unwrap_or(Duration::MAX);
        Self { gap, burst: Duration::from_secs(1), next: Duration::ZERO }
    }

    /// Takes the next free moment; the answer is how long to wait for it from `now`.
    pub fn reserve(&mut self, now: Duration) -> Duration {
        let earliest = now.saturating_sub(self.burst);
        let slot = self.next.max(earliest);
        self.next = slot.saturating_add(self.gap);
        slot.saturating_sub(now)
    }

    /// Lets nobody poll before `until`: the service asked the whole client to slow down.
    pub fn pause_until(&mut self, until: Duration) {
        self.next = self.next.max(until);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_burst_passes_and_the_rest_is_spread() {
        let mut budget = PollBudget::new(10.0);
        let now = Duration::from_secs(100);
        let waits: Vec<_> = (0..13).map(|_| budget.reserve(now).as_millis()).collect();
        assert_eq!(waits[..11], [0; 11]);
        assert_eq!(waits[11..], [100, 200]);
    }

    #[test]
    fn a_pause_holds_everybody() {
        let mut budget = PollBudget::new(10.0);
        let now = Duration::from_secs(100);
        budget.pause_until(Duration::from_secs(107));
        assert_eq!(budget.reserve(now), Duration::from_secs(7));
        assert!(budget.reserve(now) > Duration::from_secs(7));
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
                granted.push(now + budget.reserve(now));
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
