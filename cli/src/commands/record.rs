//! `viseme record`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use viseme_mock::{Signals, exec_with};
use viseme_recorder::recording::{FILE_NAME, Recording};
use viseme_recorder::{Recorder, RecorderError};

use super::drift;
use crate::client;
use crate::failure::{Failure, Outcome, Result};
use crate::options::{Options, parse_duration, parse_port};
use crate::output::{eprint_line, print_line};

#[derive(Debug, clap::Args)]
pub(crate) struct RecordArgs {
    /// The folder for the recording, which must not exist or be empty.
    #[arg(long, short, value_name = "FOLDER")]
    out: PathBuf,

    /// The service to record: a scheme and a host. [default: --base-url, WAVESPEED_BASE_URL, or else
    /// https://api.wavespeed.ai]
    #[arg(long, value_name = "URL")]
    pub(crate) upstream: Option<String>,

    /// The port to listen on; 0 for a free one.
    #[arg(long, default_value_t = 0, value_name = "PORT", value_parser = parse_port, allow_hyphen_values = true)]
    port: u16,

    /// Keep the bytes of media. Without it, only their hashes and facts are recorded.
    #[arg(long)]
    keep_media: bool,

    /// How long to poll a job, such as `30m` or `2h`.
    #[arg(long, default_value = "2h", value_name = "TIME", value_parser = parse_duration, allow_hyphen_values = true)]
    poll_limit: Duration,

    /// At the end, compare the responses with the API contract, as `viseme drift` does.
    #[arg(long)]
    compare: bool,

    /// A command to run with WAVESPEED_BASE_URL set to the recorder; the recording ends with it.
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub(crate) async fn record(options: &Options, args: &RecordArgs) -> Result<Outcome> {
    // Before anybody can know that it runs.
    let mut signals =
        Signals::listen().map_err(|error| Failure::local("receive signals", &error))?;
    let recorder = Recorder::builder(client::recorder_config(options)?, &args.out)
        .port(args.port)
        .keep_media(args.keep_media)
        .poll_limit(args.poll_limit)
        .name(concat!("viseme ", env!("CARGO_PKG_VERSION")))
        .start()
        .await
        .map_err(failure)?;
    let outcome = if args.command.is_empty() {
        print_start(options, &recorder)?;
        signals.next().await;
        Outcome::Done
    } else {
        let variables = [("WAVESPEED_BASE_URL", recorder.url())];
        let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
        match exec_with(&variables, &args.command, &mut signals).await {
            Ok(code) => Outcome::Exit(code),
            Err(error) => {
                eprint_line(format_args!("error: {}", error.message));
                return Ok(Outcome::Exit(error.code));
            }
        }
    };
    wait_for_submits(&recorder, &mut signals).await;
    // It reads and writes files.
    let finished = tokio::task::spawn_blocking(|| recorder.finish()).await;
    let finished =
        finished.map_err(|_| Failure::Local("The recording could not be written.".to_owned()))?;
    let (folder, recording) = finished.map_err(failure)?;
    print_summary(options, &folder, &recording)?;
    if args.compare {
        drift::print_report(options, &drift::report(&recording)?)?;
    }
    Ok(outcome)
}

fn print_start(options: &Options, recorder: &Recorder) -> Result<()> {
    let url = recorder.url();
    if options.json {
        print_line(json!({"url": url, "port": recorder.port()}))?;
    } else {
        print_line(&url)?;
    }
    if !options.is_silent() {
        eprint_line("Use it as the base URL of any client, with your own API key:");
        eprint_line(format_args!("  export WAVESPEED_BASE_URL={url}"));
        eprint_line("Jobs on the real service cost money. Press Ctrl-C to end the recording.");
    }
    Ok(())
}

/// Waits for the responses to submits, so that no job is lost, until another signal.
async fn wait_for_submits(recorder: &Recorder, signals: &mut Signals) {
    if recorder.is_submitting() {
        eprint_line(
            "A submit is in flight: waiting for its response, so that the job is recorded. Press \
             Ctrl-C again to end now.",
        );
    }
    tokio::select! {
        () = recorder.submits_answered() => {}
        _ = signals.next() => {}
    }
}

fn print_summary(options: &Options, folder: &Path, recording: &Recording) -> Result<()> {
    let file = folder.join(FILE_NAME);
    if options.json {
        let jobs: Vec<_> = recording
            .jobs
            .iter()
            .map(|job| {
                let states: Vec<&str> =
                    job.states.iter().map(|state| state.status.as_str()).collect();
                json!({
                    "job_id": job.id,
                    "model": job.model,
                    "states": states,
                    "ended": job.outcome.is_some(),
                })
            })
            .collect();
        return print_line(json!({
            "recording": file.to_string_lossy(),
            "upstream": recording.upstream,
            "jobs": jobs,
            "exchanges": recording.exchanges.len(),
            "media": recording.media.len(),
        }));
    }
    if !options.is_silent() {
        let (jobs, exchanges) = (recording.jobs.len(), recording.exchanges.len());
        let open = recording.jobs.iter().filter(|job| job.outcome.is_none()).count();
        let still =
            if open > 0 { format!(", {open} of them still running") } else { String::new() };
        eprint_line(format_args!(
            "Recorded {}{still}, {} and {}.",
            counted(jobs, "job"),
            counted(exchanges, "exchange"),
            counted(recording.media.len(), "file"),
        ));
        for job in &recording.jobs {
            let states: Vec<&str> = job.states.iter().map(|state| state.status.as_str()).collect();
            eprint_line(format_args!("  {} {}: {}", job.id, job.model, states.join(", ")));
        }
    }
    print_line(file.display())
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

fn failure(error: RecorderError) -> Failure {
    match error {
        RecorderError::Config(error) => Failure::Client(Box::new(error)),
        RecorderError::Upstream(_) | RecorderError::FolderInUse(_) => {
            Failure::Usage(error.to_string())
        }
        error => Failure::Local(error.to_string()),
    }
}
