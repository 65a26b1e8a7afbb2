//! Progress events of a run.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::Report;
use crate::error::Error;
use crate::protocol::{Prediction, SubmitRecord};

/// A progress event of a run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Progress {
    /// The input is valid. The report contains warnings.
    Checked(Report),
    /// A media file is being uploaded.
    Uploading {
        /// The parameter.
        field: String,
        /// The bytes sent so far. Starts again at 0 after a failed attempt.
        sent: u64,
        /// The size in bytes.
        total: u64,
    },
    /// A media file was uploaded.
    Uploaded {
        /// The parameter.
        field: String,
        /// The URL for the service.
        url: Url,
    },
    /// The client is about to send the POST that costs money.
    Submitting {
        /// The number of the attempt: more than 1 only if the service certainly did not accept the
        /// previous one.
        attempt: u32,
        /// The submit. If you save it now, [`Client::recover`](crate::Client::recover) can find the job
        /// even if this process crashes before the response arrives.
        record: SubmitRecord,
    },
    /// The response to the submit was lost. The client searches the history for the job.
    Recovering,
    /// The service accepted the submit.
    Submitted {
        /// The job id. [`Client::job`](crate::Client::job) continues from it, in any process.
        job_id: String,
    },
    /// The job's status, outputs or error changed.
    Update(Arc<Prediction>),
    /// A step failed temporarily. The client retries it.
    Retrying {
        /// The error.
        error: Error,
        /// The delay before the retry.
        after: Duration,
    },
}

/// The listener of progress events, if any.
#[derive(Clone, Default)]
pub(super) struct OnProgress(Option<Arc<dyn Fn(Progress) + Send + Sync>>);

impl OnProgress {
    pub(super) fn new(listener: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(listener)))
    }

    pub(super) fn emit(&self, progress: impl FnOnce() -> Progress) {
        if let Some(listener) = &self.0 {
            listener(progress());
        }
    }
}
