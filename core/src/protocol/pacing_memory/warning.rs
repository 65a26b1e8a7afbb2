//! What a user should know of a pacing file that cannot be used as it should. It stops no job.

use std::fmt;

/// A problem with a pacing file, in words for its user. The path is not part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PacingWarning {
    /// The file is damaged. The text says why.
    Damaged(String),
    /// The file cannot be read, or a later version wrote it. The text says why.
    Unusable(String),
    /// The durations of this model are invalid.
    InvalidModel(String),
    /// The file cannot be written. The text says why.
    NotWritten(String),
}

impl fmt::Display for PacingWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(why) => {
                write!(
                    f,
                    "The pacing file is damaged: {why}. The client learns anew and replaces it."
                )
            }
            Self::Unusable(why) => {
                write!(f, "The pacing file cannot be used: {why}. The client learns anew.")
            }
            Self::InvalidModel(model) => write!(
                f,
                "The durations of {model} in the pacing file are invalid. The client learns them anew."
            ),
            Self::NotWritten(why) => write!(
                f,
                "The pacing file cannot be written: {why}. The client keeps what it learned in memory."
            ),
        }
    }
}
