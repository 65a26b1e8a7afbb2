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
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use viseme::{AudioToVideo, Client, Prediction, Progress};

use crate::args::InputArgs;
use crate::exit::Ending;
use crate::failure::Result;
use crate::interrupt::{Outcome, Stage, Stages, explain, unless_interrupted};
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

/// Does the work; an interrupt is explained and ends the command.
async fn interruptible<T>(
    work: impl IntoFuture<Output = viseme::Result<T>>,
    stages: &Stages,
    show: &Show,
    json: bool,
) -> Result<ControlFlow<Ending, T>> {
    let outcome = unless_interrupted(work, stages).await;
    show.close();
    match outcome {
        Outcome::Ended(result) => Ok(ControlFlow::Continue(result?)),
        Outcome::Interrupted(stage) => {
            explain(&stage, json);
            Ok(ControlFlow::Break(Ending::Interrupted))
        }
    }
}

/// Saves the output of a completed job where one is wanted, and prints where it is.
async fn deliver(
    client: &Client,
    prediction: &Prediction,
    out: Option<&Path>,
    json: bool,
) -> Result<Ending> {
    let saved = match out {
        Some(out) => {
            let stages = Stages::new(Stage::Job(prediction.id.clone()));
            let download = client.download_output(prediction, out);
            match interruptible(download, &stages, &Show::Nothing, json).await? {
                ControlFlow::Continue(saved) => Some(saved),
                ControlFlow::Break(ending) => return Ok(ending),
            }
        }
        None => None,
    };
    report::result(prediction, saved.as_ref(), json);
    Ok(Ending::Done)
}
