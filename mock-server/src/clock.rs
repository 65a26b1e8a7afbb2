//! The clock of a world. Every date in a world comes from it.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The fastest scaled clock.
const MAX_SCALE: f64 = 1e9;

/// How a world's time passes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ClockMode {
    /// As fast as real time.
    Real,
    /// This many times as fast as real time.
    Scaled(f64),
    /// Only by `advance`.
    Manual,
    /// By the client's sleeps: a testing build of Viseme does not sleep, but sends the seconds in the
    /// header `x-viseme-slept`. The clock advances by that before the request is handled.
    Virtual,
    /// By polls: a poll that would see no change first advances the clock to the job's next change.
    Auto,
}

impl ClockMode {
    /// Returns whether time passes by itself.
    pub(crate) fn runs(self) -> bool {
        matches!(self, Self::Real | Self::Scaled(_))
    }

    /// Returns an error if the value is out of range.
    pub(crate) fn validate(self) -> Result<(), String> {
        match self {
            Self::Scaled(factor) if !(factor > 0.0 && factor <= MAX_SCALE) => {
                Err(format!("`scaled` must be above 0 and at most {MAX_SCALE}, got {factor}"))
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
    /// The time that had passed at `since`.
    passed: Duration,
    since: Instant,
}

/// A clock as the control API shows it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ClockRecord {
    mode: ClockMode,
    now: String,
    elapsed_seconds: f64,
}

impl Clock {
    /// Returns a clock that starts at `start`; now by default.
    #[must_use]
    pub fn new(mode: ClockMode, start: Option<Timestamp>) -> Self {
        let start = start.unwrap_or_else(Timestamp::now);
        Self { mode, start, passed: Duration::ZERO, since: Instant::now() }
    }

    /// Returns how its time passes.
    #[must_use]
    pub fn mode(&self) -> ClockMode {
        self.mode
    }

    /// Returns the time since the start.
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

    /// Returns the date and time this long after the start.
    #[must_use]
    pub fn at(&self, elapsed: Duration) -> Timestamp {
        self.start.saturating_add(elapsed).unwrap_or(self.start)
    }

    /// Returns the current date and time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.at(self.elapsed())
    }

    /// Returns the clock as the control API shows it.
    pub(crate) fn record(&self) -> ClockRecord {
        ClockRecord {
            mode: self.mode,
            now: self.now().to_string(),
            elapsed_seconds: self.elapsed().as_secs_f64(),
        }
    }

    /// Moves the clock forward.
    pub fn advance(&mut self, by: Duration) {
        self.checkpoint();
        self.passed = self.passed.saturating_add(by);
    }

    /// Changes how time passes from now on.
    pub fn set_mode(&mut self, mode: ClockMode) {
        self.checkpoint();
        self.mode = mode;
    }

    fn checkpoint(&mut self) {
        self.passed = self.elapsed();
        self.since = Instant::now();
    }
}

/// Returns a date in the form of HTTP headers, which have none before 1970.
pub(crate) fn http_date(at: Timestamp) -> String {
    httpdate::fmt_http_date(at.max(Timestamp::UNIX_EPOCH).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_mode_keeps_the_time_that_passed() {
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
    fn dates_out_of_range_are_clamped() {
        let clock = Clock::new(ClockMode::Manual, Some(Timestamp::MIN));
        assert_eq!(http_date(clock.now()), "Thu, 01 Jan 1970 00:00:00 GMT");
        let mut clock = Clock::new(ClockMode::Manual, Some(Timestamp::MAX));
        clock.advance(Duration::MAX);
        assert!(http_date(clock.now()).ends_with("GMT"));
    }
}
