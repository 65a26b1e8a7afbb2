//! Client-wide limits on the rate of polls and submits.
//!
//! All times are measured from the same fixed origin. A caller reserves a slot, sleeps for the
//! time that `reserve` returns, and then checks `is_paused`: if the service required the client to
//! slow down in the meantime, it must reserve another slot.

use std::collections::VecDeque;
use std::time::Duration;

use viseme_spec::{AccountTier, TierLimits};

const MINUTE: Duration = Duration::from_secs(60);

/// Limits the polls of all jobs of a client to a number per second. One second's worth of polls
/// may go out at once.
#[derive(Clone, Debug)]
pub struct PollLimiter {
    gap: Duration,
    burst: Duration,
    next: Duration,
    paused_until: Duration,
}

impl PollLimiter {
    /// Creates a limiter for `per_second` polls a second.
    #[must_use]
    pub fn new(per_second: f64) -> Self {
        let gap = Duration::try_from_secs_f64(1.0 / per_second).unwrap_or(Duration::MAX);
        let zero = Duration::ZERO;
        Self { gap, burst: Duration::from_secs(1), next: zero, paused_until: zero }
    }

    /// Reserves the next free slot and returns the time to wait for it. Returns `None`, and
    /// reserves nothing, if that slot is after `latest`.
    pub fn reserve(&mut self, now: Duration, latest: Duration) -> Option<Duration> {
        let earliest = now.saturating_sub(self.burst);
        let slot = self.next.max(earliest);
        if slot > latest {
            return None;
        }
        self.next = slot.saturating_add(self.gap);
        Some(slot.saturating_sub(now))
    }

    /// Pauses all polls until `until`, including those that already reserved a slot. The polls
    /// after the pause are spread out.
    pub fn pause_until(&mut self, until: Duration) {
        self.next = self.next.max(until);
        self.paused_until = self.paused_until.max(until);
    }

    /// Returns whether all polls are paused at `now`.
    #[must_use]
    pub fn is_paused(&self, now: Duration) -> bool {
        now < self.paused_until
    }
}

/// The limits of an account. The service publishes two versions of the limits of its tiers, on
/// different pages; the constants have those of the page on account levels. If your account has
/// others, set the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubmitLimits {
    /// Maximum number of videos submitted per minute.
    pub per_minute: u32,
    /// Maximum number of jobs that run at once.
    pub concurrent: usize,
}

impl SubmitLimits {
    /// The tier of a new account: 5 videos per minute, 3 at once (elsewhere: 2 and 2).
    pub const BRONZE: Self = Self::of(&viseme_spec::BRONZE);
    /// From $100: 60 videos per minute, 100 at once (elsewhere: 500 and 300).
    pub const SILVER: Self = Self::of(&viseme_spec::SILVER);
    /// From $1,000: 600 videos per minute, 2,000 at once (elsewhere: 3,000 and 3,000).
    pub const GOLD: Self = Self::of(&viseme_spec::GOLD);
    /// From $10,000: 5,000 videos per minute, 5,000 at once (elsewhere: 5,000 and 10,000).
    pub const ULTRA: Self = Self::of(&viseme_spec::ULTRA);

    const fn of(tier: &AccountTier) -> Self {
        let TierLimits { per_minute, concurrent } = tier.limits;
        Self { per_minute, concurrent }
    }
}

/// Limits the submits of a client to a number in any minute, first come, first served.
#[derive(Clone, Debug, Default)]
pub struct SubmitLimiter {
    per_minute: Option<usize>,
    reserved: VecDeque<Duration>,
    paused_until: Duration,
}

impl SubmitLimiter {
    /// Creates a limiter for `per_minute` submits a minute; `None` means no limit.
    #[must_use]
    pub fn new(per_minute: Option<u32>) -> Self {
        let per_minute = per_minute.map(|n| usize::try_from(n).unwrap_or(usize::MAX).max(1));
        Self { per_minute, ..Self::default() }
    }

    /// Reserves the next free slot and returns the time to wait for it. Returns `None`, and
    /// reserves nothing, if that slot is after `latest`.
    pub fn reserve(&mut self, now: Duration, latest: Duration) -> Option<Duration> {
        let mut slot = now.max(self.paused_until);
        if let Some(per_minute) = self.per_minute {
            // One minute after the slot that lies `per_minute` slots back.
            if let Some(index) = self.reserved.len().checked_sub(per_minute)
                && let Some(earlier) = self.reserved.get(index)
            {
                slot = slot.max(earlier.saturating_add(MINUTE));
            }
            // First come, first served, also after a pause.
            slot = slot.max(self.reserved.back().copied().unwrap_or_default());
        }
        if slot > latest {
            return None;
        }
        if let Some(per_minute) = self.per_minute {
            self.reserved.push_back(slot);
            if self.reserved.len() > per_minute {
                self.reserved.pop_front();
            }
        }
        Some(slot.saturating_sub(now))
    }

    /// Pauses all submits until `until`, including those that already reserved a slot.
    pub fn pause_until(&mut self, until: Duration) {
        self.paused_until = self.paused_until.max(until);
    }

    /// Returns whether all submits are paused at `now`.
    #[must_use]
    pub fn is_paused(&self, now: Duration) -> bool {
        now < self.paused_until
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reserve_poll(limiter: &mut PollLimiter, now: Duration) -> Duration {
        limiter.reserve(now, Duration::MAX).unwrap()
    }

    fn reserve_submit(limiter: &mut SubmitLimiter, now: Duration) -> Duration {
        limiter.reserve(now, Duration::MAX).unwrap()
    }

    #[test]
    fn polls_beyond_a_burst_are_spread() {
        let mut limiter = PollLimiter::new(10.0);
        let now = Duration::from_secs(100);
        let waits: Vec<_> = (0..13).map(|_| reserve_poll(&mut limiter, now).as_millis()).collect();
        assert_eq!(waits[..11], [0; 11]);
        assert_eq!(waits[11..], [100, 200]);
    }

    #[test]
    fn a_pause_stops_every_poll() {
        let mut limiter = PollLimiter::new(10.0);
        let now = Duration::from_secs(100);
        assert!(!limiter.is_paused(now));
        let until = Duration::from_secs(107);
        limiter.pause_until(until);
        assert!(limiter.is_paused(now), "also for polls that reserved a slot before");
        assert_eq!(reserve_poll(&mut limiter, now), Duration::from_secs(7));
        assert!(reserve_poll(&mut limiter, now) > Duration::from_secs(7));
        limiter.pause_until(Duration::from_secs(101));
        assert!(limiter.is_paused(Duration::from_secs(106)), "a shorter pause does not end it");
        assert!(!limiter.is_paused(until));
    }

    #[test]
    fn a_poll_slot_after_the_latest_time_is_not_reserved() {
        let mut limiter = PollLimiter::new(1.0);
        let now = Duration::from_secs(100);
        assert_eq!(reserve_poll(&mut limiter, now), Duration::ZERO);
        assert_eq!(reserve_poll(&mut limiter, now), Duration::ZERO);
        for latest in [100, 101] {
            let expected = (latest > 100).then_some(Duration::from_secs(1));
            assert_eq!(limiter.reserve(now, Duration::from_secs(latest)), expected);
        }
    }

    #[test]
    fn unlimited_submits_wait_only_for_a_pause() {
        let mut limiter = SubmitLimiter::new(None);
        for _ in 0..1000 {
            assert_eq!(reserve_submit(&mut limiter, Duration::from_secs(5)), Duration::ZERO);
        }
        limiter.pause_until(Duration::from_secs(9));
        assert!(limiter.is_paused(Duration::from_secs(5)), "also with a slot reserved before");
        assert_eq!(limiter.reserve(Duration::from_secs(5), Duration::from_secs(8)), None);
        assert_eq!(reserve_submit(&mut limiter, Duration::from_secs(5)), Duration::from_secs(4));
        assert!(!limiter.is_paused(Duration::from_secs(9)));
        assert_eq!(reserve_submit(&mut limiter, Duration::from_secs(10)), Duration::ZERO);
        assert!(limiter.reserved.is_empty(), "an unlimited client stores no slots");
    }

    #[test]
    fn submits_of_the_bronze_tier_wait_for_the_next_minute() {
        let mut limiter = SubmitLimiter::new(Some(SubmitLimits::BRONZE.per_minute));
        let now = Duration::from_secs(100);
        let waits: Vec<_> = (0..12).map(|_| reserve_submit(&mut limiter, now).as_secs()).collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 60, 60, 60, 60, 60, 120, 120]);
        let latest = Duration::from_secs(219);
        assert_eq!(limiter.reserve(now, latest), None, "and reserves nothing");
        let just_in_time = limiter.reserve(now, Duration::from_secs(220));
        assert_eq!(just_in_time, Some(Duration::from_secs(120)));
    }

    proptest! {
        #[test]
        fn polls_in_any_second_stay_within_the_limit(
            pauses in proptest::collection::vec(0u64..50, 1..400),
        ) {
            let mut limiter = PollLimiter::new(20.0);
            let mut now = Duration::from_secs(10);
            let mut slots = Vec::new();
            for pause in pauses {
                now += Duration::from_millis(pause);
                slots.push(now + reserve_poll(&mut limiter, now));
            }
            prop_assert!(slots.is_sorted(), "first come, first served");
            for start in &slots {
                let end = *start + Duration::from_secs(1);
                let within = slots.iter().filter(|at| *at >= start && **at < end).count();
                // A burst of one second's worth on top of one second's worth of polls.
                prop_assert!(within <= 41, "{within} polls within one second");
            }
        }

        #[test]
        fn submits_in_any_minute_stay_within_the_limit(
            per_minute in 1u32..20,
            requests in proptest::collection::vec((0u64..30_000, any::<bool>()), 1..200),
        ) {
            let mut limiter = SubmitLimiter::new(Some(per_minute));
            let mut now = Duration::ZERO;
            let mut slots = Vec::new();
            for (pause, is_paused) in requests {
                now += Duration::from_millis(pause);
                if is_paused {
                    limiter.pause_until(now + Duration::from_secs(7));
                }
                slots.push(now + reserve_submit(&mut limiter, now));
            }
            prop_assert!(slots.is_sorted(), "first come, first served");
            for start in &slots {
                let within = slots.iter().filter(|at| *at >= start && **at < *start + MINUTE).count();
                prop_assert!(within <= per_minute as usize, "{within} in one minute");
            }
        }
    }
}
