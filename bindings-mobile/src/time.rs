//! Durations on the other side.

use std::time::Duration;

/// The longest duration that Java has, which is shorter than Rust's: one that a server made up would
/// otherwise fail to cross the border.
const LONGEST: Duration = Duration::from_secs(i64::MAX.unsigned_abs());

/// The duration, or the longest that all hosts have.
pub(crate) fn bounded(duration: Duration) -> Duration {
    duration.min(LONGEST)
}
