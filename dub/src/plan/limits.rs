//! The lengths of a segment that a model takes.

use std::time::Duration;

use viseme_spec::ModelDescription;

use super::error::PlanError;

/// The distance to the model's limits, so that no rounding of a file's duration leaves them.
const MARGIN: Duration = Duration::from_millis(20);

/// A frame that is shown for longer is repeated, so that a cut can lie in it.
pub(super) const LONGEST_FRAME: Duration = Duration::from_secs(1);

/// The shortest and longest segment that a model takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentLimits {
    min: Duration,
    max: Duration,
}

impl Default for SegmentLimits {
    /// Returns 2 to 10 seconds.
    fn default() -> Self {
        Self { min: Duration::from_secs(2), max: Duration::from_secs(10) }
    }
}

impl SegmentLimits {
    /// Returns these limits, both inclusive.
    #[must_use]
    pub const fn new(min: Duration, max: Duration) -> Self {
        Self { min, max }
    }

    /// Returns the durations that every media parameter of the model takes, or `None` if the model
    /// states none.
    #[must_use]
    pub fn of_model(model: &ModelDescription) -> Option<Self> {
        let media = model.fields.iter().filter_map(|field| model.media_limits(field.name));
        let ranges = media.filter_map(|limits| limits.seconds.first());
        ranges
            .filter_map(|range| {
                let min = Duration::try_from_secs_f64(range.min).ok()?;
                Some(Self { min, max: Duration::try_from_secs_f64(range.max).ok()? })
            })
            .reduce(|one, other| Self { min: one.min.max(other.min), max: one.max.min(other.max) })
    }

    /// Returns the shortest duration that the model takes.
    #[must_use]
    pub const fn min(self) -> Duration {
        self.min
    }

    /// Returns the longest duration that the model takes.
    #[must_use]
    pub const fn max(self) -> Duration {
        self.max
    }

    /// Returns the shortest and longest segment of a clip that is cut.
    pub(super) fn inner(self) -> (Duration, Duration) {
        (self.min + MARGIN, self.max.saturating_sub(MARGIN))
    }

    pub(super) fn validate(self) -> Result<(), PlanError> {
        // Two segments must always be able to share what is too long for one.
        let needed = self.min.saturating_mul(2).saturating_add(LONGEST_FRAME * 2);
        if self.max < needed {
            return Err(PlanError::Limits { min: self.min, max: self.max });
        }
        Ok(())
    }
}
