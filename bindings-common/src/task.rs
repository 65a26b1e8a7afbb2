//! An operation in progress: the host requests its messages until there are no more.
//!
//! A submit waits until the host has handled the event `submitting`: the POST is sent only after the
//! host requests the messages that follow the event. To prevent the POST, the host cancels the task.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::{self, BoxStream, Stream, StreamExt as _};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use viseme::{Input, Job, Progress, SubmitRecord};

use crate::coalesce::OperationGuard;
use crate::dto::{Contents, ErrorData, InputData, OpenJobs, ProgressData, SubmitRecordData};
use crate::message;

/// How many messages cross to the host at once, at most.
const BATCH: usize = 256;

/// A message to the host, a JSON object.
pub(crate) struct Outgoing {
    text: String,
    /// Is sent when the host has handled the message.
    handled: Option<oneshot::Sender<()>>,
    /// The position of the input whose result this is.
    ends: Option<u64>,
}

impl Outgoing {
    /// Makes the message with the result of one of many runs.
    pub(crate) fn result(text: String, index: u64) -> Self {
        Self { text, handled: None, ends: Some(index) }
    }
}

impl From<String> for Outgoing {
    fn from(text: String) -> Self {
        Self { text, handled: None, ends: None }
    }
}

/// What a hook before a submit returns: it waits for the host.
type HookFuture = BoxFuture<'static, Result<(), Infallible>>;

/// An input of many runs, or why there is none.
pub(crate) type InputResult = Result<Input, Box<ErrorData>>;

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

/// The jobs of a task whose results the host has not received, by the position of their input.
#[derive(Clone, Default)]
pub(crate) struct JobTracker(Arc<Mutex<BTreeMap<u64, OpenJob>>>);

enum OpenJob {
    /// The submit was sent; its response is not here yet.
    Sent(Box<SubmitRecord>),
    /// The service accepted the job.
    Accepted(String),
}

impl JobTracker {
    pub(crate) fn accepted(&self, index: u64, job_id: String) {
        self.lock().insert(index, OpenJob::Accepted(job_id));
    }

    fn sent(&self, index: u64, record: SubmitRecord) {
        self.lock().insert(index, OpenJob::Sent(Box::new(record)));
    }

    fn listen(&self, index: u64, progress: &Progress) {
        match progress {
            Progress::Submitted { job_id } => self.accepted(index, job_id.clone()),
            // The service did not accept the submit.
            Progress::Retrying { .. } => {
                let mut jobs = self.lock();
                if matches!(jobs.get(&index), Some(OpenJob::Sent(_))) {
                    jobs.remove(&index);
                }
            }
            _ => {}
        }
    }

    fn ended(&self, index: u64) {
        self.lock().remove(&index);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, OpenJob>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An operation in progress. It advances only while a future of [`next`](Self::next) is polled,
/// except for many runs and batches, which advance by themselves from the first `next` until the task is
/// cancelled or dropped. Clones are the same task.
#[derive(Clone)]
pub struct Task {
    messages: Arc<tokio::sync::Mutex<Messages>>,
    cancelled: CancellationToken,
    stopped: Option<CancellationToken>,
    inputs: Option<Arc<InputSender>>,
    job: JobSlot,
    jobs: JobTracker,
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
            stopped: None,
            inputs: None,
            job: JobSlot::default(),
            jobs: JobTracker::default(),
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

    #[cfg(feature = "batch")]
    pub(crate) fn with_stop(mut self, stopped: CancellationToken) -> Self {
        self.stopped = Some(stopped);
        self
    }

    pub(crate) fn with_job(mut self, job: JobSlot) -> Self {
        self.job = job;
        self
    }

    pub(crate) fn with_jobs(mut self, jobs: JobTracker) -> Self {
        self.jobs = jobs;
        self
    }

    /// Returns the next messages as a JSON array, as soon as there is one; nothing after the last
    /// message and after cancellation. Needs a tokio runtime with time and I/O.
    pub async fn next(&self) -> Option<String> {
        let _guard = OperationGuard::new();
        let mut messages = self.messages.lock().await;
        let batch = tokio::select! {
            biased;
            () = self.cancelled.cancelled() => None,
            batch = messages.next_batch(&self.jobs) => batch,
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

    /// Stops a batch: it submits nothing more, and its messages end as soon as the submits in flight
    /// have responses. Returns whether the task is one that can be stopped.
    #[must_use]
    pub fn stop(&self) -> bool {
        if let Some(stopped) = &self.stopped {
            stopped.cancel();
        }
        self.stopped.is_some()
    }

    /// Sends inputs, as a JSON array, to many runs. Returns whether the runs still accept inputs.
    #[must_use]
    pub fn push(&self, inputs: &str, contents: Vec<Vec<u8>>) -> bool {
        self.inputs.as_ref().is_some_and(|sender| sender.push(inputs, contents))
    }

    /// Sends an input that the host could not encode to many runs: the message is the error of its
    /// run. Returns whether the runs still accept inputs.
    #[must_use]
    pub fn push_error(&self, message: &str) -> bool {
        let error = || ErrorData::new("invalid_input", message);
        self.inputs.as_ref().is_some_and(|sender| sender.push_error(error()))
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

    /// Returns the id of the job that the task runs or waits for, once it is known; of many runs, the
    /// first that is open.
    #[must_use]
    pub fn job_id(&self) -> Option<String> {
        let accepted = self.jobs.lock().values().find_map(|job| match job {
            OpenJob::Accepted(id) => Some(id.clone()),
            OpenJob::Sent(_) => None,
        });
        accepted.or_else(|| Some(self.job()?.id().to_owned()))
    }

    /// Returns the jobs whose results the host has not received. Read them when the host ends the task
    /// early: they continue at the service, and cost money.
    #[must_use]
    pub fn open_jobs(&self) -> OpenJobs {
        let mut open = OpenJobs::default();
        for job in self.jobs.lock().values() {
            match job {
                OpenJob::Accepted(id) => open.job_ids.push(id.clone()),
                OpenJob::Sent(record) => open.records.push(SubmitRecordData::from(&**record)),
            }
        }
        if open.job_ids.is_empty() {
            open.job_ids.extend(self.job().map(|job| job.id().to_owned()));
        }
        open
    }

    /// Returns [`open_jobs`](Self::open_jobs) in JSON.
    #[must_use]
    pub fn open_jobs_json(&self) -> String {
        // It is plain data, which always has a JSON form.
        serde_json::to_string(&self.open_jobs()).unwrap_or_default()
    }
}

/// The messages that the host has not received yet.
struct Messages {
    stream: Option<BoxStream<'static, Outgoing>>,
    /// What waits until the host has handled the messages that it received.
    unhandled: Vec<oneshot::Sender<()>>,
}

impl Messages {
    /// Returns the next message and those that are ready, as a JSON array. Whoever requests it has
    /// handled the messages before.
    async fn next_batch(&mut self, jobs: &JobTracker) -> Option<String> {
        for handled in self.unhandled.drain(..) {
            // If the receiver is gone, the operation has ended.
            let _ = handled.send(());
        }
        let stream = self.stream.as_mut()?;
        let first = stream.next().await?;
        self.unhandled.extend(first.handled);
        first.ends.into_iter().for_each(|index| jobs.ended(index));
        let mut batch = format!("[{}", first.text);
        for _ in 1..BATCH {
            let Some(Some(message)) = stream.next().now_or_never() else { break };
            self.unhandled.extend(message.handled);
            message.ends.into_iter().for_each(|index| jobs.ended(index));
            batch.push(',');
            batch.push_str(&message.text);
        }
        batch.push(']');
        Some(batch)
    }
}

/// A run whose events are sent to the host.
pub(crate) struct RunEvents {
    /// Absent if the host wants no events.
    pub(crate) sender: Option<EventSender>,
    pub(crate) jobs: JobTracker,
    /// The position of the input.
    pub(crate) index: u64,
}

impl RunEvents {
    /// Returns a listener that tracks the job and sends events, and a hook that holds a submit back
    /// until the host has handled its event.
    pub(crate) fn hooks(
        self,
        encode: impl Fn(ProgressData) -> String + Send + Sync + 'static,
    ) -> (
        impl Fn(Progress) + Send + Sync + 'static,
        impl Fn(SubmitRecord) -> HookFuture + Send + Sync + 'static,
    ) {
        let Self { sender, jobs, index } = self;
        let waiting: Arc<Mutex<Option<oneshot::Receiver<()>>>> = Arc::default();
        let (started, tracker) = (Arc::clone(&waiting), jobs.clone());
        let listener = move |progress: Progress| {
            tracker.listen(index, &progress);
            let Some(sender) = &sender else { return };
            let handled = matches!(progress, Progress::Submitting { .. }).then(|| {
                let (handled, receiver) = oneshot::channel();
                *started.lock().unwrap_or_else(PoisonError::into_inner) = Some(receiver);
                handled
            });
            if let Some(data) = ProgressData::new(progress) {
                // If the receiver is gone, the operation ends soon.
                let _ = sender.send(Outgoing { text: encode(data), handled, ends: None });
            }
        };
        let hook = move |record: SubmitRecord| {
            let receiver = waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
            let jobs = jobs.clone();
            async move {
                if let Some(receiver) = receiver
                    && receiver.await.is_err()
                {
                    // The host is gone: the operation is dropped soon, and must not submit before.
                    std::future::pending::<()>().await;
                }
                jobs.sent(index, record);
                Ok(())
            }
            .boxed()
        };
        (listener, hook)
    }
}

/// Sends inputs to many runs.
pub(crate) struct InputSender(Mutex<Option<UnboundedSender<InputResult>>>);

impl InputSender {
    pub(crate) fn new(inputs: UnboundedSender<InputResult>) -> Self {
        Self(Mutex::new(Some(inputs)))
    }

    /// Sends the inputs of a JSON array; returns whether the runs still accept inputs.
    fn push(&self, inputs: &str, contents: Vec<Vec<u8>>) -> bool {
        let mut contents = Contents(contents);
        let inputs = match message::parse::<Vec<InputData>>(inputs) {
            Ok(inputs) => inputs.into_iter().map(|input| input.build(&mut contents)).collect(),
            Err(error) => vec![Err(error)],
        };
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(sender) = sender.as_ref() else { return false };
        inputs.into_iter().all(|input| sender.send(input).is_ok())
    }

    /// Sends the error of an input that the host could not encode, which is the result of its run.
    fn push_error(&self, error: Box<ErrorData>) -> bool {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sender.as_ref().is_some_and(|sender| sender.send(Err(error)).is_ok())
    }

    /// Ends the inputs.
    fn finish(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
