//! Carries out what the desk decides: a task for each world that has webhooks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

use super::desk::{self, Step};
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

async fn carry(world: Weak<WorldShared>, bell: Arc<Bell>, heard: watch::Sender<u64>) {
    while let Some(shared) = world.upgrade() {
        let world = World { shared };
        let rung = bell.rung.load(Ordering::SeqCst);
        let step = desk::step(&mut world.state(), world.id());
        let remote = world.shared.remote_webhooks;
        match step {
            Step::Send(errand) => {
                let outcome = post(&errand.url, &errand.headers, errand.body.clone(), remote).await;
                desk::sent(&mut world.state(), &errand, outcome);
            }
            Step::Sleep(pause) => {
                drop(world);
                heard.send_replace(rung);
                match pause {
                    Some(pause) => {
                        tokio::select! {
                            () = bell.notify.notified() => {}
                            () = tokio::time::sleep(pause) => {}
                        }
                    }
                    None => bell.notify.notified().await,
                }
            }
        }
    }
}
