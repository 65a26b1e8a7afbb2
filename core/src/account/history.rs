//! Which past jobs are asked for.

use std::time::SystemTime;

use crate::protocol::Status;

/// Which past jobs are asked for; all of the last seven days by default.
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
    /// Jobs of this model alone.
    pub model: Option<String>,
    /// Jobs in this state alone.
    pub status: Option<Status>,
    /// Jobs made at this moment or later, by the service's clock.
    pub created_after: Option<SystemTime>,
    /// Jobs made at this moment or earlier.
    pub created_before: Option<SystemTime>,
    /// Whether each job comes with its input.
    pub include_inputs: bool,
    /// How many jobs are asked for at a time, from 1 to 100.
    pub page_size: u32,
}

impl HistoryFilter {
    /// The most jobs that the service gives at a time.
    pub const MAX_PAGE_SIZE: u32 = 100;

    /// All jobs there are.
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

    /// Jobs of this model alone.
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }

    /// Jobs in this state alone.
    pub fn status(mut self, status: Status) -> Self {
        self.status = Some(status);
        self
    }

    /// Jobs made at this moment or later, by the service's clock.
    pub fn created_after(mut self, moment: SystemTime) -> Self {
        self.created_after = Some(moment);
        self
    }

    /// Jobs made at this moment or earlier, by the service's clock.
    pub fn created_before(mut self, moment: SystemTime) -> Self {
        self.created_before = Some(moment);
        self
    }

    /// Whether each job comes with its input. Default `false`.
    pub fn include_inputs(mut self, include: bool) -> Self {
        self.include_inputs = include;
        self
    }

    /// How many jobs are asked for at a time; kept within 1 to 100. Default 100.
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
