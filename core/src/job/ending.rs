//! How a job, or the wait for it, ends.

use std::sync::Arc;

use super::{Prediction, Status};
use crate::error::{Error, ErrorKind};

/// The service's application code for an account without credits (third-party sources).
const INSUFFICIENT_CREDITS: i64 = 1407;

/// The result of a job whose last state this is: the prediction if it completed, else the error.
///
/// # Errors
/// [`ErrorKind::JobFailed`] or [`ErrorKind::InsufficientCredits`] if it failed,
/// [`ErrorKind::JobCancelled`] for any other end.
pub fn job_outcome(prediction: Arc<Prediction>) -> Result<Arc<Prediction>, Error> {
    let (kind, message) = match &prediction.status {
        Status::Completed => return Ok(prediction),
        Status::Failed if prediction.code == Some(INSUFFICIENT_CREDITS) => (
            ErrorKind::InsufficientCredits,
            format!("The job failed: {}. Top up the account.", reason(&prediction)),
        ),
        Status::Failed => {
            let advice = prediction.code.map_or("", advice);
            (ErrorKind::JobFailed, format!("The job failed: {}.{advice}", reason(&prediction)))
        }
        ended => (
            ErrorKind::JobCancelled,
            format!(
                "The service ended the job as `{ended}`{}. Submit it again if you still want the \
                 result.",
                said(&prediction).map(|text| format!(" ({text})")).unwrap_or_default(),
            ),
        ),
    };
    Err(Error::new(kind, message)
        .with_job(&prediction.id)
        .with_app_code(prediction.code)
        .with_prediction(Some(prediction)))
}

/// The caller's deadline passed; the job goes on.
pub(crate) fn wait_timeout(
    job_id: &str,
    latest: Option<Arc<Prediction>>,
    trouble: Option<Error>,
) -> Error {
    let state = latest.as_ref().map_or_else(
        || "its state is not known".to_owned(),
        |prediction| format!("it was last seen as `{}`", prediction.status),
    );
    let message = format!(
        "The deadline passed before job {job_id} ended; {state}. The job goes on: wait for it \
         again by its id.",
    );
    let error =
        Error::new(ErrorKind::WaitTimeout, message).with_job(job_id).with_prediction(latest);
    match trouble {
        Some(trouble) => error.with_source(trouble),
        None => error,
    }
}

/// What the service said went wrong, without a final full stop; `None` if it said nothing.
fn said(prediction: &Prediction) -> Option<&str> {
    let text = prediction.error.as_deref()?.trim().trim_end_matches('.');
    (!text.is_empty()).then_some(text)
}

fn reason(prediction: &Prediction) -> String {
    let text = said(prediction).unwrap_or("the service gave no reason");
    match prediction.code {
        Some(code) => format!("{text} (code {code})"),
        None => text.to_owned(),
    }
}

/// What to do about an application code of the service (its page on error codes).
fn advice(code: i64) -> &'static str {
    match code {
        1200 => " Use other media: these were refused by content moderation.",
        1400 | 1401 => " Correct the input.",
        1402 => {
            " Make sure that the media's URL can be fetched from the internet, or let Viseme upload the file."
        }
        5000 | 5003 => {
            " The service had a problem of its own; failed jobs are refunded. Try again later."
        }
        _ => "",
    }
}
