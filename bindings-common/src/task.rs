//! An operation in progress: the host asks for its messages until there are no more.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::FutureExt as _;
use futures_util::stream::{self, BoxStream, Stream, StreamExt as _};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_util::sync::CancellationToken;
use viseme::{Job, Progress};

use crate::dto::ProgressData;
use crate::input::InputSender;
use crate::message::event;

/// How many messages cross to the host at once, at most.
const BATCH: usize = 256;

/// Messages, each a JSON object.
pub(crate) type Messages = BoxStream<'static, String>;

/// The job of a submit, once there is one.
#[derive(Clone, Default)]
pub(crate) struct JobSlot(Arc<Mutex<Option<Job>>>);

impl JobSlot {
    pub(crate) fn set(&self, job: Job) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(job);
    }

    fn get(&self) -> Option<Job> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// An operation in progress. It advances only while a future of [`next`](Self::next) is polled,
/// except for many runs, which advance by themselves from the first `next` until the task is
/// cancelled or dropped. Clones are the same task.
#[derive(Clone)]
pub struct Task {
    messages: Arc<tokio::sync::Mutex<Option<Messages>>>,
    cancelled: CancellationToken,
    inputs: Option<Arc<InputSender>>,
    job: JobSlot,
}

impl Task {
    /// Makes a task of these messages.
    pub(crate) fn from_messages(messages: impl Stream<Item = String> + Send + 'static) -> Self {
        Self {
            messages: Arc::new(tokio::sync::Mutex::new(Some(messages.fuse().boxed()))),
            cancelled: CancellationToken::new(),
            inputs: None,
            job: JobSlot::default(),
        }
    }

    /// Makes a task of one message.
    pub(crate) fn from_future(future: impl Future<Output = String> + Send + 'static) -> Self {
        Self::from_messages(future.into_stream())
    }

    /// Makes a task whose only message is known.
    pub(crate) fn ready(message: String) -> Self {
        Self::from_messages(stream::iter([message]))
    }

    /// Makes a task that sends events, if they are wanted, before its last message.
    pub(crate) fn with_progress<F>(
        progress: bool,
        work: impl FnOnce(Option<UnboundedSender<String>>) -> F,
    ) -> Self
    where
        F: Future<Output = String> + Send + 'static,
    {
        if !progress {
            return Self::from_future(work(None));
        }
        let (sender, events) = unbounded_channel();
        let last = work(Some(sender));
        let state = (events, Some(last.boxed()));
        Self::from_messages(stream::unfold(state, |(mut events, mut work)| async move {
            let message = match &mut work {
                Some(running) => tokio::select! {
                    biased;
                    Some(message) = events.recv() => message,
                    last = running => {
                        work = None;
                        // Events of its last step come before the last message.
                        let mut all = Vec::new();
                        while let Ok(message) = events.try_recv() {
                            all.push(message);
                        }
                        all.push(last);
                        all.join(",")
                    }
                },
                None => return None,
            };
            Some((message, (events, work)))
        }))
    }

    pub(crate) fn with_inputs(mut self, inputs: InputSender) -> Self {
        self.inputs = Some(Arc::new(inputs));
        self
    }

    pub(crate) fn with_job(mut self, job: JobSlot) -> Self {
        self.job = job;
        self
    }

    /// Returns the next messages as a JSON array, as soon as there is one; nothing after the last
    /// message and after cancellation. Needs a tokio runtime with time and I/O.
    pub async fn next(&self) -> Option<String> {
        let mut messages = self.messages.lock().await;
        let batch = tokio::select! {
            biased;
            () = self.cancelled.cancelled() => None,
            batch = next_batch(&mut messages) => batch,
        };
        if batch.is_none() {
            // The operation ends now, not when a garbage collector runs.
            *messages = None;
        }
        batch
    }

    /// Cancels the task: the operation is dropped at once.
    pub fn cancel(&self) {
        self.cancelled.cancel();
        // While `next` holds the lock, `next` itself sees the cancellation.
        if let Ok(mut messages) = self.messages.try_lock() {
            *messages = None;
        }
    }

    /// Sends inputs, as a JSON array, to many runs. Returns whether the runs still accept inputs.
    #[must_use]
    pub fn push(&self, inputs: &str, contents: Vec<Vec<u8>>) -> bool {
        self.inputs.as_ref().is_some_and(|sender| sender.push(inputs, contents))
    }

    /// Ends the inputs of many runs.
    pub fn finish(&self) {
        if let Some(inputs) = &self.inputs {
            inputs.finish();
        }
    }

    /// Returns the job of a submit or of a recovery, once there is one.
    #[must_use]
    pub fn job(&self) -> Option<Job> {
        self.job.get()
    }
}

/// Returns the next message and those that are ready, as a JSON array.
async fn next_batch(messages: &mut Option<Messages>) -> Option<String> {
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

/// Returns a listener that sends progress events as messages.
pub(crate) fn progress_sender(
    sender: UnboundedSender<String>,
) -> impl Fn(Progress) + Send + Sync + 'static {
    move |progress| {
        // If the receiver is gone, the operation ends soon.
        let _ = ProgressData::new(progress).map(|data| sender.send(event(data)));
    }
}
