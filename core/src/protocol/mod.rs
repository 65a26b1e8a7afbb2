//! The life of a job, as pure decisions: nothing here does I/O, reads a clock or rolls dice.

mod answer;
mod budget;
mod claims;
mod decode;
mod ending;
mod lost;
mod pacing;
pub(crate) mod parse;
mod prediction;
mod record;
mod recovery;
mod submission;
mod submit_budget;
mod watch;

pub use answer::{PollAnswer, Resend, SearchAnswer, SubmitAnswer};
pub use budget::PollBudget;
pub use claims::Claims;
#[cfg(feature = "testing")]
pub(crate) use ending::job_outcome;
pub use pacing::{Backoff, Pacing};
pub use prediction::{Output, Prediction};
pub use record::SubmitRecord;
pub use recovery::{Finding, RecoveredBy, earliest, find};
pub use submission::{RecoveryPolicy, Submission, SubmitAction, SubmitEvent, SubmitPolicy};
pub use submit_budget::{SubmitBudget, SubmitLimits};
pub use viseme_spec::Status;
pub use watch::{Watch, WatchAction, WatchEvent, WatchPolicy};
