//! Many runs, driven by one task of Rust.

use std::time::{Duration, Instant};

use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::{self, Stream, StreamExt as _};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_util::task::AbortOnDropHandle;
use viseme::{Client, Input};

use crate::coalesce::OperationGuard;
use crate::dto::{ErrorData, PredictionData, RunManyEvent, RunManyItem, RunOptions};
use crate::message::{event, item};
use crate::task::{EventSender, InputResult, InputSender, JobTracker, Outgoing, RunEvents, Task};

/// How many messages are read from the channel at once.
const BATCH: usize = 64;

/// How long results are collected that come in quick succession. With a thousand jobs some come in
/// every millisecond, and waking the host costs more than the results themselves.
const COALESCE_WINDOW: Duration = Duration::from_millis(16);
/// Results that come less often are passed on at once.
const QUICK_SUCCESSION: Duration = Duration::from_millis(100);

/// Runs the inputs that the task receives, at most `limit` at the same time. They continue while the
/// host is busy with a result, until the task is dropped.
pub(crate) fn run_many(client: Client, limit: u32, options: RunOptions, progress: bool) -> Task {
    let (input_sender, inputs) = unbounded_channel();
    let (sender, messages) = unbounded_channel::<Outgoing>();
    let jobs = JobTracker::default();
    let work = drive(client, inputs, limit, options, progress, sender, jobs.clone());
    Task::from_messages(messages_of(work.boxed(), messages))
        .with_inputs(InputSender::new(input_sender))
        .with_jobs(jobs)
}

/// Returns the messages of work that continues while the host is busy with them.
pub(crate) fn messages_of(
    work: BoxFuture<'static, ()>,
    messages: UnboundedReceiver<Outgoing>,
) -> impl Stream<Item = Outgoing> + Send {
    // The work starts under the first `next`, where there is a runtime.
    let state = (messages, Vec::new().into_iter(), Work::Ready(work), None::<Instant>);
    stream::unfold(state, |(mut messages, mut ready, work, mut last)| async move {
        let work = work.start();
        loop {
            if let Some(message) = ready.next() {
                return Some((message, (messages, ready, work, last)));
            }
            let mut batch = Vec::with_capacity(BATCH);
            if messages.recv_many(&mut batch, BATCH).await == 0 {
                return None;
            }
            if last.is_some_and(|last| last.elapsed() < QUICK_SUCCESSION) {
                tokio::time::sleep(COALESCE_WINDOW).await;
            }
            last = Some(Instant::now());
            while let Ok(message) = messages.try_recv() {
                batch.push(message);
            }
            ready = batch.into_iter();
        }
    })
}

/// The task that drives the runs; it ends when this is dropped.
enum Work {
    Ready(BoxFuture<'static, ()>),
    Started(#[expect(dead_code, reason = "held for its drop")] AbortOnDropHandle<()>),
}

impl Work {
    fn start(self) -> Self {
        match self {
            Self::Ready(work) => Self::Started(AbortOnDropHandle::new(tokio::spawn(work))),
            started @ Self::Started(_) => started,
        }
    }
}

async fn drive(
    client: Client,
    inputs: UnboundedReceiver<InputResult>,
    limit: u32,
    options: RunOptions,
    progress: bool,
    sender: EventSender,
    jobs: JobTracker,
) {
    let inputs = stream::unfold(inputs, |mut inputs| async move {
        let input = inputs.recv().await?;
        Some((input, inputs))
    });
    let runs = inputs.zip(stream::iter(0..)).map(|(input, index)| {
        let (client, options) = (client.clone(), options.clone());
        let sender = progress.then(|| sender.clone());
        let events = RunEvents { sender, jobs: jobs.clone(), index };
        async move {
            let _guard = OperationGuard::new();
            let result = match input {
                Ok(input) => run(client, input, options, events).await,
                Err(error) => Err(error),
            };
            match result {
                Ok(prediction) => RunManyItem { index, value: Some(prediction), error: None },
                Err(error) => RunManyItem { index, value: None, error: Some(error) },
            }
        }
    });
    let limit = usize::try_from(limit.max(1)).unwrap_or(usize::MAX);
    let mut runs = std::pin::pin!(runs.buffer_unordered(limit));
    while let Some(result) = runs.next().await {
        let index = result.index;
        if sender.send(Outgoing::result(item(result), index)).is_err() {
            return;
        }
    }
}

async fn run(
    client: Client,
    input: Input,
    options: RunOptions,
    events: RunEvents,
) -> Result<PredictionData, Box<ErrorData>> {
    let run = options.apply_to_run(client.run(input))?;
    let index = events.index;
    let (listener, hook) = events.hooks(move |progress| event(RunManyEvent { index, progress }));
    Ok(run.on_progress(listener).before_submit(hook).await?.into())
}
