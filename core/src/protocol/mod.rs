//! The state machines of jobs. Pure: no I/O, no clock, no randomness of their own.

mod learned_pacing;
mod outcome;
mod pacing;
mod pacing_memory;
pub(crate) mod parse;
mod rate_limiter;
mod recovery;
mod recovery_search;
mod response_class;
mod retry;
mod submission;
mod submit_registry;
mod wait_machine;

pub use learned_pacing::{LearnedPacing, ObservedJob, SavedDurations, Unshared};
pub(crate) use outcome::is_conclusive;
#[cfg(feature = "testing")]
pub(crate) use outcome::job_outcome;
pub use pacing::{Backoff, Pacing};
pub use pacing_memory::{
    Found, NotAPacingFile, PacingWarning, RecentModels, SaveError, SaveSchedule, SavedModels,
    SavedPacing, merge,
};
pub use rate_limiter::{PollLimiter, SubmitLimiter, SubmitLimits};
pub use recovery::{Finding, RecoveryCriteria, candidates, find, wrong_clock_window};
pub use response_class::{PollResponse, Resend, SearchResponse, SubmitResponse};
pub use retry::{DEFAULT_MAX_POLL_RETRIES, DEFAULT_MAX_RETRIES, RetryPolicy, is_retryable};
pub use submission::{RecoveryPolicy, Submission, SubmitAction, SubmitEvent, SubmitPolicy};
pub use submit_registry::{SubmitKey, SubmitRegistry};

pub use crate::prediction::{Output, Prediction, RecoveredBy, Status, SubmitRecord};
pub use wait_machine::{WaitAction, WaitEvent, WaitMachine, WaitPolicy};
