//! The commands, a file each.

pub(crate) mod balance;
pub(crate) mod check;
pub(crate) mod delete;
pub(crate) mod demo;
pub(crate) mod download;
pub(crate) mod history;
pub(crate) mod mock;
pub(crate) mod models;
pub(crate) mod price;
pub(crate) mod recover;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod status;
pub(crate) mod submit;
pub(crate) mod upload;
pub(crate) mod wait;
pub(crate) mod webhook;

use std::future::IntoFuture;
use std::sync::Arc;

use viseme::{Client, Download, DownloadedFile, Prediction, Progress};

use crate::exit::Ending;
use crate::failure::{Result, reason};
use crate::interrupt::{Stage, Stages, unless_interrupted};
use crate::options::Options;
use crate::show::Show;
use crate::{record, report};

/// A listener that shows progress and keeps track of the stage.
fn listener(show: &Arc<Show>, stages: &Stages) -> impl Fn(Progress) + Send + Sync + 'static {
    let (show, stages) = (Arc::clone(show), stages.clone());
    move |progress| {
        stages.note(&progress);
        show.tell(&progress);
    }
}

/// A listener of a submit: keeps its record besides, where that is wanted.
fn submit_listener(
    options: &Options,
    show: &Arc<Show>,
    stages: &Stages,
) -> impl Fn(Progress) + Send + Sync + 'static {
    let path = options.record.clone();
    let (show, listener) = (Arc::clone(show), listener(show, stages));
    move |progress| {
        if let (Progress::Submitting { record, .. }, Some(path)) = (&progress, &path)
            && let Err(error) = record::save(path, record)
        {
            let (path, why) = (path.display(), reason(&error));
            show.say(&format!("The record could not be saved to {path}: {why}."));
        }
        listener(progress);
    }
}

/// Does the work, unless it is interrupted; what is shown of it ends with it.
async fn shown<T>(
    work: impl IntoFuture<Output = viseme::Result<T>>,
    stages: &Stages,
    show: &Show,
) -> Result<T> {
    let outcome = unless_interrupted(work, stages, |line| show.say(line)).await;
    show.close();
    outcome
}

/// Saves what is downloaded, and shows how far it is.
async fn save(download: Download, stage: Stage, show: &Arc<Show>) -> Result<DownloadedFile> {
    let listener = {
        let show = Arc::clone(show);
        move |received, total| show.downloading(received, total)
    };
    shown(download.on_progress(listener), &Stages::new(stage), show).await
}

/// Saves the output of a completed job where one is wanted, and prints where it is.
async fn deliver(
    client: &Client,
    prediction: &Prediction,
    options: &Options,
    show: &Arc<Show>,
) -> Result<Ending> {
    let saved = match &options.out {
        Some(out) => {
            let stage = Stage::Download(prediction.id.clone());
            Some(save(client.download_output(prediction, out), stage, show).await?)
        }
        None => None,
    };
    report::result(prediction, saved.as_ref(), options)?;
    Ok(Ending::Done)
}
