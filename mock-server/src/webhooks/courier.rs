//! Carries out what the desk decides: a task for each world that has webhooks.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::{self, AbortHandle, JoinSet};

use super::desk::{self, Errand, Step};
use super::post::post;
use crate::world::{World, WorldShared};

/// A world's courier; it ends with the world.
#[derive(Default)]
pub(crate) struct Courier {
    bell: Arc<Bell>,
    task: Mutex<Option<Task>>,
}

struct Task {
    abort: AbortHandle,
    /// How many rings have been dealt with; closed once the task is gone.
    heard: watch::Receiver<u64>,
}

#[derive(Default)]
struct Bell {
    rung: AtomicU64,
    notify: Notify,
}

impl Courier {
    /// Starts it, unless it runs.
    pub(crate) fn start(&self, world: &World) {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.is_none() {
            let (sender, heard) = watch::channel(0);
            let carrying = carry(Arc::downgrade(&world.shared), Arc::clone(&self.bell), sender);
            *task = Some(Task { abort: tokio::spawn(carrying).abort_handle(), heard });
        }
    }

    /// Has it look at what is to be done.
    pub(crate) fn ring(&self) -> u64 {
        let ring = self.bell.rung.fetch_add(1, Ordering::SeqCst) + 1;
        self.bell.notify.notify_one();
        ring
    }

    /// Waits until there is nothing left to be done at this moment of the world's clock.
    pub(crate) async fn settled(&self) {
        let heard = {
            let task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
            task.as_ref().map(|task| task.heard.clone())
        };
        if let Some(mut heard) = heard {
            let ring = self.ring();
            // Closed where the task is gone: then nothing will be done any more.
            let _ = heard.wait_for(|heard| *heard >= ring).await;
        }
    }

    /// Ends it: what was not sent is not sent.
    pub(crate) fn stop(&self) {
        if let Some(task) = &*self.task.lock().unwrap_or_else(PoisonError::into_inner) {
            task.abort.abort();
        }
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        self.stop();
    }
}

/// How many deliveries of a world are under way at most.
const MOST_AT_ONCE: usize = 64;

/// The deliveries under way, and the job that each is about.
#[derive(Default)]
struct Flights {
    tasks: JoinSet<(Box<Errand>, Result<u16, String>)>,
    jobs: HashMap<task::Id, String>,
}

impl Flights {
    fn start(&mut self, errand: Box<Errand>, remote: bool) {
        let job_id = errand.job_id.clone();
        let task = self.tasks.spawn(async move {
            let outcome = send(&errand, remote).await;
            (errand, outcome)
        });
        self.jobs.insert(task.id(), job_id);
    }

    /// Waits for the next to end; for ever where there is none.
    async fn landed(&mut self) -> Option<(Box<Errand>, Result<u16, String>)> {
        match self.tasks.join_next_with_id().await {
            Some(Ok((id, landed))) => {
                self.jobs.remove(&id);
                Some(landed)
            }
            Some(Err(error)) => {
                self.jobs.remove(&error.id());
                None
            }
            None => std::future::pending().await,
        }
    }

    fn next(&self, world: &World) -> Step {
        if self.tasks.len() >= MOST_AT_ONCE {
            return Step::Sleep(None);
        }
        let is_busy = |job_id: &str| self.jobs.values().any(|busy| busy == job_id);
        desk::step(&mut world.state(), world.id(), is_busy)
    }
}

async fn carry(world: Weak<WorldShared>, bell: Arc<Bell>, heard: watch::Sender<u64>) {
    let mut flights = Flights::default();
    while let Some(shared) = world.upgrade() {
        let here = World { shared };
        let rung = bell.rung.load(Ordering::SeqCst);
        let remote = here.shared.remote_webhooks;
        match flights.next(&here) {
            Step::Send(errand) if errand.in_turn => {
                let outcome = send(&errand, remote).await;
                desk::sent(&mut here.state(), &errand, outcome);
            }
            Step::Send(errand) => flights.start(errand, remote),
            Step::Sleep(pause) => {
                // Nothing here keeps a world alive that nobody else has any more.
                drop(here);
                if flights.tasks.is_empty() {
                    heard.send_replace(rung);
                }
                tokio::select! {
                    () = bell.notify.notified() => {}
                    () = passes(pause) => {}
                    landed = flights.landed() => {
                        if let (Some((errand, outcome)), Some(shared)) = (landed, world.upgrade()) {
                            desk::sent(&mut World { shared }.state(), &errand, outcome);
                        }
                    }
                }
            }
        }
    }
}

async fn send(errand: &Errand, remote: bool) -> Result<u16, String> {
    post(&errand.url, &errand.headers, errand.body.clone(), remote).await
}

async fn passes(pause: Option<Duration>) {
    match pause {
        Some(pause) => tokio::time::sleep(pause).await,
        None => std::future::pending().await,
    }
}
