//! An operation in progress: the host asks for its messages until there are no more.
//!
//! A submit waits until the host has handled the event `submitting`: the POST is sent only after the
//! host asks for the messages that follow the event. To prevent the POST, the host cancels the task.

use std::convert::Infallible;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::{self, BoxStream, Stream, StreamExt as _};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use viseme::{Job, Progress};

use crate::dto::ProgressData;
use crate::input::InputSender;

/// How many messages cross to the host at once, at most.
const BATCH: usize = 256;

/// A message to the host, a JSON object.
pub(crate) struct Outgoing {
    text: String,
    /// Is sent when the host has handled the message.
    handled: Option<oneshot::Sender<()>>,
}

impl From<String> for Outgoing {
    fn from(text: String) -> Self {
        Self { text, handled: None }
    }
}

/// Sends events to the host.
pub(crate) type EventSender = UnboundedSender<Outgoing>;

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
    messages: Arc<tokio::sync::Mutex<Messages>>,
    cancelled: CancellationToken,
    inputs: Option<Arc<InputSender>>,
    job: JobSlot,
}

impl Task {
    /// Makes a task of these messages.
    pub(crate) fn from_messages<M: Into<Outgoing> + 'static>(
        messages: impl Stream<Item = M> + Send + 'static,
    ) -> Self {
        let stream = messages.map(Into::into).fuse().boxed();
        let messages = Messages { stream: Some(stream), unhandled: Vec::new() };
        Self {
            messages: Arc::new(tokio::sync::Mutex::new(messages)),
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
        work: impl FnOnce(Option<EventSender>) -> F,
    ) -> Self
    where
        F: Future<Output = String> + Send + 'static,
    {
        if !progress {
            return Self::from_future(work(None));
        }
        let (sender, events) = unbounded_channel::<Outgoing>();
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
                            all.push(message.text);
                        }
                        all.push(last);
                        all.join(",").into()
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
            batch = messages.next_batch() => batch,
        };
        if batch.is_none() {
            // The operation ends now, not when a garbage collector runs.
            messages.stream = None;
        }
        batch
    }

    /// Cancels the task: the operation is dropped at once.
    pub fn cancel(&self) {
        self.cancelled.cancel();
        // While `next` holds the lock, `next` itself sees the cancellation.
        if let Ok(mut messages) = self.messages.try_lock() {
            messages.stream = None;
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

/// The messages that the host has not received yet.
struct Messages {
    stream: Option<BoxStream<'static, Outgoing>>,
    /// What waits until the host has handled the messages that it received.
    unhandled: Vec<oneshot::Sender<()>>,
}

impl Messages {
    /// Returns the next message and those that are ready, as a JSON array. Whoever asks for it has
    /// handled the messages before.
    async fn next_batch(&mut self) -> Option<String> {
        for handled in self.unhandled.drain(..) {
            // If the receiver is gone, the operation has ended.
            let _ = handled.send(());
        }
        let stream = self.stream.as_mut()?;
        let first = stream.next().await?;
        self.unhandled.extend(first.handled);
        let mut batch = format!("[{}", first.text);
        for _ in 1..BATCH {
            let Some(Some(message)) = stream.next().now_or_never() else { break };
            self.unhandled.extend(message.handled);
            batch.push(',');
            batch.push_str(&message.text);
        }
        batch.push(']');
        Some(batch)
    }
}

/// Returns a listener that sends progress events, and a hook that holds a submit back until the host
/// has handled its event.
pub(crate) fn progress_hooks(
    sender: EventSender,
    encode: impl Fn(ProgressData) -> String + Send + Sync + 'static,
) -> (
    impl Fn(Progress) + Send + Sync + 'static,
    impl Fn() -> BoxFuture<'static, Result<(), Infallible>> + Send + Sync + 'static,
) {
    let waiting: Arc<Mutex<Option<oneshot::Receiver<()>>>> = Arc::default();
    let started = Arc::clone(&waiting);
    let listener = move |progress: Progress| {
        let handled = matches!(progress, Progress::Submitting { .. }).then(|| {
            let (handled, receiver) = oneshot::channel();
            *started.lock().unwrap_or_else(PoisonError::into_inner) = Some(receiver);
            handled
        });
        if let Some(data) = ProgressData::new(progress) {
            // If the receiver is gone, the operation ends soon.
            let _ = sender.send(Outgoing { text: encode(data), handled });
        }
    };
    let hook = move || {
        let receiver = waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
        async move {
            if let Some(receiver) = receiver
                && receiver.await.is_err()
            {
                // The host is gone: the operation is dropped soon, and must not submit before.
                std::future::pending::<()>().await;
            }
            Ok(())
        }
        .boxed()
    };
    (listener, hook)
}
