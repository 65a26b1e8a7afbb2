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
        tokio::time::sleep(time).boxed()
    }

    fn random(&self) -> f64 {
        fastrand::f64()
    }
}
