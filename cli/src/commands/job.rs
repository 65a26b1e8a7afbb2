//! `viseme status`, `viseme wait` and `viseme download`.

use std::path::PathBuf;
use std::sync::Arc;

use viseme::Output;

use super::{listener, print_output, run_displayed, save};
use crate::failure::{Failure, Outcome, Phase, Result};
use crate::interrupt::PhaseTracker;
use crate::options::{Options, WaitArgs};
use crate::output::{print_line, saved_json, seconds, state_json};
use crate::progress::ProgressDisplay;
use crate::{client, output_path};

#[derive(Debug, clap::Args)]
pub(crate) struct Status {
    /// The job's id.
    job: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Wait {
    /// The job's id.
    job: String,

    #[command(flatten)]
    pub(crate) wait: WaitArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Download {
    /// A job's id, or a URL.
    source: String,

    /// Save the file here: a file, which is replaced if it exists, or a folder.
    #[arg(long, short, default_value = ".", value_name = "FILE|FOLDER")]
    pub(crate) out: PathBuf,
}

pub(crate) async fn status(options: &Options, status: Status) -> Result<Outcome> {
    let client = client::online(options)?;
    let prediction = client.job(&status.job).refresh().await.map_err(Failure::query)?;
    if options.json {
        print_line(state_json(&prediction))?;
        return Ok(Outcome::Done);
    }
    print_line(&prediction.status)?;
    if !prediction.model.is_empty() {
        print_line(format_args!("model: {}", prediction.model))?;
    }
    if let Some(error) = &prediction.error {
        let code = prediction.code.map(|code| format!(" (code {code})")).unwrap_or_default();
        print_line(format_args!("error: {error}{code}"))?;
    }
    if let Some(time) = prediction.execution_time.filter(|time| !time.is_zero()) {
        print_line(format_args!("execution time: {}", seconds(time)))?;
    }
    for url in prediction.outputs.iter().filter_map(Output::url) {
        print_line(format_args!("output: {url}"))?;
    }
    Ok(Outcome::Done)
}

pub(crate) async fn wait(options: &Options, wait: Wait) -> Result<Outcome> {
    if let Some(out) = &options.out {
        output_path::require_writable("--out", out)?;
    }
    let client = client::online(options)?;
    let display = Arc::new(ProgressDisplay::new(options));
    let tracker = PhaseTracker::new(Phase::Job(wait.job.clone()));
    let mut operation = client.job(&wait.job).wait().on_progress(listener(&display, &tracker));
    if let Some(deadline) = wait.wait.deadline {
        operation = operation.deadline(deadline);
    }
    let prediction = run_displayed(operation, &tracker, &display).await?;
    print_output(&client, &prediction, options, &display).await
}

pub(crate) async fn download(options: &Options, download: Download) -> Result<Outcome> {
    output_path::require_writable("--out", &download.out)?;
    let is_url = download.source.contains("://");
    let (operation, phase) = if is_url {
        let client = client::anonymous(options)?;
        (client.download(&download.source, &download.out), Phase::NoJob)
    } else {
        let client = client::online(options)?;
        let job = client.job(&download.source);
        let prediction = job.refresh().await.map_err(Failure::query)?;
        if !prediction.status.is_terminal() {
            let status = prediction.status;
            return Err(Failure::Running { job_id: download.source, status });
        }
        // For a job that failed this is the error that says why.
        let prediction = job.wait().await?;
        let phase = Phase::Download(prediction.id.clone());
        (client.download_output(&prediction, &download.out), phase)
    };
    let saved = save(operation, phase, &Arc::new(ProgressDisplay::new(options))).await?;
    if options.json {
        print_line(saved_json(&saved))?;
    } else {
        print_line(saved.path.display())?;
    }
    Ok(Outcome::Done)
}
