//! The outcome of a job or of the wait for it.

use std::sync::Arc;

use super::{Prediction, Status};
use crate::error::{Error, ErrorKind};

/// The service's application code for an account without credits (third-party sources).
const INSUFFICIENT_CREDITS: i64 = 1407;

/// Returns the result of a job with this last state: the prediction if it completed, or the error.
///
/// # Errors
/// Returns [`ErrorKind::JobFailed`] or [`ErrorKind::InsufficientCredits`] if it failed or completed
/// without an output, and [`ErrorKind::JobCancelled`] for any other final status.
pub fn job_outcome(prediction: Arc<Prediction>) -> Result<Arc<Prediction>, Error> {
    let (kind, message) = match &prediction.status {
        Status::Completed if prediction.outputs.is_empty() => (
            ErrorKind::JobFailed,
            format!(
                "The job completed without an output{}. Ask the service's support, with the id of the \
                 job.",
                error_text(&prediction).map(|text| format!(" ({text})")).unwrap_or_default(),
            ),
        ),
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
                error_text(&prediction).map(|text| format!(" ({text})")).unwrap_or_default(),
            ),
        ),
    };
    Err(Error::new(kind, message)
        .with_job(&prediction.id)
        .with_app_code(prediction.code)
        .with_prediction(Some(prediction)))
}

/// Returns whether a delivered state ends the wait for the job. If it is completed without outputs,
/// a poll returns them.
pub(crate) fn is_conclusive(prediction: &Prediction) -> bool {
    match prediction.status {
        Status::Completed => !prediction.outputs.is_empty(),
        ref status => status.is_terminal(),
    }
}

/// Returns the error of a wait whose deadline passed. The job continues.
pub(crate) fn wait_timeout(
    job_id: &str,
    latest: Option<Arc<Prediction>>,
    failure: Option<Error>,
) -> Error {
    let state = latest.as_ref().map_or_else(
        || "its state is not known".to_owned(),
        |prediction| format!("it was last seen as `{}`", prediction.status),
    );
    let message = format!(
        "The deadline passed before job {job_id} ended; {state}. The job continues: wait for it \
         again by its id.",
    );
    let error =
        Error::new(ErrorKind::WaitTimeout, message).with_job(job_id).with_prediction(latest);
    match failure {
        Some(failure) => error.with_source(failure),
        None => error,
    }
}

/// The maximum number of characters of an error text of the service in a message.
const MAX_ERROR_TEXT: usize = 400;

/// Returns the error text of the service, shortened and without a final full stop; `None` if there is
/// none.
fn error_text(prediction: &Prediction) -> Option<String> {
    let text = prediction.error.as_deref()?.trim();
    let text = match text.char_indices().nth(MAX_ERROR_TEXT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.trim_end_matches('.').trim_end().to_owned(),
    };
    (!text.is_empty()).then_some(text)
}

fn reason(prediction: &Prediction) -> String {
    let text = error_text(prediction).unwrap_or_else(|| "the service gave no reason".to_owned());
    match prediction.code {
        Some(code) => format!("{text} (code {code})"),
        None => text,
    }
}

/// Returns what to do about an application code of the service (its page on error codes).
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
    use crate::prediction::Output;

    fn ended(status: Status, code: Option<i64>, error: Option<&str>) -> Error {
        let mut prediction = Prediction::new("job-1", status);
        prediction.code = code;
        prediction.error = error.map(str::to_owned);
        job_outcome(Arc::new(prediction)).expect_err("it did not complete")
    }

    #[test]
    fn a_failed_job_has_the_text_of_the_service_and_advice() {
        let problem =
            "The service had a problem of its own; failed jobs are refunded. Try again later.";
        let fetch = "Make sure that the media's URL can be fetched from the internet, or let Viseme \
                     upload the file.";
        for (code, error_text, message) in [
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
            let error = ended(Status::Failed, code, error_text);
            assert_eq!(error.message(), message);
            assert_eq!((error.kind(), error.app_code()), (ErrorKind::JobFailed, code));
            assert_eq!(error.job_id(), Some("job-1"));
            assert!(error.prediction().is_some(), "the prediction is kept");
        }
    }

    #[test]
    fn a_job_that_failed_without_credits_has_its_own_kind() {
        let error = ended(Status::Failed, Some(1407), Some("Insufficient credits."));
        assert_eq!(error.kind(), ErrorKind::InsufficientCredits);
        let message = "The job failed: Insufficient credits (code 1407). Top up the account.";
        assert_eq!(error.message(), message);
    }

    #[test]
    fn a_completed_job_without_an_output_is_an_error() {
        let completed = |outputs| {
            let mut prediction = Prediction::new("job-1", Status::Completed);
            prediction.outputs = outputs;
            job_outcome(Arc::new(prediction))
        };
        for outputs in [
            vec![Output::Url("https://a.example/x.mp4".to_owned())],
            vec![Output::Text("a language model's text".to_owned())],
            vec![Output::Json(serde_json::json!({"text": "x"}))],
        ] {
            assert!(completed(outputs).is_ok());
        }
        let error = completed(Vec::new()).unwrap_err();
        assert_eq!((error.kind(), error.job_id()), (ErrorKind::JobFailed, Some("job-1")));
        assert!(error.message().contains("without an output"), "{error}");
    }

    #[test]
    fn a_long_error_text_is_cut() {
        let error = ended(Status::Failed, Some(9), Some(&"é".repeat(100_000)));
        assert!(error.message().len() < 1000 && error.message().contains("… (code 9)"));
    }

    #[test]
    fn any_other_end_is_a_cancellation() {
        for (status, error_text, start) in [
            (Status::Cancelled, None, "The service ended the job as `cancelled`. Submit"),
            (
                Status::Timeout,
                Some("Slow."),
                "The service ended the job as `timeout` (Slow). Submit",
            ),
            (Status::Deleted, Some("."), "The service ended the job as `deleted`. Submit"),
        ] {
            let error = ended(status, None, error_text);
            assert_eq!(error.kind(), ErrorKind::JobCancelled);
            assert!(error.message().starts_with(start), "{}", error.message());
        }
    }
}
