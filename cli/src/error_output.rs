//! Prints failures.

use serde_json::{Value, json};
use viseme::{Error, ErrorKind, Status};
use viseme_batch::{BatchError, ManifestError};

use crate::dotenv;
use crate::failure::{Failure, Phase, Result};
use crate::options::Options;
use crate::output::{eprint_line, fix_line, in_cli_words, print_line, violations_json};

/// How the error of a client without an API key begins.
const NO_KEY: &str = "No API key found.";

/// Prints a failure: a message on standard error, or a JSON object on standard output.
///
/// # Errors
/// If standard output cannot be written.
pub(crate) fn print(failure: &Failure, options: &Options) -> Result<()> {
    if options.json {
        return print_line(json!({"error": object(failure, options)}));
    }
    print_text(failure, options);
    Ok(())
}

/// Prints a failure as a message on standard error.
pub(crate) fn print_text(failure: &Failure, options: &Options) {
    match failure {
        Failure::Client(error) => {
            print_error(error, options);
            match (error.record(), &options.record) {
                (Some(record), None) => eprint_line(format_args!(
                    "Record of the submit, for `viseme recover FILE`:\n{}",
                    json!(record)
                )),
                _ => suggest(next_command(error, options)),
            }
        }
        Failure::QueryFailed(error) => print_error(error, options),
        Failure::Running { job_id, status } => {
            eprint_line(format_args!("error: {}", running(job_id, status)));
            suggest(options.resume("wait", job_id));
        }
        Failure::Batch(error) => print_batch_error(error, options),
        Failure::Usage(message) | Failure::Local(message) => {
            eprint_line(format_args!("error: {message}"));
        }
        Failure::Interrupted(phase) => {
            eprint_line(interrupted(phase, options));
            suggest(next_command_after(phase, options));
        }
    }
}

/// Prints every row that is not valid, since a user mends them all at once.
fn print_batch_error(error: &BatchError, options: &Options) {
    if let BatchError::Manifest(ManifestError::Rows(_)) = error {
        eprint_line("error: The manifest is not valid; nothing was sent.");
        eprint_line(in_cli_words(&error.to_string(), options));
    } else {
        eprint_line(format_args!("error: {}", in_cli_words(&error.to_string(), options)));
    }
}

fn batch_code(error: &BatchError) -> &'static str {
    match error {
        BatchError::Manifest(_) => "manifest",
        BatchError::Ledger(_) => "ledger",
        BatchError::Locked(_) => "batch_locked",
        BatchError::NoBatch(_) => "no_batch",
        BatchError::Item(_) => "batch_item",
        BatchError::Price(error) => error.code(),
        _ => "local",
    }
}

fn print_error(error: &Error, options: &Options) {
    if error.violations().is_empty() {
        eprint_line(format_args!("error: {}", message(error, options)));
    } else {
        eprint_line("error: The input is invalid; nothing was sent.");
        for violation in error.violations() {
            let prefix = if violation.is_error() { "" } else { "warning: " };
            let message = in_cli_words(&violation.message, options);
            eprint_line(format_args!(
                "  {prefix}{message}{}",
                fix_line(violation, options, "    ")
            ));
        }
    }
}

/// Returns the message of an error. The jobs of a mock server that this command started end with it.
fn message(error: &Error, options: &Options) -> String {
    let mut text = in_cli_words(&error.to_string(), options);
    if error.kind() == ErrorKind::Config
        && error.message().starts_with(NO_KEY)
        && let Some(note) = dotenv::note()
    {
        text += &format!(" {note}");
    }
    if error.attempts() > 1 {
        text += &format!(" Tried {} times.", error.attempts());
    }
    if !options.offline {
        return text;
    }
    text.replace(
        "The job continues: wait for it again by its id.",
        "The mock server and its job ended with this command.",
    )
}

fn suggest(next: Option<String>) {
    if let Some(command) = next {
        eprint_line(format_args!("To continue with the job:\n  {command}"));
    }
}

fn object(failure: &Failure, options: &Options) -> Value {
    match failure {
        Failure::Client(error) => {
            error_object(error, next_command(error, options).as_deref(), options)
        }
        Failure::QueryFailed(error) => error_object(error, None, options),
        Failure::Running { job_id, status } => json!({
            "code": "job_running",
            "message": running(job_id, status),
            "job_id": job_id,
            "resume": options.resume("wait", job_id),
        }),
        Failure::Batch(error) => json!({
            "code": batch_code(error),
            "message": in_cli_words(&error.to_string(), options),
        }),
        Failure::Usage(message) => json!({"code": "usage", "message": message}),
        Failure::Local(message) => json!({"code": "local", "message": message}),
        Failure::Interrupted(phase) => {
            let submitted = match phase {
                Phase::NoJob | Phase::BeforeSubmit => Some(false),
                // The response to the submit is unknown.
                Phase::Submitting => None,
                Phase::Job(_) | Phase::Download(_) => Some(true),
            };
            json!({
                "code": "interrupted",
                "message": interrupted(phase, options),
                "job_id": phase.job_id(),
                "submitted": submitted,
                "resume": next_command_after(phase, options),
            })
        }
    }
}

fn error_object(error: &Error, resume: Option<&str>, options: &Options) -> Value {
    json!({
        "code": error.code(),
        "message": message(error, options),
        "job_id": error.job_id(),
        "resume": resume,
        "app_code": error.app_code(),
        "attempts": error.attempts(),
        "violations": violations_json(error.violations(), options),
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

/// The command that continues after an error, if there is one.
fn next_command(error: &Error, options: &Options) -> Option<String> {
    if error.kind() == ErrorKind::SubmissionUnknown {
        return options.recover();
    }
    let id = error.job_id()?;
    match error.kind() {
        ErrorKind::Download => options.resume("download", id),
        ErrorKind::JobFailed | ErrorKind::JobCancelled | ErrorKind::InsufficientCredits => None,
        // The job does not exist.
        ErrorKind::NotFound => None,
        _ => options.resume("wait", id),
    }
}

fn next_command_after(phase: &Phase, options: &Options) -> Option<String> {
    match phase {
        Phase::Job(id) => options.resume("wait", id),
        Phase::Download(id) => options.resume("download", id),
        Phase::Submitting => options.recover(),
        Phase::NoJob | Phase::BeforeSubmit => None,
    }
}

fn running(job_id: &str, status: &Status) -> String {
    format!("Job {job_id} is still running (status `{status}`).")
}

/// The message of an interrupt: what exists now.
fn interrupted(phase: &Phase, options: &Options) -> String {
    match phase {
        Phase::NoJob => "Interrupted.".to_owned(),
        Phase::BeforeSubmit => "Interrupted. Nothing was submitted or charged.".to_owned(),
        Phase::Submitting => {
            "Interrupted while a submit was in flight: a job may exist and be charged. Check the \
             history of your account before you submit again."
                .to_owned()
        }
        Phase::Job(_) | Phase::Download(_) if options.offline => {
            "Interrupted. The mock server and its job ended.".to_owned()
        }
        Phase::Job(id) => {
            format!("Interrupted. Job {id} is still running.")
        }
        Phase::Download(id) => {
            format!("Interrupted. Job {id} is completed, but its video was not saved.")
        }
    }
}
