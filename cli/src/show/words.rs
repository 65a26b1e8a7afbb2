//! The words for what goes on.

use viseme::{Prediction, Progress, Status};

use crate::report;
use crate::size;

/// The news as a line; `None` for what is no news to a person.
pub(super) fn line(progress: &Progress) -> Option<String> {
    match progress {
        Progress::Checked(checked) => {
            let lines: Vec<_> = report::lines(checked).collect();
            (!lines.is_empty()).then(|| lines.join("\n"))
        }
        Progress::Uploaded { field, .. } => Some(format!("uploaded {field}")),
        Progress::Recovering => {
            Some("the answer to the submit was lost; looking for the job in the history".to_owned())
        }
        Progress::Submitted { job_id } => Some(format!("submitted as job {job_id}")),
        Progress::Update(prediction) => Some(state(prediction)),
        Progress::Retrying { error, after } => {
            let trouble = match error.http() {
                Some(http) => format!("The service answered HTTP {}", http.status),
                None => error.message().trim_end_matches('.').to_owned(),
            };
            Some(format!("{trouble}; trying again in {}.", size::seconds(*after)))
        }
        _ => None,
    }
}

/// The job's state, in words.
pub(super) fn state(prediction: &Prediction) -> String {
    match &prediction.status {
        Status::Created => "waiting in the queue".to_owned(),
        Status::Other(word) => format!("still running (the service says `{word}`)"),
        status => status.to_string(),
    }
}
