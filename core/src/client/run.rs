//! Runs: check, upload, submit and wait; one or many.

use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use serde_json::Value;

use super::Client;
use super::idempotency::{known_job, submit};
use super::ledger_key::{KeyOptions, KeyedSubmit, key_methods};
use super::poller::Poller;
use super::prepare::{Options, option_methods, prepare};
use super::progress::{self, BeforeSubmit, OnProgress, Progress, progress_methods};
use super::submission::SubmitContext;
use crate::error::Result;
use crate::model::Input;
use crate::protocol::{Prediction, SubmitRecord};

/// A run. It starts when it is awaited; [`Client::run`] creates it.
///
/// Awaiting returns the completed prediction. Every error after the submit carries the job id; the job
/// continues, and [`Client::job`] can wait for it again.
#[must_use = "a run does nothing until it is awaited"]
pub struct Run {
    client: Client,
    input: Input,
    options: Options,
    deadline: Option<Duration>,
    webhook: Option<String>,
    key: Option<KeyOptions>,
    on_progress: OnProgress,
}

impl Run {
    pub(super) fn new(client: Client, input: Input) -> Self {
        Self {
            client,
            input,
            options: Options::default(),
            deadline: None,
            webhook: None,
            key: None,
            on_progress: OnProgress::default(),
        }
    }

    option_methods!(Self::with);

    /// Sets all options.
    pub(super) fn options(self, all: Options) -> Self {
        self.with(|options| *options = all)
    }

    fn with(mut self, change: impl FnOnce(&mut Options)) -> Self {
        change(&mut self.options);
        self
    }

    /// Sets how long to wait for the result, counted from the submit. Default: the client's deadline.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Asks the service to call this URL when the job completes or fails: `https`, or `http` to this
    /// machine. The wait ends as soon as [`Client::receive_webhook`] accepts the delivery.
    pub fn webhook(mut self, url: impl Into<String>) -> Self {
        self.webhook = Some(url.into());
        self
    }

    key_methods!();
    progress_methods!();

    async fn go(self) -> Result<Prediction> {
        let Self { client, input, options, deadline, webhook, key, on_progress } = self;
        let base64 = options.wants_base64(&input);
        let webhook = webhook.map(|url| client.webhook_url(&url, base64)).transpose()?;
        let keyed = match key {
            Some(key) => Some(KeyedSubmit::new(&client, &input, key).boxed().await?),
            None => None,
        };
        let known = match &keyed {
            Some(keyed) => known_job(&client, keyed, &on_progress).boxed().await?,
            None => None,
        };
        // Boxed, so that the memory of the first steps is released before the long wait.
        let body = match known {
            Some(_) => Value::Null,
            None => prepare(&client, &input, options, &on_progress).boxed().await?,
        };
        let _slot = client.acquire_slot().await?;
        let from_now = deadline.unwrap_or(client.shared.config.deadline);
        let (start, deadline) = match known {
            Some(start) => (start, client.now().saturating_add(from_now)),
            None => {
                let turn = client.acquire_submit_permit().await?;
                let deadline = client.now().saturating_add(from_now);
                let context = SubmitContext {
                    client: &client,
                    webhook: webhook.as_ref(),
                    on_progress: &on_progress,
                    keyed: keyed.as_ref(),
                };
                let submit = submit(&context, turn, input.model(), body, deadline);
                (submit.boxed().await?, deadline)
            }
        };
        drop(input);
        let key = keyed.map(KeyedSubmit::into_entry);
        let mut poller = Poller::started(client.clone(), start, deadline).with_key(key);
        poller.finish(&on_progress).await.map(Arc::unwrap_or_clone)
    }
}

impl IntoFuture for Run {
    type Output = Result<Prediction>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.go().boxed()
    }
}

/// The result of one of many runs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RunResult {
    /// The position of the input, from 0.
    pub index: usize,
    /// The completed prediction, or the error.
    pub result: Result<Prediction>,
}

/// A stream of the results of many runs with bounded concurrency; [`Client::run_many`] creates it.
///
/// Results arrive as they finish. A failed run does not stop the others. Dropping the stream stops all
/// runs; submitted jobs continue on the service.
#[must_use = "runs do nothing until the stream is polled"]
pub struct RunMany {
    state: State,
}

enum State {
    Ready(Box<Settings>),
    Running(BoxStream<'static, RunResult>),
    /// Only while `start` runs.
    Starting,
}

struct Settings {
    client: Client,
    inputs: Box<dyn Iterator<Item = Input> + Send>,
    limit: usize,
    options: Options,
    deadline: Option<Duration>,
    webhook: Option<String>,
    on_progress: Option<IndexedListener>,
    before_submit: Option<IndexedHook>,
}

type IndexedHook = Arc<dyn Fn(usize) -> BeforeSubmit + Send + Sync>;
type IndexedListener = Arc<dyn Fn(usize, Progress) + Send + Sync>;

impl RunMany {
    pub(super) fn new(
        client: Client,
        inputs: Box<dyn Iterator<Item = Input> + Send>,
        limit: usize,
    ) -> Self {
        let settings = Settings {
            client,
            inputs,
            limit: limit.max(1),
            options: Options::default(),
            deadline: None,
            webhook: None,
            on_progress: None,
            before_submit: None,
        };
        Self { state: State::Ready(Box::new(settings)) }
    }

    option_methods!(Self::with);

    fn with(self, change: impl FnOnce(&mut Options)) -> Self {
        self.configure(|settings| change(&mut settings.options))
    }

    /// Sets how long to wait for each result, counted from its submit. Default: the client's deadline.
    pub fn deadline(self, deadline: Duration) -> Self {
        self.configure(|settings| settings.deadline = Some(deadline))
    }

    /// Asks the service to call this URL when each job ends; see [`Run::webhook`].
    pub fn webhook(self, url: impl Into<String>) -> Self {
        self.configure(|settings| settings.webhook = Some(url.into()))
    }

    /// Calls `listener` on every progress event, with the position of the input.
    pub fn on_progress(self, listener: impl Fn(usize, Progress) + Send + Sync + 'static) -> Self {
        self.configure(|settings| settings.on_progress = Some(Arc::new(listener)))
    }

    /// Calls `hook` with the position of the input and the record of its submit, and waits for it, just
    /// before each POST that costs money; see [`Run::before_submit`].
    pub fn before_submit<F, E>(
        self,
        hook: impl Fn(usize, SubmitRecord) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = std::result::Result<(), E>> + Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let function = Arc::new(hook);
        let indexed: IndexedHook = Arc::new(move |index| {
            let function = Arc::clone(&function);
            progress::hook(move |record| function(index, record))
        });
        self.configure(|settings| settings.before_submit = Some(indexed))
    }

    /// Returns the next result, or `None` after the last.
    pub async fn next(&mut self) -> Option<RunResult> {
        StreamExt::next(self).await
    }

    fn configure(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        if let State::Ready(settings) = &mut self.state {
            change(settings);
        }
        self
    }
}

impl Settings {
    fn start(self) -> BoxStream<'static, RunResult> {
        let Self { client, inputs, limit, options, deadline, webhook, on_progress, before_submit } =
            self;
        let runs = inputs.enumerate().map(move |(index, input)| {
            let mut run = client.run(input).options(options);
            if let Some(deadline) = deadline {
                run = run.deadline(deadline);
            }
            if let Some(url) = &webhook {
                run = run.webhook(url);
            }
            if let Some(listener) = on_progress.clone() {
                run = run.on_progress(move |progress| listener(index, progress));
            }
            if let Some(hook) = &before_submit {
                run.on_progress.set_before_submit(hook(index));
            }
            async move { RunResult { index, result: run.await } }
        });
        stream::iter(runs).buffer_unordered(limit).boxed()
    }
}

impl Stream for RunMany {
    type Item = RunResult;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            self.state = match std::mem::replace(&mut self.state, State::Starting) {
                State::Ready(settings) => State::Running(settings.start()),
                State::Running(mut runs) => {
                    let polled = runs.poll_next_unpin(context);
                    self.state = State::Running(runs);
                    return polled;
                }
                State::Starting => return Poll::Ready(None),
            };
        }
    }
}
