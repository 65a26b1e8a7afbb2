//! Ctrl-C: stops a command, but not while a submit is in flight.

use std::future::{Future, IntoFuture};

use tokio::sync::watch;
use viseme::Progress;

use crate::failure::{Failure, Phase, Result};

/// Tracks the phase of a run by its progress events.
#[derive(Clone)]
pub(crate) struct PhaseTracker(watch::Sender<Phase>);

impl PhaseTracker {
    pub(crate) fn new(phase: Phase) -> Self {
        Self(watch::Sender::new(phase))
    }

    pub(crate) fn on_event(&self, progress: &Progress) {
        match progress {
            Progress::Submitting { .. } => drop(self.0.send_replace(Phase::Submitting)),
            // A submit is sent again only if the service did not accept it.
            Progress::Retrying { .. } => {
                self.0.send_if_modified(|phase| {
                    let was_submitting = *phase == Phase::Submitting;
                    if was_submitting {
                        *phase = Phase::BeforeSubmit;
                    }
                    was_submitting
                });
            }
            Progress::Submitted { job_id } => {
                drop(self.0.send_replace(Phase::Job(job_id.clone())));
            }
            _ => {}
        }
    }
}

/// Runs an operation until it ends or the user interrupts it. While a submit is in flight, an
/// interrupt waits for its response, so that the job's id is not lost; `notify` prints so. A second
/// interrupt does not wait.
///
/// # Errors
/// Those of the operation, and [`Failure::Interrupted`].
pub(crate) async fn unless_interrupted<T>(
    operation: impl IntoFuture<Output = viseme::Result<T>>,
    tracker: &PhaseTracker,
    notify: impl Fn(&str),
) -> Result<T> {
    let mut operation = std::pin::pin!(operation.into_future());
    tokio::select! {
        result = &mut operation => return Ok(result?),
        () = interrupt() => {}
    }
    let mut phase = tracker.0.subscribe();
    if *phase.borrow() == Phase::Submitting {
        notify(
            "A submit is in flight: waiting for its response, so that the job is not lost. Press \
             Ctrl-C again to stop now.",
        );
        tokio::select! {
            result = &mut operation => return Ok(result?),
            _ = phase.wait_for(|phase| *phase != Phase::Submitting) => {}
            () = interrupt() => {}
        }
    }
    let phase = phase.borrow().clone();
    Err(Failure::Interrupted(phase))
}

/// Listens from now on and completes at the next interrupt. Must be called inside a runtime.
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
            // Without handlers the signals end the process.
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
