//! What is printed of results and errors.

use serde_json::{Value, json};
use viseme::media::MediaInfo;
use viseme::{Error, Prediction, Report, Saved};

use crate::failure::Failure;
use crate::size;

/// The lines of a check: a line for each medium, then a line for each violation.
pub(crate) fn lines(report: &Report) -> impl Iterator<Item = String> + '_ {
    let media = report.media.iter().map(|(field, info)| format!("{field}: {}", facts(info)));
    let violations = report.violations.iter().map(|violation| {
        let level = if violation.is_error() { "error" } else { "warning" };
        format!("{level}: {}", violation.message)
    });
    media.chain(violations)
}

/// What a medium is, in one line.
pub(crate) fn facts(info: &MediaInfo) -> String {
    let mut facts = vec![info.container.label().to_owned()];
    facts.extend(info.video_codec.clone());
    facts.extend(info.audio_codec.clone());
    facts.extend(info.duration.map(|duration| format!("{:.2} s", duration.as_secs_f64())));
    if let (Some(width), Some(height)) = (info.width, info.height) {
        facts.push(format!("{width} × {height} px"));
    }
    facts.extend(info.bytes.map(size::bytes));
    facts.join(", ")
}

pub(crate) fn failure(failure: &Failure, json: bool) {
    match failure {
        Failure::Client(error) if json => println!("{}", error_json(error)),
        Failure::Client(error) => explain(error),
        Failure::Local(message) if json => {
            println!("{}", json!({"error": {"code": "local", "message": message}}));
        }
        Failure::Local(message) => eprintln!("error: {message}"),
    }
}

fn explain(error: &Error) {
    eprintln!("error: {error}");
    if let Some(id) = error.job_id()
        && !error.prediction().is_some_and(|prediction| prediction.status.is_terminal())
    {
        eprintln!("To go on with the job:\n  viseme wait {id}");
    }
}

fn error_json(error: &Error) -> Value {
    json!({"error": {
        "code": error.code(),
        "message": error.to_string(),
        "job_id": error.job_id(),
        "app_code": error.app_code(),
        "attempts": error.attempts(),
        "violations": error.violations(),
        "http": error.http().map(|http| json!({
            "status": http.status,
            "request_id": http.request_id,
            "retry_after_seconds": http.retry_after.map(|after| after.as_secs_f64()),
            "body": http.body,
        })),
        "prediction": error.prediction(),
    }})
}

/// The end of a run or a wait: where the output is.
pub(crate) fn result(prediction: &Prediction, saved: Option<&Saved>, json: bool) {
    if json {
        println!(
            "{}",
            json!({
                "job_id": prediction.id,
                "status": prediction.status,
                "prediction": prediction,
                "saved": saved.map(saved_json),
            })
        );
        return;
    }
    match saved {
        Some(saved) => println!("{}", saved.path.display()),
        None => {
            for url in prediction.outputs.iter().filter_map(viseme::Output::url) {
                println!("{url}");
            }
        }
    }
}

pub(crate) fn saved_json(saved: &Saved) -> Value {
    json!({"path": saved.path, "bytes": saved.bytes})
}
