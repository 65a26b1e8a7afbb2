//! Ctrl-C, SIGTERM and SIGHUP: stop a command, but not while a submit is in flight.

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
        // Listens before the message invites to interrupt again.
        let again = second_interrupt();
        notify(
            "A submit is in flight: waiting for its response, so that the job is not lost. Press \
             Ctrl-C again to stop now.",
        );
        tokio::select! {
            result = &mut operation => return Ok(result?),
            _ = phase.wait_for(|phase| *phase != Phase::Submitting) => {}
            () = again => {}
        }
    }
    let phase = phase.borrow().clone();
    Err(Failure::Interrupted(phase))
}

/// Listens from now on and completes at the next interrupt. Must be called inside a runtime.
#[cfg(unix)]
pub(crate) fn interrupt() -> impl Future<Output = ()> {
    use tokio::signal::unix::SignalKind;

    let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate()];
    if !hangup_is_ignored() {
        kinds.push(SignalKind::hangup());
    }
    any_of(&kinds)
}

/// As [`interrupt`], but not for SIGHUP: a terminal that closes often sends it twice.
#[cfg(unix)]
pub(crate) fn second_interrupt() -> impl Future<Output = ()> {
    use tokio::signal::unix::SignalKind;

    any_of(&[SignalKind::interrupt(), SignalKind::terminate()])
}

#[cfg(unix)]
fn any_of(kinds: &[tokio::signal::unix::SignalKind]) -> impl Future<Output = ()> + use<> {
    use futures_util::future::{BoxFuture, FutureExt as _, select_all};

    let listen = |kind: &tokio::signal::unix::SignalKind| -> BoxFuture<'static, ()> {
        match tokio::signal::unix::signal(*kind) {
            Ok(signal) => signal_received(signal).boxed(),
            // Without a handler the signal ends the process.
            Err(_) => std::future::pending().boxed(),
        }
    };
    let signals: Vec<_> = kinds.iter().map(listen).collect();
    select_all(signals).map(drop)
}

#[cfg(unix)]
async fn signal_received(mut signal: tokio::signal::unix::Signal) {
    // `None` would mean that no more signals can come; there is nothing to do then.
    let _ = signal.recv().await;
}

/// Returns whether the parent process ignores SIGHUP for this one, as `nohup` does. A handler would
/// undo that.
#[cfg(target_os = "linux")]
fn hangup_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // SIGHUP is signal 1, the lowest bit.
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|it| it & 1 == 1)
}

/// `nohup` redirects standard error away from the terminal.
#[cfg(all(unix, not(target_os = "linux")))]
fn hangup_is_ignored() -> bool {
    use std::io::IsTerminal as _;

    !std::io::stderr().is_terminal()
}

#[cfg(not(unix))]
pub(crate) async fn interrupt() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(not(unix))]
pub(crate) async fn second_interrupt() {
    interrupt().await;
}
