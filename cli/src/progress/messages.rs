//! Progress events as messages.

use viseme::{Prediction, Progress, Status};

use crate::options::Options;
use crate::output::{in_cli_words, report_lines, seconds};

/// The message for an event; `None` for an event that users do not need to see.
pub(super) fn message(progress: &Progress, options: &Options) -> Option<String> {
    match progress {
        Progress::Checked(checked) => {
            let lines: Vec<_> = report_lines(checked, options).collect();
            (!lines.is_empty()).then(|| lines.join("\n"))
        }
        Progress::Uploaded { field, .. } => Some(format!("uploaded {field}")),
        Progress::Recovering => Some(
            "the response to the submit was lost; searching the history for the job".to_owned(),
        ),
        Progress::Submitted { job_id } => Some(format!("submitted as job {job_id}")),
        Progress::Update(prediction) => Some(status(prediction)),
        Progress::Retrying { error, after } => {
            let problem = match error.http() {
                Some(http) => format!("the service responded with HTTP {}", http.status),
                None => in_cli_words(error.message().trim_end_matches('.'), options),
            };
            Some(format!("{problem}; trying again in {}", seconds(*after)))
        }
        _ => None,
    }
}

/// The status of a job as a message.
pub(super) fn status(prediction: &Prediction) -> String {
    match &prediction.status {
        Status::Created => "queued".to_owned(),
        Status::Other(word) => format!("still running (status `{word}`)"),
        status => status.to_string(),
    }
}
