//! Something under way: JavaScript asks for its messages until there are no more.

use napi::Env;
use napi::bindgen_prelude::{Buffer, PromiseRaw};
use napi_derive::napi;

use crate::job::NativeJob;

/// Something under way. It goes on only while a promise of [`next`](Self::next) is waited for,
/// except for many runs, which go on by themselves until the task is cancelled or dropped.
#[napi]
pub struct Task {
    task: viseme_bindings::Task,
}

impl From<viseme_bindings::Task> for Task {
    fn from(task: viseme_bindings::Task) -> Self {
        Self { task }
    }
}

/// Nobody can ask for its messages any more: a worker thread ended, or the object was given up. What
/// is under way would otherwise go on for as long as the runtime does.
impl Drop for Task {
    fn drop(&mut self) {
        self.task.cancel();
    }
}

#[napi]
impl Task {
    /// The next messages as a JSON array, as soon as there is one; `null` after the last, and once
    /// the task is cancelled.
    // Not an `async fn`: that would hold on to the object, which the end of a worker thread frees while
    // the future still runs.
    #[napi(ts_return_type = "Promise<string | null>")]
    pub fn next<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, Option<String>>> {
        let task = self.task.clone();
        env.spawn_future(async move { Ok(task.next().await) })
    }

    /// Ends it: what is under way is dropped at once.
    #[napi]
    pub fn cancel(&self) {
        self.task.cancel();
    }

    /// Adds inputs, as a JSON array, to many runs. Whether they were taken: the runs may have been
    /// cancelled.
    #[napi]
    pub fn push(&self, inputs: String, contents: Vec<Buffer>) -> bool {
        self.task.push(&inputs, contents_of(&contents))
    }

    /// Says that there are no more inputs.
    #[napi]
    pub fn finish(&self) {
        self.task.finish();
    }

    /// The job that a submit or a recovery gave.
    #[napi]
    pub fn job(&self) -> Option<NativeJob> {
        self.task.job().map(NativeJob::from)
    }
}

/// The contents of media, copied: JavaScript may change its own while they are sent.
pub(crate) fn contents_of(buffers: &[Buffer]) -> Vec<Vec<u8>> {
    buffers.iter().map(|buffer| buffer.to_vec()).collect()
}
