//! A handle on a job, as the host holds it.

use std::sync::PoisonError;

use futures_util::stream::StreamExt as _;
use viseme::{Job, Result};

use crate::client::{one, tell_all, told};
use crate::message::{error, item, outcome, refusal};
use crate::request::JobRequest;
use crate::show::prediction::PredictionView;
use crate::task::{JobSlot, Task};
use crate::time::Millis;

/// A handle on a job.
#[derive(Clone)]
pub struct JobHandle {
    job: Job,
}

impl JobHandle {
    pub(crate) fn new(job: Job) -> Self {
        Self { job }
    }

    /// The job's id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.job.id()
    }

    /// Begins what the request says.
    #[must_use]
    pub fn start(&self, request: &str) -> Task {
        let job = self.job.clone();
        match serde_json::from_str(request) {
            Ok(request) => begin(job, &request),
            Err(error) => Task::said(refusal("invalid_input", error.to_string())),
        }
    }
}

fn begin(job: Job, request: &JobRequest) -> Task {
    match *request {
        JobRequest::Wait { timeout_ms, tell } => told(tell, move |listener| {
            let wait = deadline(&job, timeout_ms);
            async move {
                let wait = match listener {
                    Some(say) => wait.on_progress(tell_all(say)),
                    None => wait,
                };
                outcome(wait.await.map(PredictionView::of))
            }
        }),
        JobRequest::Updates { timeout_ms } => {
            let updates = deadline(&job, timeout_ms).updates();
            let messages = updates.map(|update| match update {
                Ok(prediction) => item(PredictionView::of(prediction)),
                Err(why) => error(&why),
            });
            Task::of_messages(messages.boxed())
        }
        JobRequest::Refresh => {
            one(async move { outcome(job.refresh().await.map(PredictionView::of)) })
        }
    }
}

fn deadline(job: &Job, timeout: Option<Millis>) -> viseme::Wait {
    match timeout {
        Some(Millis(deadline)) => job.wait().deadline(deadline),
        None => job.wait(),
    }
}

/// The message on what came of a submit; the job itself goes to the slot.
pub(crate) fn submitted(outcome_of: Result<Job>, slot: &JobSlot) -> String {
    outcome(outcome_of.map(|job| {
        let view = job.prediction().cloned().map(PredictionView::of);
        *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(job);
        view
    }))
}
