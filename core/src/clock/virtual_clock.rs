//! A virtual clock for tests: it advances only when the client sleeps, and the mock server's world
//! follows.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::Clock;

/// How long nothing must have happened before the next sleeper wakes, in real time, so that tasks
/// between two steps reach their next sleep or request.
const QUIET: Duration = Duration::from_millis(2);
/// How often a sleeper checks whether to wake, in real time.
const LOOK: Duration = Duration::from_millis(1);

/// Virtual time for tests. A sleep takes almost no real time. The next request sends how far the time
/// has advanced, and the mock server's world advances by as much.
///
/// Sleepers wake in the order of their times, and none while a request is under way: two waits of
/// 5 and 10 seconds side by side take 10 virtual seconds, not 15. Timeouts of single requests are
/// in real time. A task that works for long without a request or a sleep may be overtaken by a
/// sleeper. Random numbers are always ½, so that each run is the same.
#[derive(Clone, Debug)]
pub struct VirtualClock {
    shared: Arc<Mutex<State>>,
    origin: SystemTime,
}

#[derive(Debug)]
struct State {
    now: Duration,
    /// The part of it that was sent to the server.
    sent: Duration,
    /// When each sleeper wakes, and its number.
    sleepers: BTreeSet<(Duration, u64)>,
    numbers: u64,
    /// Requests under way.
    busy: usize,
    /// When something last happened.
    touched: Instant,
}

impl VirtualClock {
    /// A clock at zero, whose date is now.
    #[must_use]
    pub fn new() -> Self {
        let state = State {
            now: Duration::ZERO,
            sent: Duration::ZERO,
            sleepers: BTreeSet::new(),
            numbers: 0,
            busy: 0,
            touched: Instant::now(),
        };
        Self { shared: Arc::new(Mutex::new(state)), origin: SystemTime::now() }
    }

    /// Returns the time that was not sent yet, and counts it as sent.
    pub(crate) fn take_unsent(&self) -> Duration {
        let mut state = self.state();
        let unsent = state.now.saturating_sub(state.sent);
        state.sent = state.now;
        unsent
    }

    /// Counts this time as not sent, because the request failed.
    pub(crate) fn take_back(&self, time: Duration) {
        let mut state = self.state();
        state.sent = state.sent.saturating_sub(time);
    }

    /// No sleep ends until the returned guard is dropped.
    pub(crate) fn busy(&self) -> Busy {
        let mut state = self.state();
        state.busy += 1;
        state.touched = Instant::now();
        Busy(self.clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, time: Duration) -> Sleeper {
        let mut state = self.state();
        state.numbers += 1;
        let place = (state.now.saturating_add(time), state.numbers);
        state.sleepers.insert(place);
        state.touched = Instant::now();
        Sleeper { clock: self.clone(), place }
    }
}

impl Default for VirtualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Duration {
        self.state().now
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        let sleeper = self.enter(time);
        async move {
            while !sleeper.wakes() {
                tokio::time::sleep(LOOK).await;
            }
        }
        .boxed()
    }

    fn random(&self) -> f64 {
        0.5
    }

    fn system_time(&self) -> SystemTime {
        self.origin.checked_add(self.now()).unwrap_or(self.origin)
    }
}

/// A request under way.
pub(crate) struct Busy(VirtualClock);

impl Drop for Busy {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.busy = state.busy.saturating_sub(1);
        state.touched = Instant::now();
    }
}

/// A sleep; it is removed when it is dropped.
struct Sleeper {
    clock: VirtualClock,
    place: (Duration, u64),
}

impl Sleeper {
    /// Returns whether it is due: it is the next to wake, and no other task is running.
    fn wakes(&self) -> bool {
        let mut state = self.clock.state();
        let quiet = state.busy == 0 && state.touched.elapsed() >= QUIET;
        let wakes = quiet && state.sleepers.first() == Some(&self.place);
        if wakes {
            state.now = state.now.max(self.place.0);
        }
        wakes
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let mut state = self.clock.state();
        state.sleepers.remove(&self.place);
        state.touched = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sleepers_wake_in_order_and_side_by_side() {
        let clock = VirtualClock::new();
        let woke = Mutex::new(Vec::new());
        let nap = |secs| {
            let sleep = clock.sleep(Duration::from_secs(secs));
            let (clock, woke) = (&clock, &woke);
            async move {
                sleep.await;
                woke.lock().unwrap().push((secs, clock.now()));
            }
        };
        tokio::join!(nap(10), nap(5), nap(7));
        let secs = Duration::from_secs;
        assert_eq!(*woke.lock().unwrap(), [(5, secs(5)), (7, secs(7)), (10, secs(10))]);
        assert_eq!(clock.take_unsent(), secs(10));
        assert_eq!(clock.take_unsent(), Duration::ZERO);
        clock.take_back(secs(4));
        assert_eq!(clock.take_unsent(), secs(4));
    }

    #[tokio::test]
    async fn a_request_in_flight_holds_the_virtual_clock() {
        let clock = VirtualClock::new();
        let busy = clock.busy();
        let sleep = clock.sleep(Duration::from_secs(60));
        let early = tokio::time::timeout(Duration::from_millis(100), sleep).await;
        assert!(early.is_err());
        assert_eq!(clock.now(), Duration::ZERO, "and a sleep that was dropped moved nothing");
        drop(busy);
        clock.sleep(Duration::from_secs(3)).await;
        assert_eq!(clock.now(), Duration::from_secs(3));
    }
}
