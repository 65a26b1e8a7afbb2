//! Submits with a key: at most one paid job a key, in all processes that use the ledger.

use std::time::Duration;

use serde_json::Value;

use super::Client;
use super::ledger_key::{JobStart, KeyedSubmit};
use super::progress::{OnProgress, Progress};
use super::recover::recover;
use super::submission::{Stop, SubmitContext, drive, key_in_use};
use crate::error::{Error, ErrorKind, Result};
use crate::http::RequestPermit;
use crate::ledger::{EntryState, LedgerEntry};
use crate::prediction::Status;
use crate::protocol::{RecoveryCriteria, Submission, SubmitRecord};

/// Sends the body. Sends it again only if the service certainly did not accept it. Returns the job of
/// the key if another process used the key in the meantime.
pub(super) async fn submit(
    context: &SubmitContext<'_>,
    permit: RequestPermit<'_>,
    model: &str,
    body: Value,
    deadline: Duration,
) -> Result<JobStart> {
    let client = context.client;
    let submission = Submission::new(client.submit_policy(deadline));
    let record = SubmitRecord::new(model, body, client.system_time());
    // This process has just sent the submit, so the only job of that time is proof enough.
    let criteria = RecoveryCriteria { match_by_time: true, ..RecoveryCriteria::default() };
    match drive(context, submission, Some(permit), record, &criteria).await {
        Ok(prediction) => Ok(JobStart::Submitted(prediction)),
        Err(Stop::Failed(error)) => Err(match context.keyed {
            Some(keyed) => with_advice(error, &keyed.options().key),
            None => error,
        }),
        Err(Stop::Taken { key, entry }) => {
            let job = match context.keyed {
                Some(keyed) => resolve(client, keyed, *entry, context.on_progress).await?,
                None => None,
            };
            job.ok_or_else(|| key_in_use(&key))
        }
    }
}

/// Returns the job of the key, or `None` if a submit is allowed.
pub(super) async fn known_job(
    client: &Client,
    keyed: &KeyedSubmit,
    on_progress: &OnProgress,
) -> Result<Option<JobStart>> {
    match keyed.find().await? {
        Some(entry) => resolve(client, keyed, entry, on_progress).await,
        None => Ok(None),
    }
}

/// Returns the job of an entry, or `None` if the entry allows a submit.
async fn resolve(
    client: &Client,
    keyed: &KeyedSubmit,
    entry: LedgerEntry,
    on_progress: &OnProgress,
) -> Result<Option<JobStart>> {
    let options = keyed.options();
    if !keyed.has_input_of(&entry) {
        return Err(other_input(&options.key));
    }
    match entry.state {
        EntryState::Done { status: Some(status), .. }
            if options.retry_failed && ended_without_result(&status) =>
        {
            Ok(None)
        }
        EntryState::Done { job_id, .. } => {
            tracing::info!(key = &*options.key, job = job_id, "the key has a job");
            on_progress.emit(|| Progress::Submitted { job_id: job_id.clone() });
            Ok(Some(JobStart::Known(job_id)))
        }
        EntryState::Sent { record, other_jobs } => {
            let mut criteria = RecoveryCriteria::default();
            criteria.exclude.extend(other_jobs);
            let job = recover(client, &record, &criteria, on_progress)
                .await
                .map_err(|error| with_advice(error, &options.key))?;
            let prediction = match job {
                JobStart::Known(id) => {
                    keyed.accepted(&id).await;
                    return Ok(Some(JobStart::Known(id)));
                }
                JobStart::Submitted(prediction) => prediction,
            };
            keyed.accepted(&prediction.id).await;
            Ok(Some(JobStart::Submitted(prediction)))
        }
    }
}

fn ended_without_result(status: &Status) -> bool {
    status.is_terminal() && *status != Status::Completed
}

/// Adds what to do about the key of a submit with an unknown outcome.
fn with_advice(error: Error, key: &str) -> Error {
    if error.kind() != ErrorKind::SubmissionUnknown {
        return error;
    }
    let message = format!(
        "{} The key `{key}` stays in use: call again with it to search again. If you find the job, adopt \
         it in the ledger; if you are sure that there is none, give up the key.",
        error.message(),
    );
    error.with_message(message)
}

fn other_input(key: &str) -> Error {
    let message = format!(
        "The key `{key}` was used with another input. Use a new key for a new input, or the same input \
         to get the job of the key. Nothing was sent."
    );
    Error::new(ErrorKind::InvalidInput, message)
}
