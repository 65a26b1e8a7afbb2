//! What is printed of a failure.

use serde_json::{Value, json};
use viseme::{Error, ErrorKind, Status};

use crate::failure::{Failure, Result};
use crate::interrupt::Stage;
use crate::options::Options;
use crate::terminal::{print, say};

/// Tells the failure: a sentence on standard error, or an object on standard output.
///
/// # Errors
/// Where standard output cannot be written to.
pub(crate) fn complain(failure: &Failure, options: &Options) -> Result<()> {
    if options.json {
        return print(json!({"error": object(failure, options)}));
    }
    match failure {
        Failure::Client(error) => {
            explain(error);
            match (error.record(), &options.record) {
                (Some(record), None) => say(format_args!(
                    "What was submitted; `viseme recover FILE` looks for it again:\n{}",
                    json!(record)
                )),
                _ => suggest(next(error, options)),
            }
        }
        Failure::Question(error) => explain(error),
        Failure::Running { job_id, status } => {
            say(format_args!("error: {}", running(job_id, status)));
            suggest(options.resume("wait", job_id));
        }
        Failure::Usage(message) | Failure::Local(message) => say(format_args!("error: {message}")),
        Failure::Interrupted(stage) => {
            say(interrupted(stage, options));
            suggest(next_after(stage, options));
        }
    }
    Ok(())
}

fn explain(error: &Error) {
    if error.violations().is_empty() {
        say(format_args!("error: {error}"));
    } else {
        say("error: The input was refused before anything was sent.");
        for violation in error.violations() {
            let mark = if violation.is_error() { "" } else { "warning: " };
            say(format_args!("  {mark}{}", violation.message));
        }
    }
}

fn suggest(next: Option<String>) {
    if let Some(command) = next {
        say(format_args!("To go on with the job:\n  {command}"));
    }
}

fn object(failure: &Failure, options: &Options) -> Value {
    match failure {
        Failure::Client(error) => error_object(error, next(error, options).as_deref()),
        Failure::Question(error) => error_object(error, None),
        Failure::Running { job_id, status } => json!({
            "code": "job_running",
            "message": running(job_id, status),
            "job_id": job_id,
            "resume": options.resume("wait", job_id),
        }),
        Failure::Usage(message) => json!({"code": "usage", "message": message}),
        Failure::Local(message) => json!({"code": "local", "message": message}),
        Failure::Interrupted(stage) => {
            let submitted = match stage {
                Stage::Nothing | Stage::Before => Some(false),
                // Nobody knows.
                Stage::Submitting => None,
                Stage::Job(_) | Stage::Download(_) => Some(true),
            };
            json!({
                "code": "interrupted",
                "message": interrupted(stage, options),
                "job_id": stage.job_id(),
                "submitted": submitted,
                "resume": next_after(stage, options),
            })
        }
    }
}

fn error_object(error: &Error, next: Option<&str>) -> Value {
    json!({
        "code": error.code(),
        "message": error.to_string(),
        "job_id": error.job_id(),
        "resume": next,
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
        "candidates": error.candidates().collect::<Vec<_>>(),
        "record": error.record(),
    })
}

/// The command that goes on after an error, where one can.
fn next(error: &Error, options: &Options) -> Option<String> {
    if error.kind() == ErrorKind::SubmissionUnknown {
        return options.recover();
    }
    let id = error.job_id()?;
    match error.kind() {
        ErrorKind::Download => options.resume("download", id),
        ErrorKind::JobFailed | ErrorKind::JobCancelled | ErrorKind::InsufficientCredits => None,
        // The service does not know the job, or will not tell this key.
        ErrorKind::NotFound | ErrorKind::Authentication | ErrorKind::PermissionDenied => None,
        _ => options.resume("wait", id),
    }
}

fn next_after(stage: &Stage, options: &Options) -> Option<String> {
    match stage {
        Stage::Job(id) => options.resume("wait", id),
        Stage::Download(id) => options.resume("download", id),
        Stage::Submitting => options.recover(),
        Stage::Nothing | Stage::Before => None,
    }
}

fn running(job_id: &str, status: &Status) -> String {
    format!("Job {job_id} is not done yet: the service says `{status}`.")
}

/// What an interrupt left behind.
fn interrupted(stage: &Stage, options: &Options) -> String {
    match stage {
        Stage::Nothing => "Interrupted.".to_owned(),
        Stage::Before => "Interrupted. Nothing was submitted, nothing was spent.".to_owned(),
        Stage::Submitting => {
            "Interrupted while the submit was under way: a job may exist, and may be charged. Look \
             in the history of your account before you submit again."
                .to_owned()
        }
        Stage::Job(_) | Stage::Download(_) if options.offline => {
            "Interrupted. The mock server ended, and its job with it.".to_owned()
        }
        Stage::Job(id) => {
            format!("Interrupted. Job {id} goes on at the service.")
        }
        Stage::Download(id) => {
            format!("Interrupted. Job {id} is done, but its video was not saved.")
        }
    }
}
