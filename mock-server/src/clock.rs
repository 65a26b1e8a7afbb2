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
    /// By what the client says it would have slept: a testing build of Viseme does not sleep, but
    /// says so in the header `x-viseme-slept`, in seconds. The world moves on by that before the
    /// request is answered.
    Virtual,
    /// By polls: one that would tell a job's state again moves the clock to the job's next change
    /// first. No client waits for longer than it takes to ask.
    Auto,
}

impl ClockMode {
    /// Whether time passes by itself.
    pub(crate) fn runs(self) -> bool {
        matches!(self, Self::Real | Self::Scaled(_))
    }

    /// Says what in it has no meaning.
    pub(crate) fn check(self) -> Result<(), String> {
        match self {
            Self::Scaled(factor) if !(factor.is_finite() && factor > 0.0) => {
                Err("scaled is a number above 0".to_owned())
            }
            _ => Ok(()),
        }
    }
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
            ClockMode::Manual | ClockMode::Virtual | ClockMode::Auto => Duration::ZERO,
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

/// A date as HTTP headers write it; they know none before 1970.
pub(crate) fn http_date(at: Timestamp) -> String {
    httpdate::fmt_http_date(at.max(Timestamp::UNIX_EPOCH).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_when_told_and_keeps_its_past() {
        let start = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut clock = Clock::new(ClockMode::Manual, Some(start));
        assert_eq!(clock.now(), start);
        clock.advance(Duration::from_millis(1500));
        assert_eq!(clock.now().to_string(), "2026-01-01T00:00:01.5Z");
        clock.set_mode(ClockMode::Scaled(1e6));
        std::thread::sleep(Duration::from_millis(2));
        clock.set_mode(ClockMode::Manual);
        assert!(clock.elapsed() > Duration::from_secs(1000), "{:?}", clock.elapsed());
        assert_eq!(clock.elapsed(), clock.elapsed());
    }

    #[test]
    fn dates_at_the_ends_of_time() {
        let clock = Clock::new(ClockMode::Manual, Some(Timestamp::MIN));
        assert_eq!(http_date(clock.now()), "Thu, 01 Jan 1970 00:00:00 GMT");
        let mut clock = Clock::new(ClockMode::Manual, Some(Timestamp::MAX));
        clock.advance(Duration::MAX);
        assert!(http_date(clock.now()).ends_with("GMT"));
    }
}
