//! An operation in progress, whose messages JavaScript requests, and a handle on a job.

use napi::Env;
use napi::bindgen_prelude::{Buffer, PromiseRaw};
use napi_derive::napi;
use viseme_bindings::JobHandle;

/// An operation in progress. It advances only while a promise of [`next`](Self::next) is awaited,
/// except for many runs and batches, which advance by themselves until the task is cancelled or dropped.
#[napi]
pub struct Task {
    task: viseme_bindings::Task,
}

impl From<viseme_bindings::Task> for Task {
    fn from(task: viseme_bindings::Task) -> Self {
        Self { task }
    }
}

/// No one can request messages any more: a worker thread ended, or the object was collected. Without
/// this, the operation would continue for as long as the runtime does.
impl Drop for Task {
    fn drop(&mut self) {
        self.task.cancel();
    }
}

#[napi]
impl Task {
    /// Returns the next messages as a JSON array, as soon as there is one; `null` after the last
    /// message and after cancellation.
    // Not an `async fn`: that would hold the object, which the end of a worker thread frees while the
    // future still runs.
    #[napi(ts_return_type = "Promise<string | null>")]
    pub fn next<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, Option<String>>> {
        let task = self.task.clone();
        env.spawn_future(async move { Ok(task.next().await) })
    }

    /// Cancels the task: the operation is dropped at once.
    #[napi]
    pub fn cancel(&self) {
        self.task.cancel();
    }

    /// Stops a batch: it submits nothing more, and its messages end when the submits in flight have
    /// responses.
    #[napi]
    pub fn stop(&self) {
        let _ = self.task.stop();
    }

    /// Sends inputs, as a JSON array, to many runs. Returns whether the runs still accept inputs.
    #[napi]
    pub fn push(&self, inputs: String, contents: Vec<Buffer>) -> bool {
        self.task.push(&inputs, copy_contents(&contents))
    }

    /// Sends an input that could not be encoded to many runs: the message is the error of its run.
    #[napi]
    pub fn push_error(&self, message: String) -> bool {
        self.task.push_error(&message)
    }

    /// Ends the inputs of many runs.
    #[napi]
    pub fn finish(&self) {
        self.task.finish();
    }

    /// Returns the jobs whose results JavaScript has not received, an `OpenJobs` in JSON.
    #[napi]
    pub fn open_jobs(&self) -> String {
        self.task.open_jobs_json()
    }

    /// Returns the job of a submit or of a recovery, once there is one.
    #[napi]
    pub fn job(&self) -> Option<NativeJob> {
        self.task.job().map(|job| JobHandle::from(job).into())
    }
}

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

/// Returns copies of the contents of media: JavaScript may change its own while they are sent.
pub(crate) fn copy_contents(buffers: &[Buffer]) -> Vec<Vec<u8>> {
    buffers.iter().map(|buffer| buffer.to_vec()).collect()
}
