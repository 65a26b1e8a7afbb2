//! An operation in progress and a job, as a host holds them.

use std::sync::Arc;

use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use viseme_bindings::{JobHandle, Task};

use crate::runtime::{NativeError, runtime};

/// An operation in progress. It continues until it ends, is cancelled or is dropped.
#[derive(uniffi::Object)]
pub struct NativeTask {
    task: Task,
    batches: Mutex<UnboundedReceiver<String>>,
}

#[uniffi::export]
impl NativeTask {
    /// Returns the next messages as a JSON array; `None` after the last one and after cancellation.
    pub async fn next(&self) -> Option<String> {
        self.batches.lock().await.recv().await
    }

    /// Cancels the operation at once. A submitted job continues.
    pub fn cancel(&self) {
        self.task.cancel();
    }

    /// Returns the job of a submit or of a recovery, once there is one.
    pub fn job(&self) -> Option<Arc<NativeJob>> {
        self.task.job().map(|job| Arc::new(JobHandle::from(job).into()))
    }
}

impl Drop for NativeTask {
    fn drop(&mut self) {
        self.task.cancel();
    }
}

impl NativeTask {
    /// Starts the task on the runtime, so that it advances while the host handles a message.
    pub(crate) fn spawn(task: Task) -> Result<Arc<Self>, NativeError> {
        let (sender, batches) = unbounded_channel();
        let running = task.clone();
        runtime()?.spawn(async move {
            while let Some(batch) = running.next().await {
                if sender.send(batch).is_err() {
                    break;
                }
            }
        });
        Ok(Arc::new(Self { task, batches: Mutex::new(batches) }))
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
        NativeTask::spawn(self.job.start(request))
    }
}

impl From<JobHandle> for NativeJob {
    fn from(job: JobHandle) -> Self {
        Self { job }
    }
}
