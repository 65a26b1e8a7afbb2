//! What came of a request, as far as the machine needs to know.

use std::sync::Arc;
use std::time::Duration;

use super::Prediction;
use crate::error::Error;

/// What came of a submit.
#[derive(Clone, Debug)]
pub enum SubmitResponse {
    /// The service took it: there is a job, and it may cost money.
    Accepted(Arc<Prediction>),
    /// The service cannot have taken it.
    Refused {
        /// Why.
        error: Error,
        /// Whether the same submit may be sent again.
        resend: Resend,
    },
    /// The service may have taken it, and no usable answer came.
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
    Trouble {
        /// What went wrong.
        error: Error,
        /// How long the service asks to wait.
        retry_after: Option<Duration>,
    },
    /// The history cannot be read.
    Refused(Error),
}

/// Whether a refused submit may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resend {
    /// It would be refused again.
    Never,
    /// After a pause, at least as long as the service asked for.
    After(Option<Duration>),
}

/// What came of a poll.
#[derive(Clone, Debug)]
pub enum PollResponse {
    /// The state of the job.
    Seen {
        /// What the service says.
        prediction: Arc<Prediction>,
        /// How long it asks to wait before the next poll.
        retry_after: Option<Duration>,
    },
    /// Something that may pass: the network, a busy server, an unreadable answer.
    Trouble {
        /// What went wrong.
        error: Error,
        /// How long the service asks to wait.
        retry_after: Option<Duration>,
    },
    /// The service does not know the job: final, unless the job is only seconds old.
    Unknown(Error),
    /// The service will not answer: another poll would be refused too.
    Refused(Error),
}
