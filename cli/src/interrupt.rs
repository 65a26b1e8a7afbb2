//! Ctrl-C: stops the waiting, and never in the moment in which money is spent.

use std::future::{Future, IntoFuture};

use tokio::sync::watch;
use viseme::Progress;

/// How far the work is, as far as an interrupt must know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nothing was submitted.
    Before,
    /// The POST is under way: a job may come into being any moment.
    Submitting,
    /// There is a job.
    Job(String),
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

/// What came of the work.
pub(crate) enum Outcome<T> {
    Ended(T),
    Interrupted(Stage),
}

/// Does the work until it ends or the user interrupts it. While a submit is under way an interrupt
/// waits for its answer, so that the job's id is not lost; a second interrupt does not.
pub(crate) async fn unless_interrupted<T>(
    work: impl IntoFuture<Output = T>,
    stages: &Stages,
) -> Outcome<T> {
    let mut work = std::pin::pin!(work.into_future());
    tokio::select! {
        result = &mut work => return Outcome::Ended(result),
        () = interrupt() => {}
    }
    let mut stage = stages.0.subscribe();
    if *stage.borrow() == Stage::Submitting {
        eprintln!("A submit is under way; waiting for its answer so that the job is not lost.");
        tokio::select! {
            result = &mut work => return Outcome::Ended(result),
            _ = stage.wait_for(|stage| *stage != Stage::Submitting) => {}
            () = interrupt() => {}
        }
    }
    let stage = stage.borrow().clone();
    Outcome::Interrupted(stage)
}

#[cfg(unix)]
pub(crate) fn interrupt() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};

    async {
        match (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) {
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

/// Tells what an interrupt left behind.
pub(crate) fn explain(stage: &Stage, json: bool) {
    match stage {
        Stage::Before => eprintln!("Interrupted. Nothing was submitted, nothing was spent."),
        Stage::Submitting => eprintln!(
            "Interrupted while a submit was under way: a job may exist. Look in the history of \
             your account before you submit again."
        ),
        Stage::Job(id) => {
            eprintln!("Interrupted. Job {id} goes on. To wait for it:\n  viseme wait {id}");
        }
    }
    if json {
        let job_id = match stage {
            Stage::Job(id) => Some(id.as_str()),
            _ => None,
        };
        let submitted = match stage {
            Stage::Before => Some(false),
            Stage::Submitting => None,
            Stage::Job(_) => Some(true),
        };
        println!(
            "{}",
            serde_json::json!({"interrupted": true, "job_id": job_id, "submitted": submitted})
        );
    }
}
