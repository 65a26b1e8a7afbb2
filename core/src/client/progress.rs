//! What a run tells while it goes on.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::Report;
use crate::error::Error;
use crate::protocol::{Prediction, SubmitRecord};

/// One piece of news from a run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Progress {
    /// The input was checked; warnings are in the report.
    Checked(Report),
    /// A medium is being uploaded.
    Uploading {
        /// The parameter it is for.
        field: String,
        /// Bytes handed to the network so far, from 0 again after a failed attempt.
        sent: u64,
        /// Its size in bytes.
        total: u64,
    },
    /// A medium was uploaded.
    Uploaded {
        /// The parameter it is for.
        field: String,
        /// Where the service finds it.
        url: Url,
    },
    /// The POST that costs money goes out.
    Submitting {
        /// 1, or more after an answer that proved the one before was not taken.
        attempt: u32,
        /// What is sent and when: saved now, it lets [`Client::recover`](crate::Client::recover)
        /// find the job even if this process dies before the answer comes.
        record: SubmitRecord,
    },
    /// The answer to the submit was lost; the job is looked for in the history.
    Recovering,
    /// There is a job.
    Submitted {
        /// Its id: enough to go on from in another process, another day.
        job_id: String,
    },
    /// The job's state changed.
    Update(Arc<Prediction>),
    /// A step failed in a way that may pass, and is tried again.
    Retrying {
        /// What went wrong.
        error: Error,
        /// When it is tried again.
        after: Duration,
    },
}

/// Who is told.
#[derive(Clone, Default)]
pub(super) struct OnProgress(Option<Arc<dyn Fn(Progress) + Send + Sync>>);

impl OnProgress {
    pub(super) fn new(listener: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(listener)))
    }

    pub(super) fn tell(&self, progress: impl FnOnce() -> Progress) {
        if let Some(listener) = &self.0 {
            listener(progress());
        }
    }
}
