//! What a task tells.

use std::time::Duration;

use viseme::{Prediction, Progress};

use crate::error::NativeErrorInfo;
use crate::prediction::NativePrediction;
use crate::report::NativeReport;
use crate::time::bounded;

/// Something that happened, or, as the last of a task, what came of it.
#[derive(Debug, Clone, uniffi::Enum)]
pub enum NativeEvent {
    /// The input was checked.
    Checked {
        /// What was found.
        report: NativeReport,
    },
    /// A part of a medium was sent.
    Uploading {
        /// The parameter; empty for an upload on its own.
        field: String,
        /// Bytes so far.
        sent: u64,
        /// Bytes in all.
        total: u64,
    },
    /// A medium is with the service.
    Uploaded {
        /// The parameter; empty for an upload on its own.
        field: String,
        /// Where the service finds it.
        url: String,
    },
    /// A part of an output was received.
    Downloading {
        /// Bytes so far.
        received: u64,
        /// Bytes in all, where the server says.
        total: Option<u64>,
    },
    /// An output is on disk.
    Saved {
        /// Where.
        path: String,
        /// How large.
        bytes: u64,
    },
    /// The POST that costs money goes out.
    Submitting {
        /// Which attempt, from 1.
        attempt: u32,
        /// What is needed to find it again, as JSON.
        record: String,
    },
    /// A lost submit is looked for.
    Recovering,
    /// The job is taken.
    Submitted {
        /// Its id.
        job_id: String,
        /// What the service said of it, where this is what came of the task.
        prediction: Option<NativePrediction>,
    },
    /// A state of the job that differs from the one before.
    Updated {
        /// The state.
        prediction: NativePrediction,
    },
    /// A step failed and is tried again.
    Retrying {
        /// What was wrong.
        error: NativeErrorInfo,
        /// The pause before.
        after: Duration,
    },
}

impl NativeEvent {
    pub(crate) fn updated(prediction: &Prediction) -> Self {
        Self::Updated { prediction: prediction.into() }
    }

    /// `None` for what this version does not tell.
    pub(crate) fn of(progress: Progress) -> Option<Self> {
        Some(match progress {
            Progress::Checked(report) => Self::Checked { report: (&report).into() },
            Progress::Uploading { field, sent, total } => Self::Uploading { field, sent, total },
            Progress::Uploaded { field, url } => Self::Uploaded { field, url: url.to_string() },
            Progress::Submitting { attempt, record } => {
                Self::Submitting { attempt, record: serde_json::to_string(&record).ok()? }
            }
            Progress::Recovering => Self::Recovering,
            Progress::Submitted { job_id } => Self::Submitted { job_id, prediction: None },
            Progress::Update(prediction) => Self::updated(&prediction),
            Progress::Retrying { error, after } => {
                Self::Retrying { error: (&error).into(), after: bounded(after) }
            }
            _ => return None,
        })
    }
}
