//! An operation in progress and a job, as a host holds them.

use std::sync::Arc;

use tokio::runtime::Runtime;
use viseme_bindings::{JobHandle, Task};

use crate::runtime::{NativeError, runtime};

/// An operation in progress. It advances while the host waits for messages.
#[derive(uniffi::Object)]
pub struct NativeTask {
    task: Task,
    runtime: &'static Runtime,
}

#[uniffi::export]
impl NativeTask {
    /// Returns the next messages as a JSON array; `None` after the last one and after cancellation.
    /// By asking for more, the host confirms that it has handled the messages before: a submit waits
    /// for this.
    pub async fn next(&self) -> Option<String> {
        let task = self.task.clone();
        // On the threads of the runtime, not on those of the host. It fails only if it panics.
        self.runtime.spawn(async move { task.next().await }).await.ok().flatten()
    }

    /// Cancels the operation at once. A submitted job continues.
    pub fn cancel(&self) {
        self.task.cancel();
    }

    /// Returns the job of a submit or of a recovery, once there is one.
    pub fn job(&self) -> Option<Arc<NativeJob>> {
        self.task.job().map(|job| Arc::new(JobHandle::from(job).into()))
    }

    /// Returns the jobs whose results the host has not received, an `OpenJobs` in JSON. Read them when
    /// the host ends the operation early.
    pub fn open_jobs(&self) -> String {
        self.task.open_jobs_json()
    }
}

impl Drop for NativeTask {
    fn drop(&mut self) {
        self.task.cancel();
    }
}

impl NativeTask {
    pub(crate) fn new(task: Task) -> Result<Arc<Self>, NativeError> {
        Ok(Arc::new(Self { task, runtime: runtime()? }))
    }
}

/// A handle on a job.
#[derive(uniffi::Object)]
pub struct NativeJob {
    job: JobHandle,
}

#[uniffi::export]
impl NativeJob {
    /// Returns the job's id.
    pub fn id(&self) -> String {
        self.job.id().to_owned()
    }

    /// Starts the operation of a `JobRequest` in JSON.
    pub fn start(&self, request: &str) -> Result<Arc<NativeTask>, NativeError> {
        NativeTask::new(self.job.start(request))
    }
}

impl From<JobHandle> for NativeJob {
    fn from(job: JobHandle) -> Self {
        Self { job }
    }
}
