//! A world's time: everything that happens in a world is dated by it.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How a world's time passes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ClockMode {
    /// As fast as real time.
    Real,
    /// So many times as fast as real time.
    Scaled(f64),
    /// Only when told to.
    Manual,
}

/// The clock of one world.
#[derive(Clone, Debug)]
pub struct Clock {
    mode: ClockMode,
    start: Timestamp,
    /// Time that had passed when the mode was last set or the clock moved.
    passed: Duration,
    since: Instant,
}

impl Clock {
    /// A clock that begins at `start`; a real one begins now.
    #[must_use]
    pub fn new(mode: ClockMode, start: Option<Timestamp>) -> Self {
        let start = start.unwrap_or_else(Timestamp::now);
        Self { mode, start, passed: Duration::ZERO, since: Instant::now() }
    }

    /// How its time passes.
    #[must_use]
    pub fn mode(&self) -> ClockMode {
        self.mode
    }

    /// The time since the world began.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        let real = self.since.elapsed();
        let running = match self.mode {
            ClockMode::Real => real,
            ClockMode::Scaled(factor) => {
                Duration::try_from_secs_f64(real.as_secs_f64() * factor).unwrap_or(real)
            }
            ClockMode::Manual => Duration::ZERO,
        };
        self.passed.saturating_add(running)
    }

    /// The date and time that long after the world began.
    #[must_use]
    pub fn at(&self, elapsed: Duration) -> Timestamp {
        self.start.saturating_add(elapsed).unwrap_or(self.start)
    }

    /// The date and time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.at(self.elapsed())
    }

    /// Moves the clock forward.
    pub fn advance(&mut self, by: Duration) {
        self.settle();
        self.passed = self.passed.saturating_add(by);
    }

    /// Changes how time passes, from now on.
    pub fn set_mode(&mut self, mode: ClockMode) {
        self.settle();
        self.mode = mode;
    }

    fn settle(&mut self) {
        self.passed = self.elapsed();
        self.since = Instant::now();
    }
}
