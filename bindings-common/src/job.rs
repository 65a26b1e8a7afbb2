//! A handle on a job, as a host holds it.

use futures_util::stream::StreamExt as _;
use viseme::{Job, Wait};

use crate::dto::{ErrorData, JobRequest, PredictionData, duration, pairs};
use crate::message::{self, error, event, item, outcome};
use crate::task::{JobTracker, RunEvents, Task};

/// A handle on a job.
#[derive(Clone)]
pub struct JobHandle {
    job: Job,
}

impl From<Job> for JobHandle {
    fn from(job: Job) -> Self {
        Self { job }
    }
}

impl JobHandle {
    /// Returns the job's id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.job.id()
    }

    /// Starts the operation of a [`JobRequest`] in JSON.
    #[must_use]
    pub fn start(&self, request: &str) -> Task {
        message::parse(request)
            .and_then(|request| start(&self.job, request))
            .map(|task| {
                let jobs = JobTracker::default();
                jobs.accepted(0, self.id().to_owned());
                task.with_jobs(jobs)
            })
            .unwrap_or_else(|cause| Task::ready(error(cause)))
    }
}

fn start(job: &Job, request: JobRequest) -> Result<Task, ErrorData> {
    Ok(match request {
        JobRequest::Wait { timeout_ms, headers, progress } => {
            let wait = wait(&job.with_headers(pairs(&headers))?, timeout_ms)?;
            Task::with_progress(progress, move |sender| async move {
                let wait = match sender {
                    Some(sender) => {
                        let jobs = JobTracker::default();
                        let events = RunEvents { sender: Some(sender), jobs, index: 0 };
                        wait.on_progress(events.hooks(event).0)
                    }
                    None => wait,
                };
                outcome::<PredictionData>(wait.await)
            })
        }
        JobRequest::Updates { timeout_ms, headers } => {
            let job = job.with_headers(pairs(&headers))?;
            let updates = wait(&job, timeout_ms)?.updates();
            Task::from_messages(updates.map(|update| match update {
                Ok(prediction) => item(PredictionData::from(prediction)),
                Err(cause) => error(cause.into()),
            }))
        }
        JobRequest::Refresh { headers } => {
            let job = job.with_headers(pairs(&headers))?;
            Task::from_future(async move { outcome::<PredictionData>(job.refresh().await) })
        }
    })
}

fn wait(job: &Job, timeout_ms: Option<f64>) -> Result<Wait, ErrorData> {
    Ok(match timeout_ms {
        Some(timeout) => job.wait().deadline(duration("timeoutMs", timeout)?),
        None => job.wait(),
    })
}
