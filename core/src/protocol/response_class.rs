//! The classes of responses that the state machines decide on.

use std::sync::Arc;
use std::time::Duration;

use super::Prediction;
use crate::error::Error;

/// The response to a submit.
#[derive(Clone, Debug)]
pub enum SubmitResponse {
    /// The service accepted it: there is a job, which may cost money.
    Accepted(Arc<Prediction>),
    /// The service certainly did not accept it.
    Rejected {
        /// The reason.
        error: Error,
        /// Whether the same submit may be sent again.
        resend: Resend,
    },
    /// The service may have accepted it, and there is no usable response.
    Lost(Error),
}

/// The result of one search of the history for a lost submit.
#[derive(Clone, Debug)]
pub enum SearchResponse {
    /// The job was found, and claimed for this submit.
    Found(Arc<Prediction>),
    /// No job matches yet.
    NotYet,
    /// Jobs match, but none is certain.
    Candidates(Vec<Arc<Prediction>>),
    /// The request failed temporarily.
    Temporary {
        /// What went wrong.
        error: Error,
        /// How long the service asks to wait.
        retry_after: Option<Duration>,
    },
    /// The history cannot be read.
    Failed(Error),
}

/// Whether a rejected submit may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resend {
    /// The service would reject it again.
    Never,
    /// After a pause of at least this duration, if the service named one.
    After(Option<Duration>),
}

/// The response to a poll.
#[derive(Clone, Debug)]
pub enum PollResponse {
    /// The state of the job.
    State {
        /// The state.
        prediction: Arc<Prediction>,
        /// How long the service asks to wait before the next poll.
        retry_after: Option<Duration>,
    },
    /// A temporary failure: of the network, a busy server, or an unreadable response.
    Temporary {
        /// What went wrong.
        error: Error,
        /// How long the service asks to wait.
        retry_after: Option<Duration>,
    },
    /// The service does not know the job: final, unless the job may be only seconds old.
    NotFound(Error),
    /// The service rejects the poll, and would reject another one.
    Rejected(Error),
}
