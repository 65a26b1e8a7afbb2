//! The life of a job, as pure decisions: nothing here does I/O, reads a clock or rolls dice.

mod decode;
mod outcome;
mod pacing;
pub(crate) mod parse;
mod prediction;
mod rate_limiter;
mod record;
mod recovery;
mod recovery_search;
mod response_class;
mod submission;
mod submit_registry;
mod wait_machine;

#[cfg(feature = "testing")]
pub(crate) use outcome::job_outcome;
pub use pacing::{Backoff, Pacing};
pub use prediction::{Output, Prediction};
pub use rate_limiter::{PollLimiter, SubmitLimiter, SubmitLimits};
pub use record::SubmitRecord;
pub use recovery::{Finding, RecoveredBy, earliest, find};
pub use response_class::{PollResponse, Resend, SearchResponse, SubmitResponse};
pub use submission::{RecoveryPolicy, Submission, SubmitAction, SubmitEvent, SubmitPolicy};
pub use submit_registry::SubmitRegistry;
pub use viseme_spec::Status;
pub use wait_machine::{WaitAction, WaitEvent, WaitMachine, WaitPolicy};
