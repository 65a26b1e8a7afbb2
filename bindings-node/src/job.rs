//! A handle on a job, as JavaScript holds it.

use napi_derive::napi;
use viseme_bindings::JobHandle;

use crate::task::Task;

/// A handle on a job.
#[napi]
pub struct NativeJob {
    job: JobHandle,
}

impl From<JobHandle> for NativeJob {
    fn from(job: JobHandle) -> Self {
        Self { job }
    }
}

#[napi]
impl NativeJob {
    /// Returns the job's id.
    #[napi]
    pub fn id(&self) -> String {
        self.job.id().to_owned()
    }

    /// Starts the operation of a request in JSON.
    #[napi]
    pub fn start(&self, request: String) -> Task {
        self.job.start(&request).into()
    }
}
