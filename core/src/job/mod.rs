//! The life of a job, as pure decisions: nothing here does I/O, reads a clock or rolls dice.

mod answer;
mod budget;
mod ending;
mod pacing;
mod prediction;
mod status;
mod submission;
mod watch;

pub use answer::{PollAnswer, Resend, SubmitAnswer};
pub use budget::PollBudget;
pub use pacing::{Backoff, Pacing};
pub use prediction::{Output, Prediction};
pub use status::Status;
pub use submission::{Submission, SubmitAction, SubmitEvent, SubmitPolicy};
pub use watch::{Watch, WatchAction, WatchEvent, WatchPolicy};
