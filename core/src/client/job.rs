//! A submitted job: wait for it, follow its updates, refresh it.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, Stream, StreamExt as _, unfold};

use super::Client;
use super::ledger_key::{JobStart, KeyEntry};
use super::poller::{PollStep, Poller};
use super::progress::{OnProgress, Progress};
use crate::error::{Error, ErrorKind, Result};
use crate::protocol::{PollResponse, Prediction};

/// A handle on a job. Cheap to clone. [`Client::job`] creates one from the id.
#[derive(Clone)]
pub struct Job {
    client: Client,
    id: String,
    submitted: Option<Arc<Prediction>>,
    /// When the handle was made: just after the submit, if it comes from one.
    since: Duration,
    /// The key of the ledger that the end of the job is recorded under.
    key: Option<KeyEntry>,
}

impl Job {
    pub(super) fn started(client: Client, start: JobStart, key: Option<KeyEntry>) -> Self {
        let (id, submitted) = match start {
            JobStart::Submitted(prediction) => (prediction.id.clone(), Some(prediction)),
            JobStart::Known(id) => (id, None),
        };
        Self { since: client.now(), client, id, submitted, key }
    }

    pub(super) fn known_by_id(client: Client, id: &str) -> Self {
        let id = id.trim().to_owned();
        Self { since: client.now(), client, id, submitted: None, key: None }
    }

    /// Returns the job id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the response to the submit, if this handle comes from one.
    #[must_use]
    pub fn prediction(&self) -> Option<&Prediction> {
        self.submitted.as_deref()
    }

    /// Returns a handle on the same job whose requests have these additional headers, and no others;
    /// see [`Client::with_headers`].
    ///
    /// # Errors
    /// As [`Client::with_headers`].
    pub fn with_headers<'a>(
        &self,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self> {
        Ok(Self { client: self.client.with_headers(headers)?, ..self.clone() })
    }

    /// Waits until the job completes.
    ///
    /// The service may not know a new job yet, so an unknown id is [`ErrorKind::NotFound`] only after 30
    /// seconds to a minute. [`refresh`](Self::refresh) returns that error at once.
    pub fn wait(&self) -> Wait {
        Wait { job: self.clone(), deadline: None, on_progress: OnProgress::default() }
    }

    /// Returns a stream of the job's updates, until the job ends or the client's deadline passes.
    pub fn updates(&self) -> Updates {
        self.wait().updates()
    }

    /// Polls the job once and returns its current state. Temporary errors are retried.
    ///
    /// # Errors
    /// The errors of a request, with the job id. A failed job is not an error.
    pub async fn refresh(&self) -> Result<Prediction> {
        self.require_usable()?;
        let client = &self.client;
        let retry = client.retry();
        let url = client.api.poll_url(&self.id);
        let mut attempt = 1;
        loop {
            client.await_poll_slot(Duration::MAX).await;
            let timeout = client.shared.config.request_timeout;
            let response = client.api.poll(&self.id, &url, timeout).await;
            client.on_rate_limited(&response);
            let error = match response {
                PollResponse::State { prediction, .. } => {
                    return Ok(Arc::unwrap_or_clone(prediction));
                }
                PollResponse::Temporary { error, .. } => {
                    retry.pause(attempt, error.with_job(&self.id)).await?;
                    attempt += 1;
                    continue;
                }
                PollResponse::NotFound(error) | PollResponse::Rejected(error) => error,
            };
            return Err(error.with_job(&self.id).with_attempts(attempt));
        }
    }

    fn require_usable(&self) -> Result<()> {
        self.client.api.require_key()?;
        if self.id.is_empty() {
            let message = "The job id is empty. Pass the id that the submit returned.";
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        Ok(())
    }

    fn poller(&self, deadline: Option<Duration>) -> Result<Poller> {
        self.require_usable()?;
        let client = self.client.clone();
        let deadline = deadline.unwrap_or(client.shared.config.deadline);
        let deadline = client.now().saturating_add(deadline);
        let poller = match &self.submitted {
            Some(prediction) => {
                Poller::submitted(client, Arc::clone(prediction), self.since, deadline)
            }
            None => Poller::resumed(client, &self.id, deadline),
        };
        Ok(poller.with_key(self.key.clone()))
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A wait. It starts when it is awaited; [`Job::wait`] creates it.
///
/// Awaiting returns the completed prediction. Neither dropping it nor the deadline affects the job.
#[must_use = "a wait does nothing until it is awaited"]
pub struct Wait {
    job: Job,
    deadline: Option<Duration>,
    on_progress: OnProgress,
}

impl Wait {
    /// Sets how long to wait. Default: the client's deadline. Zero polls once.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Calls `listener` on every progress event.
    pub fn on_progress(mut self, listener: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.on_progress.set_listener(listener);
        self
    }

    /// Returns a stream of the job's updates instead of only the result.
    pub fn updates(self) -> Updates {
        Updates::new(self.job.poller(self.deadline), self.on_progress)
    }

    async fn finish(self) -> Result<Prediction> {
        let mut poller = self.job.poller(self.deadline)?;
        poller.finish(&self.on_progress).await.map(Arc::unwrap_or_clone)
    }
}

impl IntoFuture for Wait {
    type Output = Result<Prediction>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.finish().boxed()
    }
}

/// A stream of the updates of a job, including the last one; [`Job::updates`] creates it.
///
/// The stream ends after the last update. A failed job is a prediction with the status `failed`, not an
/// error. An error is the last item if the wait itself ended early.
#[must_use = "streams do nothing until they are polled"]
pub struct Updates {
    stream: BoxStream<'static, Result<Prediction>>,
}

impl Updates {
    pub(super) fn new(poller: Result<Poller>, on_progress: OnProgress) -> Self {
        let stream = unfold((Some(poller), on_progress), |(poller, on_progress)| async move {
            let mut poller = match poller? {
                Ok(poller) => poller,
                Err(error) => return Some((Err(error), (None, on_progress))),
            };
            match poller.next(&on_progress).await? {
                PollStep::Update(prediction) => {
                    let prediction = Arc::unwrap_or_clone(prediction);
                    Some((Ok(prediction), (Some(Ok(poller)), on_progress)))
                }
                PollStep::End(Err(error)) if ended_early(&error) => {
                    Some((Err(error), (None, on_progress)))
                }
                PollStep::End(_) => None,
            }
        });
        Self { stream: stream.boxed() }
    }

    /// Returns the next update, or `None` after the last.
    pub async fn next(&mut self) -> Option<Result<Prediction>> {
        self.stream.next().await
    }
}

/// Returns whether the wait ended before the job.
fn ended_early(error: &Error) -> bool {
    !error.prediction().is_some_and(|prediction| prediction.status.is_terminal())
}

impl Stream for Updates {
    type Item = Result<Prediction>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.stream.poll_next_unpin(context)
    }
}
