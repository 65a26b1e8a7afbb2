//! The commands, and what several of them do.

pub(crate) mod account;
pub(crate) mod check;
pub(crate) mod job;
pub(crate) mod mock;
pub(crate) mod models;
pub(crate) mod run;
pub(crate) mod submit;
pub(crate) mod upload;
pub(crate) mod webhook;

use std::future::IntoFuture;
use std::sync::Arc;

use viseme::{Client, Download, DownloadedFile, Prediction, Progress};

use crate::failure::{Outcome, Phase, Result, reason};
use crate::interrupt::{PhaseTracker, unless_interrupted};
use crate::options::Options;
use crate::output::print_result;
use crate::progress::ProgressDisplay;
use crate::record;

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

/// A listener that also saves the record of a submit, if the user wants one.
fn submit_listener(
    options: &Options,
    display: &Arc<ProgressDisplay>,
    tracker: &PhaseTracker,
) -> impl Fn(Progress) + Send + Sync + 'static {
    let path = options.record.clone();
    let (display, listener) = (Arc::clone(display), listener(display, tracker));
    move |progress| {
        if let (Progress::Submitting { record, .. }, Some(path)) = (&progress, &path)
            && let Err(error) = record::save(path, record)
        {
            let (path, why) = (path.display(), reason(&error));
            display.print(&format!("Cannot save the record to {path}: {why}."));
        }
        listener(progress);
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
        Some(out) => {
            let phase = Phase::Download(prediction.id.clone());
            Some(save(client.download_output(prediction, out), phase, display).await?)
        }
        None => None,
    };
    print_result(prediction, saved.as_ref(), options)?;
    Ok(Outcome::Done)
}
