//! A handle on what was submitted.

use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::progress::{OnProgress, Progress};
use super::watcher::Watcher;
use super::{Client, Updates};
use crate::error::{Error, ErrorKind, Result};
use crate::protocol::{PollResponse, Prediction};

/// How often a single look at a job is tried.
const REFRESH_ATTEMPTS: u32 = 3;

/// A handle on a job; cheap to clone. The id is all that is needed to make one again.
#[derive(Clone)]
pub struct Job {
    client: Client,
    id: String,
    submitted: Option<Arc<Prediction>>,
}

impl Job {
    pub(super) fn submitted(client: Client, prediction: Arc<Prediction>) -> Self {
        Self { client, id: prediction.id.clone(), submitted: Some(prediction) }
    }

    pub(super) fn known_by_id(client: Client, id: &str) -> Self {
        Self { client, id: id.trim().to_owned(), submitted: None }
    }

    /// The job's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What the service answered to the submit, where it was made through this handle.
    #[must_use]
    pub fn prediction(&self) -> Option<&Prediction> {
        self.submitted.as_deref()
    }

    /// Waits until the job completes.
    pub fn wait(&self) -> Wait {
        Wait { job: self.clone(), deadline: None, on_progress: OnProgress::default() }
    }

    /// The job's states as they change, until it ends or the client's deadline passes.
    pub fn updates(&self) -> Updates {
        self.wait().updates()
    }

    /// Asks once for the job's state, whatever that is; troubles of the network or the service are
    /// tried again twice.
    ///
    /// # Errors
    /// Those of a request, with the job's id. A job that failed is no error here.
    pub async fn refresh(&self) -> Result<Prediction> {
        self.require_usable()?;
        let client = &self.client;
        let mut attempt = 1;
        loop {
            client.await_poll_slot(Duration::MAX).await;
            let timeout = client.shared.config.request_timeout;
            let answer = client.shared.api.poll(&self.id, timeout).await;
            client.heed(&answer);
            let error = match answer {
                PollResponse::Seen { prediction, .. } => {
                    return Ok(Arc::unwrap_or_clone(prediction));
                }
                PollResponse::Trouble { error, retry_after } if attempt < REFRESH_ATTEMPTS => {
                    let config = &client.shared.config;
                    let asked = retry_after.unwrap_or_default().min(config.max_retry_after);
                    let pause = config.backoff.delay(attempt, client.random());
                    tracing::debug!(%error, attempt, "poll failed; trying again");
                    client.sleep(pause.max(asked)).await;
                    attempt += 1;
                    continue;
                }
                PollResponse::Trouble { error, .. }
                | PollResponse::Unknown(error)
                | PollResponse::Refused(error) => error,
            };
            return Err(error.with_job(&self.id).with_attempts(attempt));
        }
    }

    fn require_usable(&self) -> Result<()> {
        self.client.shared.api.require_key()?;
        if self.id.is_empty() {
            let message = "The job's id is empty. Pass the id that the submit gave.";
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        Ok(())
    }

    fn watcher(&self, deadline: Option<Duration>) -> Result<Watcher> {
        self.require_usable()?;
        let client = self.client.clone();
        let deadline = deadline.unwrap_or(client.shared.config.deadline);
        let deadline = client.now().saturating_add(deadline);
        Ok(match &self.submitted {
            Some(prediction) => Watcher::submitted(client, Arc::clone(prediction), deadline),
            None => Watcher::resumed(client, &self.id, deadline),
        })
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A wait, begun when awaited; made by [`Job::wait`].
///
/// Awaiting gives the completed prediction. Dropping it, or running into the deadline, leaves the
/// job as it is.
#[must_use = "a wait does nothing until it is awaited"]
pub struct Wait {
    job: Job,
    deadline: Option<Duration>,
    on_progress: OnProgress,
}

impl Wait {
    /// How long to wait; the default is the client's. With zero, one look is taken.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Is told what goes on.
    pub fn on_progress(mut self, listener: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.on_progress = OnProgress::new(listener);
        self
    }

    /// The job's states as they change, in place of the result alone.
    pub fn updates(self) -> Updates {
        Updates::new(self.job.watcher(self.deadline), self.on_progress)
    }

    async fn finish(self) -> Result<Prediction> {
        let mut watcher = self.job.watcher(self.deadline)?;
        watcher.finish(&self.on_progress).await.map(Arc::unwrap_or_clone)
    }
}

impl IntoFuture for Wait {
    type Output = Result<Prediction>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.finish().boxed()
    }
}

/// The error of a wait that was asked to go on after its end.
pub(super) fn ended(job_id: &str) -> Error {
    Error::new(ErrorKind::UnexpectedResponse, "The wait is over already.").with_job(job_id)
}
