//! Something under way: the host asks for its messages until there are no more.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::{self, BoxStream, StreamExt as _};
use tokio_util::sync::CancellationToken;

use crate::job::JobHandle;
use crate::many::Feed;
use crate::media::Contents;

/// How many messages cross the border at once, at most.
const BATCH: usize = 256;

/// Messages, each a JSON object.
pub(crate) type Messages = BoxStream<'static, String>;

/// The job that a submit gave, once it did.
pub(crate) type JobSlot = Arc<Mutex<Option<viseme::Job>>>;

/// Something under way. It goes on only while a future of [`next`](Self::next) is polled, except
/// for many runs, which go on by themselves from the first `next` until the task is cancelled or
/// dropped. Clones are the same task.
#[derive(Clone)]
pub struct Task {
    messages: Arc<tokio::sync::Mutex<Option<Messages>>>,
    cancelled: CancellationToken,
    feed: Option<Arc<Feed>>,
    job: JobSlot,
}

impl Task {
    pub(crate) fn of_messages(messages: Messages) -> Self {
        Self {
            messages: Arc::new(tokio::sync::Mutex::new(Some(messages.fuse().boxed()))),
            cancelled: CancellationToken::new(),
            feed: None,
            job: JobSlot::default(),
        }
    }

    /// A task with one message.
    pub(crate) fn of_future(future: BoxFuture<'static, String>) -> Self {
        Self::of_messages(future.into_stream().boxed())
    }

    /// A task that has said all it has to say.
    pub(crate) fn said(message: String) -> Self {
        Self::of_messages(stream::iter([message]).boxed())
    }

    pub(crate) fn with_feed(mut self, feed: Feed) -> Self {
        self.feed = Some(Arc::new(feed));
        self
    }

    pub(crate) fn with_job(mut self, job: JobSlot) -> Self {
        self.job = job;
        self
    }

    /// The next messages as a JSON array, as soon as there is one; none after the last, and once
    /// the task is cancelled. Needs a tokio runtime with time and I/O.
    pub async fn next(&self) -> Option<String> {
        let mut messages = self.messages.lock().await;
        let batch = tokio::select! {
            biased;
            () = self.cancelled.cancelled() => None,
            batch = some_of(&mut messages) => batch,
        };
        if batch.is_none() {
            // What is under way ends here, and not when a garbage collector comes by.
            *messages = None;
        }
        batch
    }

    /// Ends it: what is under way is dropped at once.
    pub fn cancel(&self) {
        self.cancelled.cancel();
        // While `next` holds it, that sees the cancellation itself.
        if let Ok(mut messages) = self.messages.try_lock() {
            *messages = None;
        }
    }

    /// Adds inputs, as a JSON array, to many runs. Whether they were taken: the runs may have been
    /// cancelled.
    #[must_use]
    pub fn push(&self, inputs: &str, contents: Vec<Vec<u8>>) -> bool {
        self.feed.as_ref().is_some_and(|feed| feed.push(inputs, Contents(contents)))
    }

    /// Says that there are no more inputs.
    pub fn finish(&self) {
        if let Some(feed) = &self.feed {
            feed.finish();
        }
    }

    /// The job that a submit or a recovery gave.
    #[must_use]
    pub fn job(&self) -> Option<JobHandle> {
        let job = self.job.lock().unwrap_or_else(PoisonError::into_inner);
        job.clone().map(JobHandle::new)
    }
}

/// The next message and those that are there already, as a JSON array.
async fn some_of(messages: &mut Option<Messages>) -> Option<String> {
    let messages = messages.as_mut()?;
    let mut batch = format!("[{}", messages.next().await?);
    for _ in 1..BATCH {
        let Some(Some(message)) = messages.next().now_or_never() else { break };
        batch.push(',');
        batch.push_str(&message);
    }
    batch.push(']');
    Some(batch)
}
