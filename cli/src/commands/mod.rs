//! The commands, a file each.

pub(crate) mod check;
pub(crate) mod demo;
pub(crate) mod download;
pub(crate) mod mock;
pub(crate) mod run;
pub(crate) mod status;
pub(crate) mod submit;
pub(crate) mod upload;
pub(crate) mod wait;

use std::future::IntoFuture;
use std::sync::Arc;

use viseme::{AudioToVideo, Client, Download, Prediction, Progress, Saved};

use crate::args::InputArgs;
use crate::exit::Ending;
use crate::failure::Result;
use crate::interrupt::{Stage, Stages, unless_interrupted};
use crate::options::Options;
use crate::report;
use crate::show::Show;

impl From<InputArgs> for AudioToVideo {
    fn from(input: InputArgs) -> Self {
        Self::new(input.audio, input.video)
    }
}

/// A listener that shows progress and keeps track of the stage.
fn listener(show: &Arc<Show>, stages: &Stages) -> impl Fn(Progress) + Send + Sync + 'static {
    let (show, stages) = (Arc::clone(show), stages.clone());
    move |progress| {
        stages.note(&progress);
        show.tell(&progress);
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
async fn save(download: Download, stage: Stage, show: &Arc<Show>) -> Result<Saved> {
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
