//! Drives the state machine that submits at most once.

use std::sync::Arc;

use url::Url;

use super::Client;
use super::ledger_key::KeyedSubmit;
use super::progress::{OnProgress, Progress};
use crate::error::{Error, ErrorKind, Result};
use crate::http::RequestPermit;
use crate::ledger::LedgerEntry;
use crate::protocol::{
    Prediction, RecoveryCriteria, Submission, SubmitAction, SubmitEvent, SubmitKey, SubmitRecord,
    SubmitResponse,
};

/// What a submit needs beside its body.
pub(super) struct SubmitContext<'a> {
    pub(super) client: &'a Client,
    pub(super) webhook: Option<&'a Url>,
    pub(super) on_progress: &'a OnProgress,
    /// The key, if the submit has one.
    pub(super) keyed: Option<&'a KeyedSubmit>,
}

/// Why a submission ends without a job of its own.
pub(super) enum Stop {
    Failed(Error),
    /// The key is in use.
    Taken {
        key: Arc<str>,
        entry: Box<LedgerEntry>,
    },
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<Stop> for Error {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Failed(error) => error,
            Stop::Taken { key, .. } => key_in_use(&key),
        }
    }
}

pub(super) fn key_in_use(key: &str) -> Error {
    let message = format!(
        "Another process submitted with the key `{key}` at the same time, so nothing was sent here. Call \
         again with the same key to get its job."
    );
    Error::new(ErrorKind::Ledger, message)
}

/// Drives a submission to its end and registers which submit claims which job. The first submit uses
/// `permit`; further ones acquire their own.
pub(super) async fn drive(
    context: &SubmitContext<'_>,
    mut submission: Submission,
    mut permit: Option<RequestPermit<'_>>,
    record: SubmitRecord,
    criteria: &RecoveryCriteria,
) -> Result<Arc<Prediction>, Stop> {
    let &SubmitContext { client, webhook, on_progress, keyed } = context;
    let key = SubmitKey::of(&record);
    let mut claim = ClaimGuard { client, record, key, open: Open::No };
    if submission.is_lost() {
        claim.open = Open::Lost;
    }
    let mut event = SubmitEvent::Start;
    // Released after the response was classified, so that its next holder sees a pause.
    let mut in_use = None;
    loop {
        event = match submission.step(client.now(), event, client.random()) {
            SubmitAction::Submit => {
                let attempt = submission.attempts();
                let permit = match permit.take() {
                    Some(permit) => permit,
                    None => client.acquire_submit_permit().await?,
                };
                claim.record.sent_at = client.system_time();
                on_progress.emit(|| Progress::Submitting { attempt, record: claim.record.clone() });
                on_progress.before_submit(&claim.record).await?;
                if let Some(keyed) = keyed
                    && let Some(entry) = keyed.claim(&claim.record).await?
                {
                    let key = Arc::clone(&keyed.options().key);
                    return Err(Stop::Taken { key, entry: Box::new(entry) });
                }
                claim.begin();
                let (model, input) = (&claim.record.model, &claim.record.input);
                let permit = &*in_use.insert(permit);
                let response = client.api.submit(permit, model, input, webhook).await;
                claim.responded(&response);
                if let (Some(keyed), SubmitResponse::Rejected { error, .. }) = (keyed, &response) {
                    keyed.refused(error).await;
                }
                SubmitEvent::Responded(response)
            }
            SubmitAction::Search => {
                tracing::info!(
                    model = claim.record.model,
                    "searching the history for a lost submit"
                );
                on_progress.emit(|| Progress::Recovering);
                SubmitEvent::Searched(client.search_history(&claim.record, criteria).await)
            }
            SubmitAction::Sleep(pause, error) => {
                tracing::debug!(model = claim.record.model, %error, ?pause, "pausing before the next step");
                if error.kind() == ErrorKind::RateLimit {
                    client.pause_submits(pause);
                }
                drop(in_use.take());
                if !submission.is_lost() {
                    on_progress.emit(|| Progress::Retrying { error, after: pause });
                }
                client.sleep(pause).await;
                if submission.is_lost() {
                    SubmitEvent::Woke
                } else {
                    permit = client.acquire_submit_permit_by(submission.deadline()).await?;
                    permit.as_ref().map_or(SubmitEvent::HeldBack, |_| SubmitEvent::Woke)
                }
            }
            SubmitAction::Finish(Ok(prediction)) => {
                let recovered = prediction.recovered.is_some();
                tracing::info!(
                    model = claim.record.model,
                    job = prediction.id,
                    recovered,
                    "submitted"
                );
                if let Some(keyed) = keyed {
                    keyed.accepted(&prediction.id).await;
                }
                on_progress.emit(|| Progress::Submitted { job_id: prediction.id.clone() });
                return Ok(named(prediction, &claim.record.model));
            }
            SubmitAction::Finish(Err(error)) if error.kind() == ErrorKind::SubmissionUnknown => {
                return Err(error.with_record(claim.record.clone()).into());
            }
            SubmitAction::Finish(Err(error)) => return Err(error.into()),
            // The machine returns `Nothing` only for unexpected events.
            SubmitAction::Nothing => SubmitEvent::Woke,
        };
    }
}

/// Keeps the registry of submits correct, even if the submission is dropped.
struct ClaimGuard<'a> {
    client: &'a Client,
    record: SubmitRecord,
    key: SubmitKey,
    open: Open,
}

enum Open {
    No,
    InFlight,
    Lost,
}

impl ClaimGuard<'_> {
    fn begin(&mut self) {
        self.client.submit_registry(|registry| registry.begin(&self.key));
        self.open = Open::InFlight;
    }

    fn responded(&mut self, response: &SubmitResponse) {
        self.client.submit_registry(|registry| match response {
            SubmitResponse::Accepted(prediction) => {
                registry.end(&self.key);
                if !registry.claim(&self.key, self.record.sent_at, &prediction.id) {
                    tracing::warn!(job = prediction.id, "the service gave the same job twice");
                }
            }
            SubmitResponse::Rejected { .. } => registry.end(&self.key),
            SubmitResponse::Lost(_) => registry.lose(&self.key),
        });
        self.open = match response {
            SubmitResponse::Lost(_) => Open::Lost,
            _ => Open::No,
        };
    }
}

impl Drop for ClaimGuard<'_> {
    fn drop(&mut self) {
        match self.open {
            Open::No => {}
            Open::InFlight => self.client.submit_registry(|registry| registry.end(&self.key)),
            Open::Lost => self.client.submit_registry(|registry| registry.settle(&self.key)),
        }
    }
}

/// Adds the model to a prediction if the service omitted it.
fn named(prediction: Arc<Prediction>, model: &str) -> Arc<Prediction> {
    if !prediction.model.is_empty() {
        return prediction;
    }
    let mut prediction = Arc::unwrap_or_clone(prediction);
    model.clone_into(&mut prediction.model);
    Arc::new(prediction)
}
