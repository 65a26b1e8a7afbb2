//! The filter for past jobs.

use std::time::SystemTime;

use crate::protocol::Status;

/// Selects past jobs; all jobs of the last seven days by default.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use viseme::{HistoryFilter, Status};
///
/// let last_hour = HistoryFilter::new()
///     .model("kwaivgi/kling-lipsync/audio-to-video")
///     .status(Status::Failed)
///     .created_after(SystemTime::now() - Duration::from_secs(60 * 60));
/// # assert_eq!(last_hour.page_size, 100);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[must_use]
pub struct HistoryFilter {
    /// The model's id.
    pub model: Option<String>,
    /// The status of the jobs.
    pub status: Option<Status>,
    /// The earliest creation time, by the service's clock.
    pub created_after: Option<SystemTime>,
    /// The latest creation time, by the service's clock.
    pub created_before: Option<SystemTime>,
    /// Whether each job includes its input.
    pub include_inputs: bool,
    /// The number of jobs per request, from 1 to 100.
    pub page_size: u32,
}

impl HistoryFilter {
    /// The maximum number of jobs per request.
    pub const MAX_PAGE_SIZE: u32 = 100;

    /// Creates a filter that selects all jobs.
    pub fn new() -> Self {
        Self {
            model: None,
            status: None,
            created_after: None,
            created_before: None,
            include_inputs: false,
            page_size: Self::MAX_PAGE_SIZE,
        }
    }

    /// Selects only jobs of this model.
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }

    /// Selects only jobs with this status.
    pub fn status(mut self, status: Status) -> Self {
        self.status = Some(status);
        self
    }

    /// Selects jobs created at this time or later, by the service's clock.
    pub fn created_after(mut self, time: SystemTime) -> Self {
        self.created_after = Some(time);
        self
    }

    /// Selects jobs created at this time or earlier, by the service's clock.
    pub fn created_before(mut self, time: SystemTime) -> Self {
        self.created_before = Some(time);
        self
    }

    /// Sets whether each job includes its input. Default `false`.
    pub fn include_inputs(mut self, include: bool) -> Self {
        self.include_inputs = include;
        self
    }

    /// Sets the number of jobs per request, clamped to 1–100. Default 100.
    pub fn page_size(mut self, jobs: u32) -> Self {
        self.page_size = jobs.clamp(1, Self::MAX_PAGE_SIZE);
        self
    }
}

impl Default for HistoryFilter {
    fn default() -> Self {
        Self::new()
    }
}
