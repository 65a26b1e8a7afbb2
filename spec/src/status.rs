//! The words the service uses for the state of a job.

use std::fmt;

/// The state of a job, as the service names it.
///
/// `completed`, `failed`, `cancelled`, `timeout` and `deleted` are final. Any other word means
/// that the job still runs: so the service's documentation says (errors, retries and timeouts).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// Taken, waiting for its turn.
    Created,
    /// Being worked on.
    Processing,
    /// Done; the outputs are there.
    Completed,
    /// Ended without a result.
    Failed,
    /// Cancelled on the service's side.
    Cancelled,
    /// Given up by the service for taking too long.
    Timeout,
    /// Deleted, by a user or for its age.
    Deleted,
    /// A word this crate does not know; the job is treated as still running.
    Other(String),
}

impl Status {
    /// The status for a word of the service.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word {
            "created" => Self::Created,
            "processing" => Self::Processing,
            "completed" => Self::Completed,
            "failed" => Self::Failed,
            "cancelled" => Self::Cancelled,
            "timeout" => Self::Timeout,
            "deleted" => Self::Deleted,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The service's word for it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Created => "created",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Timeout => "timeout",
            Self::Deleted => "deleted",
            Self::Other(word) => word,
        }
    }

    /// Whether nothing more will happen to the job.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        matches!(
            self,
            Self::Completed | Self::Failed | Self::Cancelled | Self::Timeout | Self::Deleted
        )
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl serde::Serialize for Status {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
