//! The commands, and what several of them do.

pub(crate) mod account;
pub(crate) mod batch;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod drift;
pub(crate) mod dub;
pub(crate) mod fit;
pub(crate) mod job;
pub(crate) mod ledger;
pub(crate) mod man;
pub(crate) mod mcp;
pub(crate) mod mock;
pub(crate) mod models;
pub(crate) mod playground;
pub(crate) mod record;
pub(crate) mod replay;
pub(crate) mod run;
pub(crate) mod submit;
pub(crate) mod upload;
pub(crate) mod webhook;

use std::future::{IntoFuture, Ready, ready};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use viseme::{Client, Download, DownloadedFile, Prediction, Progress, SubmitRecord};

use crate::failure::{Failure, Outcome, Phase, Result, reason};
use crate::interrupt::{PhaseTracker, unless_interrupted};
use crate::options::Options;
use crate::output::{copy_to_stdout, eprint_line, output_line, print_result};
use crate::output_path;
use crate::progress::ProgressDisplay;
use crate::record as submit_record;

/// A listener that shows progress and tracks the phase.
fn listener(
    display: &Arc<ProgressDisplay>,
    tracker: &PhaseTracker,
) -> impl Fn(Progress) + Send + Sync + 'static {
    let (display, tracker) = (Arc::clone(display), tracker.clone());
    move |progress| {
        tracker.on_event(&progress);
        display.on_event(&progress);
    }
}

/// A hook that saves the record of a submit, if the user wants one. If that fails, nothing is sent.
fn save_record(
    options: &Options,
) -> impl Fn(SubmitRecord) -> Ready<std::result::Result<(), String>> + Send + Sync + 'static {
    let path = options.record.clone();
    move |record| {
        let Some(path) = &path else { return ready(Ok(())) };
        ready(submit_record::save(path, &record).map_err(|error| {
            format!(
                "Cannot save the record to {}: {}. Pass another file with --save-record.",
                path.display(),
                reason(&error)
            )
        }))
    }
}

/// Runs an operation until it ends or is interrupted, then closes the progress display.
async fn run_displayed<T>(
    operation: impl IntoFuture<Output = viseme::Result<T>>,
    tracker: &PhaseTracker,
    display: &ProgressDisplay,
) -> Result<T> {
    let result = unless_interrupted(operation, tracker, |line| display.print(line)).await;
    display.close();
    result
}

/// Saves a download and shows its progress.
async fn save(
    download: Download,
    phase: Phase,
    display: &Arc<ProgressDisplay>,
) -> Result<DownloadedFile> {
    let listener = {
        let display = Arc::clone(display);
        move |received, total| display.on_download(received, total)
    };
    run_displayed(download.on_progress(listener), &PhaseTracker::new(phase), display).await
}

/// Saves the output of a completed job if the user wants it, and prints where it is.
async fn print_output(
    client: &Client,
    prediction: &Prediction,
    options: &Options,
    display: &Arc<ProgressDisplay>,
) -> Result<Outcome> {
    let saved = match &options.out {
        Some(out) if output_path::is_stdout(out) => {
            write_to_stdout(client, prediction, display).await?;
            return Ok(Outcome::Done);
        }
        Some(out) => Some(save_all(client, prediction, out, display).await?),
        None => None,
    };
    print_result(prediction, saved.as_deref(), options)?;
    Ok(Outcome::Done)
}

/// Saves all outputs of a job.
async fn save_all(
    client: &Client,
    prediction: &Prediction,
    out: &Path,
    display: &Arc<ProgressDisplay>,
) -> Result<Vec<DownloadedFile>> {
    let mut downloads = client.download_outputs(prediction, out);
    if downloads.is_empty() {
        // Fails, and says that the job has no output.
        downloads.push(client.download_output(prediction, out));
    }
    let mut saved: Vec<DownloadedFile> = Vec::new();
    for download in downloads {
        let phase = Phase::Download(prediction.id.clone());
        let file = save(download, phase, display).await.inspect_err(|_| {
            for file in &saved {
                eprint_line(format_args!("saved {}", file.path.display()));
            }
        });
        saved.push(file?);
    }
    Ok(saved)
}

/// Writes the first output of a job to standard output, and names the others on standard error.
async fn write_to_stdout(
    client: &Client,
    prediction: &Prediction,
    display: &Arc<ProgressDisplay>,
) -> Result<()> {
    let phase = Phase::Download(prediction.id.clone());
    download_to_stdout(|path| client.download_output(prediction, path), phase, display).await?;
    for output in prediction.outputs.iter().skip(1) {
        eprint_line(format_args!("Another output of the job: {}", output_line(output)));
    }
    Ok(())
}

/// Downloads to a temporary file and copies it to standard output once it is complete.
async fn download_to_stdout(
    download: impl FnOnce(PathBuf) -> Download,
    phase: Phase,
    display: &Arc<ProgressDisplay>,
) -> Result<()> {
    let folder =
        tempfile::tempdir().map_err(|error| Failure::local("create a temporary folder", &error))?;
    let saved = save(download(folder.path().join("output")), phase, display).await?;
    copy_to_stdout(&saved.path)
}
