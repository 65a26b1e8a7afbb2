//! The pauses between polls and after failures.

use std::time::Duration;

use crate::model::ModelDescription;

/// When to poll a job.
///
/// The first poll is sent after `first`, the next after `interval`. Each further pause is `growth`
/// times the previous one, up to `max`. The random share `jitter` spreads the polls of many jobs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pacing {
    /// The time from the submit to the first poll.
    pub first: Duration,
    /// The time from the first poll to the second.
    pub interval: Duration,
    /// The factor that lengthens each further pause; 1 keeps it the same.
    pub growth: f64,
    /// The longest pause.
    pub max: Duration,
    /// The random share of a pause, from 0 (none) to 1.
    pub jitter: f64,
}

impl Pacing {
    /// Returns a pacing with the same pause between all polls and 10 % jitter.
    #[must_use]
    pub fn every(interval: Duration) -> Self {
        Self { first: interval, interval, growth: 1.0, max: interval, jitter: 0.1 }
    }

    /// Returns the pacing of a model: first poll and longest pause of its description, with pauses that
    /// grow by a fifth.
    #[must_use]
    pub fn for_model(model: Option<&ModelDescription>) -> Self {
        let (first, max) = match model {
            Some(model) => (model.first_poll, model.max_poll_interval),
            None => (Duration::from_secs(2), Duration::from_secs(5)),
        };
        Self { first, interval: first, growth: 1.2, max, jitter: 0.1 }
    }

    /// Returns the pause before a poll (0 is the first). `random` is from 0 to 1.
    #[must_use]
    pub fn delay(&self, poll: u32, random: f64) -> Duration {
        let base = match poll {
            0 => self.first,
            n => {
                let factor = self.growth.max(1.0).powi(i32::try_from(n - 1).unwrap_or(i32::MAX));
                scale(self.interval, factor).min(self.max)
            }
        };
        jittered(base, self.jitter, random)
    }
}

/// The pause after failures in a row: `base` after the first, doubling up to `max`, with 25 % jitter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    /// The pause after the first failure.
    pub base: Duration,
    /// The longest pause.
    pub max: Duration,
}

impl Backoff {
    /// Returns the pause after this many failures (1 is the first). `random` is from 0 to 1.
    #[must_use]
    pub fn delay(&self, failures: u32, random: f64) -> Duration {
        let doublings = i32::try_from(failures.saturating_sub(1)).unwrap_or(i32::MAX);
        jittered(scale(self.base, 2f64.powi(doublings)).min(self.max), 0.25, random)
    }
}

/// Multiplies a time by a factor. Returns [`Duration::MAX`] on overflow.
fn scale(time: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(time.as_secs_f64() * factor).unwrap_or(Duration::MAX)
}

fn jittered(time: Duration, share: f64, random: f64) -> Duration {
    scale(time, 1.0 + share.clamp(0.0, 1.0) * (2.0 * random.clamp(0.0, 1.0) - 1.0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pauses_grow_to_the_longest() {
        let pacing = Pacing {
            first: Duration::from_secs(3),
            interval: Duration::from_secs(1),
            growth: 2.0,
            max: Duration::from_secs(5),
            jitter: 0.0,
        };
        let seconds: Vec<_> = (0..6).map(|n| pacing.delay(n, 0.5).as_secs()).collect();
        assert_eq!(seconds, [3, 1, 2, 4, 5, 5]);
    }

    #[test]
    fn failures_double_the_pause() {
        let backoff = Backoff { base: Duration::from_secs(1), max: Duration::from_secs(30) };
        let seconds: Vec<_> = (1..8).map(|n| backoff.delay(n, 0.5).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 30, 30]);
    }

    #[test]
    fn chance_shortens_and_lengthens_a_pause_by_its_share() {
        let backoff = Backoff { base: Duration::from_secs(4), max: Duration::from_secs(30) };
        let seconds: Vec<_> =
            [0.0, 0.5, 1.0].iter().map(|chance| backoff.delay(1, *chance).as_secs()).collect();
        assert_eq!(seconds, [3, 4, 5]);
    }

    proptest! {
        #[test]
        fn jitter_stays_within_its_share(poll in 0u32..u32::MAX, random in 0f64..=1.0) {
            let pacing = Pacing::for_model(None);
            let pause = pacing.delay(poll, random).as_secs_f64();
            prop_assert!((1.8..=5.5).contains(&pause), "{pause}");
        }

        #[test]
        fn nothing_overflows(secs in 0u64..u64::MAX, growth in -1e300f64..1e300, n in any::<u32>()) {
            let long = Duration::from_secs(secs);
            let pacing = Pacing { first: long, interval: long, growth, max: long, jitter: 1.0 };
            let _ = pacing.delay(n, 1.0);
            let _ = Backoff { base: long, max: long }.delay(n, 1.0);
        }
    }
}
