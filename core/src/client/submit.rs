//! The submit: drives the at-most-once machine.

use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::prepare::prepare;
use super::progress::{OnProgress, Progress};
use super::{Client, Job};
use crate::error::Result;
use crate::job::{Prediction, Submission, SubmitAction, SubmitEvent, SubmitPolicy};
use crate::model::Input;

/// A submit, sent when awaited; made by [`Client::submit`].
///
/// Dropping it while the POST is under way may leave a job behind whose id nobody knows; let it
/// finish if you can.
#[must_use = "a submit does nothing until it is awaited"]
pub struct Submit {
    client: Client,
    input: Input,
    check_media: bool,
    on_progress: OnProgress,
}

impl Submit {
    pub(super) fn new(client: Client, input: Input) -> Self {
        Self { client, input, check_media: true, on_progress: OnProgress::default() }
    }

    /// Whether media are judged by the model's rules before anything is sent. Default `true`.
    pub fn check_media(mut self, check: bool) -> Self {
        self.check_media = check;
        self
    }

    /// Is told what goes on.
    pub fn on_progress(mut self, listener: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.on_progress = OnProgress::new(listener);
        self
    }

    async fn send(self) -> Result<Job> {
        let Self { client, input, check_media, on_progress } = self;
        let body = prepare(&client, &input, check_media, &on_progress).await?;
        let deadline = client.now().saturating_add(client.shared.config.deadline);
        let prediction = submit(&client, input.model(), &body, deadline, &on_progress).await?;
        Ok(Job::submitted(client, prediction))
    }
}

impl IntoFuture for Submit {
    type Output = Result<Job>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.send().boxed()
    }
}

/// Sends the body; it goes out again only where it provably was not taken.
pub(super) async fn submit(
    client: &Client,
    model: &str,
    body: &Value,
    deadline: Duration,
    on_progress: &OnProgress,
) -> Result<Arc<Prediction>> {
    let config = &client.shared.config;
    let mut submission = Submission::new(SubmitPolicy {
        max_attempts: config.max_submit_attempts,
        backoff: config.backoff,
        max_retry_after: config.max_retry_after,
        deadline,
    });
    let mut event = SubmitEvent::Start;
    loop {
        event = match submission.step(client.now(), event, client.random()) {
            SubmitAction::Submit => {
                let attempt = submission.attempts();
                on_progress.tell(|| Progress::Submitting { attempt });
                SubmitEvent::Answered(client.shared.api.submit(model, body).await)
            }
            SubmitAction::Sleep(pause, error) => {
                tracing::debug!(model, %error, ?pause, "submit was not taken; trying again");
                on_progress.tell(|| Progress::Retrying { error, after: pause });
                client.sleep(pause).await;
                SubmitEvent::Woke
            }
            SubmitAction::Finish(outcome) => {
                if let Ok(prediction) = &outcome {
                    tracing::info!(model, job = prediction.id, "submitted");
                    on_progress.tell(|| Progress::Submitted { job_id: prediction.id.clone() });
                }
                return outcome.map(|prediction| named(prediction, model));
            }
            // The machine asks for nothing only after events it did not ask for.
            SubmitAction::Nothing => SubmitEvent::Woke,
        };
    }
}

/// The prediction with its model, where the service left it out.
fn named(prediction: Arc<Prediction>, model: &str) -> Arc<Prediction> {
    if !prediction.model.is_empty() {
        return prediction;
    }
    let mut prediction = Arc::unwrap_or_clone(prediction);
    model.clone_into(&mut prediction.model);
    Arc::new(prediction)
}
