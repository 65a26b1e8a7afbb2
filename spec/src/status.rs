//! The status words of the service.

use std::fmt;

/// The status of a job.
///
/// `completed`, `failed`, `cancelled`, `timeout` and `deleted` are terminal. Any other word means that
/// the job is still running (source: the service's page on errors, retries and timeouts).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// Accepted and queued.
    Created,
    /// In progress.
    Processing,
    /// Finished. The outputs are available.
    Completed,
    /// Finished without a result.
    Failed,
    /// Cancelled by the service.
    Cancelled,
    /// Stopped by the service because it took too long.
    Timeout,
    /// Deleted by a user or because of its age.
    Deleted,
    /// A word that this crate does not know. The job counts as still running.
    Other(String),
}

impl Status {
    /// Returns the status for a word of the service, in any case. The words of other services and
    /// gateways for the same statuses count as well (`succeeded`, `error`, `canceled`).
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word.trim().to_ascii_lowercase().replace([' ', '-'], "_").as_str() {
            "created" => Self::Created,
            "processing" => Self::Processing,
            "completed" | "complete" | "succeeded" | "success" | "successful" | "finished"
            | "done" => Self::Completed,
            "failed" | "failure" | "error" | "errored" => Self::Failed,
            "cancelled" | "canceled" | "aborted" => Self::Cancelled,
            "timeout" | "timed_out" | "timedout" | "expired" => Self::Timeout,
            "deleted" => Self::Deleted,
            _ => Self::Other(word.to_owned()),
        }
    }

    /// Returns the service's word.
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

    /// Returns whether the job has ended.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_understood_in_any_case_and_spelling() {
        for (word, status) in [
            ("completed", Status::Completed),
            ("COMPLETED", Status::Completed),
            (" Completed ", Status::Completed),
            ("succeeded", Status::Completed),
            ("Success", Status::Completed),
            ("Failed", Status::Failed),
            ("error", Status::Failed),
            ("canceled", Status::Cancelled),
            ("Cancelled", Status::Cancelled),
            ("Timed Out", Status::Timeout),
            ("DELETED", Status::Deleted),
            ("Processing", Status::Processing),
        ] {
            assert_eq!(Status::from_word(word), status, "{word}");
        }
        for word in ["queued", "Warming up", "in_progress", "uncompleted", "not failed", ""] {
            assert_eq!(Status::from_word(word), Status::Other(word.to_owned()));
        }
    }
}
