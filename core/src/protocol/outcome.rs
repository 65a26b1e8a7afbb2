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

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(status: Status, code: Option<i64>, error: Option<&str>) -> Error {
        let mut prediction = Prediction::new("job-1", status);
        prediction.code = code;
        prediction.error = error.map(str::to_owned);
        job_outcome(Arc::new(prediction)).expect_err("it did not complete")
    }

    #[test]
    fn a_failed_job_tells_what_was_said_and_what_to_do() {
        let problem =
            "The service had a problem of its own; failed jobs are refunded. Try again later.";
        let fetch = "Make sure that the media's URL can be fetched from the internet, or let Viseme \
                     upload the file.";
        for (code, said, message) in [
            (None, None, "The job failed: the service gave no reason.".to_owned()),
            (None, Some(" . "), "The job failed: the service gave no reason.".to_owned()),
            (None, Some("No face."), "The job failed: No face.".to_owned()),
            (Some(9), Some("No face"), "The job failed: No face (code 9).".to_owned()),
            (
                Some(1200),
                Some("Refused."),
                "The job failed: Refused (code 1200). Use other media: these were refused by \
                 content moderation."
                    .to_owned(),
            ),
            (Some(1400), Some("X"), "The job failed: X (code 1400). Correct the input.".to_owned()),
            (Some(1401), Some("X"), "The job failed: X (code 1401). Correct the input.".to_owned()),
            (Some(1402), Some("X"), format!("The job failed: X (code 1402). {fetch}")),
            (Some(5000), Some("X"), format!("The job failed: X (code 5000). {problem}")),
            (Some(5003), Some("X"), format!("The job failed: X (code 5003). {problem}")),
        ] {
            let error = ended(Status::Failed, code, said);
            assert_eq!(error.message(), message);
            assert_eq!((error.kind(), error.app_code()), (ErrorKind::JobFailed, code));
            assert_eq!(error.job_id(), Some("job-1"));
            assert!(error.prediction().is_some(), "what the service said is kept");
        }
    }

    #[test]
    fn an_account_without_credits_is_told_so() {
        let error = ended(Status::Failed, Some(1407), Some("Insufficient credits."));
        assert_eq!(error.kind(), ErrorKind::InsufficientCredits);
        let message = "The job failed: Insufficient credits (code 1407). Top up the account.";
        assert_eq!(error.message(), message);
    }

    #[test]
    fn any_other_end_is_the_services_own() {
        for (status, said, start) in [
            (Status::Cancelled, None, "The service ended the job as `cancelled`. Submit"),
            (
                Status::Timeout,
                Some("Slow."),
                "The service ended the job as `timeout` (Slow). Submit",
            ),
            (Status::Deleted, Some("."), "The service ended the job as `deleted`. Submit"),
        ] {
            let error = ended(status, None, said);
            assert_eq!(error.kind(), ErrorKind::JobCancelled);
            assert!(error.message().starts_with(start), "{}", error.message());
        }
    }
}
