//! What a client remembers of the durations of all its models: decisions about the file that keeps them, without
//! touching it.

mod content;
mod models;
mod save_schedule;
mod warning;

pub use content::{Found, NotAPacingFile, SavedPacing};
pub use models::{RecentModels, SavedModels, merge};
pub use save_schedule::{SaveError, SaveSchedule};
pub use warning::PacingWarning;
