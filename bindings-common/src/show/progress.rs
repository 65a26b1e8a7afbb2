//! What goes on in a run.

use serde_json::{Value, json};
use viseme::Progress;

use super::error::ErrorView;
use super::prediction::PredictionView;
use super::report::ReportView;
use crate::time::millis;

/// The news as JSON; nothing for a kind of news that this binding does not know yet.
pub(crate) fn progress(news: &Progress) -> Option<Value> {
    Some(match news {
        Progress::Checked(report) => {
            json!({"event": "checked", "report": ReportView::of(report.clone())})
        }
        Progress::Uploading { field, sent, total } => {
            json!({"event": "uploading", "field": field, "sent": sent, "total": total})
        }
        Progress::Uploaded { field, url } => {
            json!({"event": "uploaded", "field": field, "url": url.as_str()})
        }
        Progress::Submitting { attempt, record } => {
            json!({"event": "submitting", "attempt": attempt, "record": record})
        }
        Progress::Recovering => json!({"event": "recovering"}),
        Progress::Submitted { job_id } => json!({"event": "submitted", "jobId": job_id}),
        Progress::Update(prediction) => {
            let prediction = PredictionView::of(prediction.as_ref().clone());
            json!({"event": "update", "prediction": prediction})
        }
        Progress::Retrying { error, after } => {
            json!({"event": "retrying", "error": ErrorView::of(error), "afterMs": millis(*after)})
        }
        _ => return None,
    })
}
