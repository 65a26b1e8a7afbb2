//! Many runs at once.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::stream::{self, BoxStream, Stream, StreamExt};

use super::options::{Options, option_methods};
use super::{Client, Progress};
use crate::error::Result;
use crate::model::Input;
use crate::protocol::Prediction;

/// What came of one of many runs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RunResult {
    /// The position of its input, counted from 0.
    pub index: usize,
    /// The completed prediction, or why there is none.
    pub result: Result<Prediction>,
}

/// Many runs, of which a bounded number is under way at once; made by [`Client::run_many`].
///
/// A stream of results as they come. One run's failure does not stop the others; dropping the
/// stream stops them all, while jobs that were submitted go on at the service.
#[must_use = "runs do nothing until the stream is polled"]
pub struct RunMany {
    state: State,
}

enum State {
    Ready(Box<Plan>),
    Running(BoxStream<'static, RunResult>),
    /// Only while the plan is turned into a stream.
    Starting,
}

struct Plan {
    client: Client,
    inputs: Box<dyn Iterator<Item = Input> + Send>,
    limit: usize,
    options: Options,
    deadline: Option<Duration>,
    webhook: Option<String>,
    on_progress: Option<OnProgress>,
}

type OnProgress = Arc<dyn Fn(usize, Progress) + Send + Sync>;

impl RunMany {
    pub(super) fn new(
        client: Client,
        inputs: Box<dyn Iterator<Item = Input> + Send>,
        limit: usize,
    ) -> Self {
        let plan = Plan {
            client,
            inputs,
            limit: limit.max(1),
            options: Options::default(),
            deadline: None,
            webhook: None,
            on_progress: None,
        };
        Self { state: State::Ready(Box::new(plan)) }
    }

    option_methods!(Self::with);

    fn with(self, change: impl FnOnce(&mut Options)) -> Self {
        self.plan(|plan| change(&mut plan.options))
    }

    /// How long to wait for each result, counted from its submit; the default is the client's.
    pub fn deadline(self, deadline: Duration) -> Self {
        self.plan(|plan| plan.deadline = Some(deadline))
    }

    /// Has the service call back at this URL as each job ends; see
    /// [`Run::webhook`](super::Run::webhook).
    pub fn webhook(self, url: impl Into<String>) -> Self {
        self.plan(|plan| plan.webhook = Some(url.into()))
    }

    /// Is told what goes on, with the position of the input it is about.
    pub fn on_progress(self, listener: impl Fn(usize, Progress) + Send + Sync + 'static) -> Self {
        self.plan(|plan| plan.on_progress = Some(Arc::new(listener)))
    }

    /// The next result; `None` after the last.
    pub async fn next(&mut self) -> Option<RunResult> {
        StreamExt::next(self).await
    }

    fn plan(mut self, change: impl FnOnce(&mut Plan)) -> Self {
        if let State::Ready(plan) = &mut self.state {
            change(plan);
        }
        self
    }
}

impl Plan {
    fn start(self) -> BoxStream<'static, RunResult> {
        let Self { client, inputs, limit, options, deadline, webhook, on_progress } = self;
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
                State::Ready(plan) => State::Running(plan.start()),
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
