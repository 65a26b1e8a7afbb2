//! A submit as the ledger shows it.

use viseme::SubmitRecord;

/// A submit in a ledger.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SubmitRow {
    /// The caller's key.
    pub key: String,
    /// The state.
    pub state: SubmitState,
    /// What was sent.
    pub record: SubmitRecord,
    /// The job id, if the service accepted the submit.
    pub job_id: Option<String>,
    /// How the job ended.
    pub status: Option<String>,
    /// Why the service rejected the submit.
    pub reason: Option<String>,
    /// What the job costs in millionths of a US dollar, if the caller knew it.
    pub price: Option<u64>,
}

/// The state of a submit in a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubmitState {
    /// It may have been sent, and its response is unknown.
    Sent,
    /// The service accepted it.
    Accepted,
    /// Its job completed.
    Completed,
    /// Its job ended without a result.
    Ended,
    /// The service certainly did not accept it.
    Refused,
}

impl SubmitState {
    /// Returns the word of the state.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Accepted => "accepted",
            Self::Completed => "completed",
            Self::Ended => "ended",
            Self::Refused => "refused",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "sent" => Self::Sent,
            "accepted" => Self::Accepted,
            "completed" => Self::Completed,
            "ended" => Self::Ended,
            "refused" => Self::Refused,
            _ => return None,
        })
    }
}
