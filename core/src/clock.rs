//! Time and chance, so that tests can put their own in their place.

#[cfg(feature = "testing")]
mod virtual_clock;

use std::time::{Duration, Instant, SystemTime};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

#[cfg(feature = "testing")]
pub use virtual_clock::VirtualClock;

/// Where a client's time and randomness come from.
pub trait Clock: Send + Sync {
    /// The time since a fixed moment; never goes back.
    fn now(&self) -> Duration;

    /// Completes when that much time has passed.
    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()>;

    /// A random number from 0 to 1.
    fn random(&self) -> f64;

    /// The date and time; the machine's, unless the clock has another.
    fn system_time(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// A sleep of this time or longer ends on the grid.
const LONG_SLEEP: Duration = Duration::from_millis(250);
/// Long sleeps end at multiples of this. A client of many jobs wakes once for all polls that are due
/// together: waking the thread for each of them costs more than the polls themselves.
const GRID: Duration = Duration::from_millis(8);

/// Returns the time of a sleep that starts at `now`, extended so that it ends on the grid.
fn aligned(now: Duration, time: Duration) -> Duration {
    if time < LONG_SLEEP {
        return time;
    }
    let end = now.saturating_add(time);
    // Microseconds: this is cheaper than a remainder of 128 bits.
    let grid = GRID.as_micros() as u64;
    let beyond = u64::try_from(end.as_micros()).unwrap_or_default() % grid;
    let extra = if beyond == 0 { 0 } else { grid - beyond };
    time.saturating_add(Duration::from_micros(extra))
}

/// The machine's own clock.
pub(crate) struct SystemClock {
    origin: Instant,
}

impl SystemClock {
    pub(crate) fn new() -> Self {
        Self { origin: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        tokio::time::sleep(aligned(self.now(), time)).boxed()
    }

    fn random(&self) -> f64 {
        fastrand::f64()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn short_sleeps_are_exact() {
        let time = LONG_SLEEP - Duration::from_nanos(1);
        assert_eq!(aligned(Duration::from_millis(3), time), time);
        assert_eq!(aligned(Duration::from_millis(3), Duration::MAX), Duration::MAX);
    }

    proptest! {
        #[test]
        fn a_long_sleep_ends_on_the_grid_and_never_early(
            now in 0..u64::MAX / 4, time in 250_000_u64..100_000_000_000,
        ) {
            let (now, time) = (Duration::from_nanos(now), Duration::from_micros(time));
            let aligned = aligned(now, time);
            prop_assert!(aligned >= time && aligned <= time + GRID);
            prop_assert_eq!((now + aligned).as_micros() % GRID.as_micros(), 0);
        }
    }
}
