//! Ctrl-C: stops the waiting, and never in the moment in which money is spent.

use std::future::{Future, IntoFuture};

use tokio::sync::watch;
use viseme::Progress;

use crate::failure::{Failure, Result};

/// How far the work is, as far as an interrupt must know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// No job is made or waited for.
    Nothing,
    /// A job is to be made, and was not submitted.
    Before,
    /// The POST is under way: a job may come into being any moment.
    Submitting,
    /// There is a job with this id.
    Job(String),
    /// The job with this id is done; its output is being saved.
    Download(String),
}

impl Stage {
    pub(crate) fn job_id(&self) -> Option<&str> {
        match self {
            Self::Job(id) | Self::Download(id) => Some(id),
            Self::Nothing | Self::Before | Self::Submitting => None,
        }
    }
}

/// Follows the stage by the progress of a run.
#[derive(Clone)]
pub(crate) struct Stages(watch::Sender<Stage>);

impl Stages {
    pub(crate) fn new(stage: Stage) -> Self {
        Self(watch::Sender::new(stage))
    }

    pub(crate) fn note(&self, progress: &Progress) {
        match progress {
            Progress::Submitting { .. } => drop(self.0.send_replace(Stage::Submitting)),
            // A submit that is sent again was not taken.
            Progress::Retrying { .. } => {
                self.0.send_if_modified(|stage| {
                    let back = *stage == Stage::Submitting;
                    if back {
                        *stage = Stage::Before;
                    }
                    back
                });
            }
            Progress::Submitted { job_id } => {
                drop(self.0.send_replace(Stage::Job(job_id.clone())));
            }
            _ => {}
        }
    }
}

/// Does the work until it ends or the user interrupts it. While a submit is under way an interrupt
/// waits for its answer, so that the job's id is not lost; `say` tells so. A second interrupt does
/// not wait.
///
/// # Errors
/// Those of the work, and [`Failure::Interrupted`].
pub(crate) async fn unless_interrupted<T>(
    work: impl IntoFuture<Output = viseme::Result<T>>,
    stages: &Stages,
    say: impl Fn(&str),
) -> Result<T> {
    let mut work = std::pin::pin!(work.into_future());
    tokio::select! {
        result = &mut work => return Ok(result?),
        () = interrupt() => {}
    }
    let mut stage = stages.0.subscribe();
    if *stage.borrow() == Stage::Submitting {
        say("A submit is under way: waiting for its answer, so that the job is not lost. Press \
             Ctrl-C again to stop all the same.");
        tokio::select! {
            result = &mut work => return Ok(result?),
            _ = stage.wait_for(|stage| *stage != Stage::Submitting) => {}
            () = interrupt() => {}
        }
    }
    let stage = stage.borrow().clone();
    Err(Failure::Interrupted(stage))
}

/// Listens from now on, and ends with the next interrupt. To be called inside a runtime.
#[cfg(unix)]
pub(crate) fn interrupt() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};

    let signals = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    async {
        match signals {
            (Ok(mut interrupted), Ok(mut terminated)) => {
                tokio::select! {
                    _ = interrupted.recv() => {}
                    _ = terminated.recv() => {}
                }
            }
            // Without handlers the signals end the process by themselves.
            _ => std::future::pending().await,
        }
    }
}

#[cfg(not(unix))]
pub(crate) async fn interrupt() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
