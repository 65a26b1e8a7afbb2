//! An item of a batch: a row and what became of it.

use std::path::PathBuf;

use serde::Serialize;

/// An item of a batch.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Item {
    /// The id of the row.
    pub id: String,
    /// Where the row stands, such as `jobs.csv:17`.
    pub row: String,
    /// The state.
    pub state: ItemState,
    /// The id of an earlier row with an equal input, whose result this item gets.
    pub same_as: Option<String>,
    /// The job id.
    pub job_id: Option<String>,
    /// The stable code of the error.
    pub error_code: Option<String>,
    /// What is wrong and what to do.
    pub error: Option<String>,
    /// The files of the result.
    pub outputs: Vec<PathBuf>,
    /// What the job costs in millionths of a US dollar.
    pub price_micros: Option<u64>,
    /// How many jobs of the item ended without a result.
    pub failures: u32,
    /// When the submit was sent, in seconds since 1970.
    pub sent_at: Option<i64>,
    /// The machine that saved the result, if several work on the batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// How often a machine has begun to work on the item, if several work on the batch.
    #[serde(skip)]
    pub(crate) claims: i64,
    /// A digest of the model and the parameters.
    #[serde(skip)]
    pub(crate) digest: String,
    /// How many jobs may fail before the item is not submitted again.
    #[serde(skip)]
    pub(crate) allowed_failures: u32,
}

/// The state of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ItemState {
    /// Nothing was submitted yet.
    Planned,
    /// The media fit the model.
    Checked,
    /// The media are being uploaded.
    Uploading,
    /// The media are uploaded. The item waits until a submit is allowed.
    Ready,
    /// The submit may have been sent, and its response is unknown.
    Submitting,
    /// The service accepted the submit.
    Submitted,
    /// The job completed, and its outputs are not saved yet.
    Completed,
    /// The outputs are being saved.
    Downloading,
    /// The outputs are saved.
    Done,
    /// The input violates the rules of the model, or the service rejected it. Nothing was charged.
    Refused,
    /// The job ended without a result.
    Failed,
    /// The submit may have been accepted, and its job was not found.
    Unknown,
    /// The service no longer has the outputs.
    Expired,
    /// The input equals that of an earlier row, whose result it gets.
    Duplicate,
}

impl ItemState {
    /// Every state, in the order of a life.
    pub const ALL: [Self; 14] = [
        Self::Planned,
        Self::Checked,
        Self::Uploading,
        Self::Ready,
        Self::Submitting,
        Self::Submitted,
        Self::Completed,
        Self::Downloading,
        Self::Done,
        Self::Refused,
        Self::Failed,
        Self::Unknown,
        Self::Expired,
        Self::Duplicate,
    ];

    /// Returns the word of the state.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Checked => "checked",
            Self::Uploading => "uploading",
            Self::Ready => "ready",
            Self::Submitting => "submitting",
            Self::Submitted => "submitted",
            Self::Completed => "completed",
            Self::Downloading => "downloading",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Expired => "expired",
            Self::Duplicate => "duplicate",
        }
    }

    /// Returns the state of an item whose stored state is `stored` and whose last submit has the state
    /// `submit` in the ledger. What was paid for is known by the ledger alone, so that a crash between two
    /// commits cannot contradict it.
    pub(crate) fn of(stored: &str, submit: Option<&str>) -> Self {
        let stored = Self::ALL.into_iter().find(|state| state.as_str() == stored);
        match (stored.unwrap_or(Self::Planned), submit) {
            (own @ (Self::Done | Self::Expired | Self::Duplicate), _)
            | (own @ Self::Unknown, Some("sent"))
            | (own @ (Self::Planned | Self::Refused), None) => own,
            (_, Some("sent")) => Self::Submitting,
            (_, Some("accepted")) => Self::Submitted,
            (_, Some("completed")) => Self::Completed,
            (_, Some("ended")) => Self::Failed,
            _ => Self::Planned,
        }
    }

    /// Returns whether nothing more happens to the item in this run.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(
            self,
            Self::Done
                | Self::Refused
                | Self::Failed
                | Self::Unknown
                | Self::Expired
                | Self::Duplicate
        )
    }
}

impl std::fmt::Display for ItemState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ledger_decides_what_was_submitted() {
        for (stored, submit, expected) in [
            ("planned", None, ItemState::Planned),
            ("planned", Some("sent"), ItemState::Submitting),
            ("planned", Some("accepted"), ItemState::Submitted),
            ("planned", Some("completed"), ItemState::Completed),
            ("planned", Some("ended"), ItemState::Failed),
            ("unknown", Some("sent"), ItemState::Unknown),
            ("unknown", Some("accepted"), ItemState::Submitted),
            ("unknown", None, ItemState::Planned),
            ("failed", Some("ended"), ItemState::Failed),
            ("failed", Some("sent"), ItemState::Submitting),
            ("failed", Some("accepted"), ItemState::Submitted),
            ("failed", None, ItemState::Planned),
            ("refused", None, ItemState::Refused),
            ("refused", Some("accepted"), ItemState::Submitted),
            ("done", Some("completed"), ItemState::Done),
            ("expired", Some("completed"), ItemState::Expired),
            ("duplicate", None, ItemState::Duplicate),
            ("no word of this version", Some("sent"), ItemState::Submitting),
        ] {
            assert_eq!(ItemState::of(stored, submit), expected, "{stored} {submit:?}");
        }
    }
}
