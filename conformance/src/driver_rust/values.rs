//! Converts the values of the client to those of the protocol.

use std::error::Error as _;
use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};
use viseme::{Error, Prediction, Progress, RecoveredBy, Report};
use viseme_conformance::protocol::ClientError;

pub(crate) fn prediction(prediction: &Prediction) -> Value {
    json!({
        "id": prediction.id,
        "model": prediction.model,
        "status": prediction.status.to_string(),
        "outputs": prediction.outputs,
        "output_url": prediction.output_url(),
        "error": prediction.error,
        "code": prediction.code,
        "execution_time": prediction.execution_time.map(|time| time.as_secs_f64()),
        "created_at": prediction.created_at.map(time),
        "recovered": prediction.recovered.map(recovered),
        "request_id": prediction.request_id,
    })
}

pub(crate) fn recovered(by: RecoveredBy) -> Value {
    serde_json::to_value(by).unwrap_or_default()
}

/// Formats a time by RFC 3339.
pub(crate) fn time(at: SystemTime) -> Value {
    jiff::Timestamp::try_from(at).map_or(Value::Null, |at| Value::from(at.to_string()))
}

pub(crate) fn report(report: &Report) -> Value {
    let media: Map<String, Value> = report
        .media
        .iter()
        .map(|(name, info)| {
            let info = json!({
                "container": info.container,
                "seconds": info.duration.map(|time| time.as_secs_f64()),
                "width": info.width,
                "height": info.height,
                "bytes": info.bytes,
            });
            (name.clone(), info)
        })
        .collect();
    json!({"ok": report.is_ok(), "violations": report.violations, "media": media})
}

pub(crate) fn error(error: &Error) -> ClientError {
    ClientError {
        code: Some(error.code().to_owned()),
        classes: Vec::new(),
        category: None,
        message: error.to_string(),
        text: everything(error),
        attributes: attributes(error),
    }
}

fn attributes(error: &Error) -> Map<String, Value> {
    let http = error.http();
    let known = json!({
        "job_id": error.job_id(),
        "attempts": error.attempts(),
        "app_code": error.app_code(),
        "prediction": error.prediction().map(prediction),
        "status": http.map(|http| http.status),
        "request_id": http.and_then(|http| http.request_id.clone()),
        "retry_after": http.and_then(|http| http.retry_after).map(seconds),
        "body": http.map(|http| http.body.clone()),
        "violations": error.violations(),
        "record": error.record(),
        "candidates": error.candidates().map(prediction).collect::<Vec<_>>(),
    });
    match known {
        Value::Object(fields) => fields.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        _ => Map::new(),
    }
}

/// Returns everything that the error can print.
fn everything(error: &Error) -> String {
    let mut text = format!(
        "{error}\n{error:?}\n{error:#?}\n{:?}\n{:?}\n{:?}",
        error.http(),
        error.prediction(),
        error.record()
    );
    let mut source = error.source();
    while let Some(cause) = source {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n{cause}\n{cause:?}");
        source = cause.source();
    }
    text
}

pub(crate) fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

pub(crate) fn event(progress: &Progress) -> Option<Value> {
    Some(match progress {
        Progress::Checked(found) => json!({"event": "checked", "report": report(found)}),
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
        Progress::Submitted { job_id } => json!({"event": "submitted", "job_id": job_id}),
        Progress::Update(found) => json!({"event": "update", "prediction": prediction(found)}),
        Progress::Retrying { error: why, after } => {
            json!({"event": "retrying", "error": error(why), "after": seconds(*after)})
        }
        _ => return None,
    })
}
