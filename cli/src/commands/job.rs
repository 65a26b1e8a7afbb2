//! `viseme status`, `viseme wait` and `viseme download`.

use std::path::PathBuf;
use std::sync::Arc;

use super::{
    download_to_stdout, listener, print_output, run_displayed, save, save_all, write_to_stdout,
};
use crate::failure::{Failure, Outcome, Phase, Result};
use crate::interrupt::PhaseTracker;
use crate::options::{Options, WaitArgs};
use crate::output::{all_saved_json, output_line, print_line, seconds, state_json};
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

    /// Save the file here: a file, which is replaced if it exists, or a folder; `-` is standard
    /// output.
    #[arg(long, short, default_value = ".", value_name = "FILE|FOLDER|-")]
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
    for output in &prediction.outputs {
        print_line(format_args!("output: {}", output_line(output)))?;
    }
    Ok(Outcome::Done)
}

pub(crate) async fn wait(options: &Options, wait: Wait) -> Result<Outcome> {
    output_path::require_output(options)?;
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
    output_path::require_output(options)?;
    let display = Arc::new(ProgressDisplay::new(options));
    let to_stdout = output_path::is_stdout(&download.out);
    let is_url = download.source.contains("://");
    let saved = if is_url {
        let client = client::anonymous(options)?;
        let operation = |to: PathBuf| client.download(&download.source, to);
        if to_stdout {
            download_to_stdout(operation, Phase::NoJob, &display).await?;
            return Ok(Outcome::Done);
        }
        vec![save(operation(download.out.clone()), Phase::NoJob, &display).await?]
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
        if to_stdout {
            write_to_stdout(&client, &prediction, &display).await?;
            return Ok(Outcome::Done);
        }
        save_all(&client, &prediction, &download.out, &display).await?
    };
    if options.json {
        print_line(all_saved_json(&saved))?;
    } else {
        saved.iter().try_for_each(|saved| print_line(saved.path.display()))?;
    }
    Ok(Outcome::Done)
}
