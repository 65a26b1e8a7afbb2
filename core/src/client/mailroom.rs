//! Brings what webhooks tell to the waits it is about.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::{Either, select};
use tokio::sync::watch;

use crate::protocol::{Prediction, WaitEvent};

/// How many jobs' last states are kept for waits that have not begun: a webhook can be quicker
/// than the answer to the submit.
const KEPT: usize = 1024;

type Told = Option<Arc<Prediction>>;

/// Where webhooks' predictions are left, and waits look for them.
#[derive(Default)]
pub(super) struct Mailroom {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: HashMap<String, watch::Sender<Told>>,
    /// The last states that came, newest last.
    kept: VecDeque<Arc<Prediction>>,
}

impl Mailroom {
    /// Leaves a prediction; tells whether a wait was there for it. One that is not final is of no
    /// use to a wait.
    pub(super) fn leave(&self, prediction: Arc<Prediction>) -> bool {
        let (id, status) = (&prediction.id, &prediction.status);
        if !status.is_terminal() {
            tracing::debug!(job = id, %status, "ignored a delivered state that is not final");
            return false;
        }
        let mut state = self.state();
        let sender = state.waiting.remove(id);
        tracing::debug!(job = id, %status, awaited = sender.is_some(), "took a delivered state");
        state.kept.retain(|kept| kept.id != *id);
        if state.kept.len() == KEPT {
            state.kept.pop_front();
        }
        state.kept.push_back(Arc::clone(&prediction));
        sender.is_some_and(|sender| sender.send(Some(prediction)).is_ok())
    }

    /// Where a wait for that job finds what is left for it, also from before.
    pub(super) fn mailbox(self: &Arc<Self>, job_id: &str) -> Mailbox {
        let mut state = self.state();
        let kept = state.kept.iter().find(|kept| kept.id == job_id).cloned();
        let receiver = match kept {
            Some(prediction) => watch::Sender::new(Some(prediction)).subscribe(),
            None => {
                let sender = state.waiting.entry(job_id.to_owned());
                sender.or_insert_with(|| watch::Sender::new(None)).subscribe()
            }
        };
        Mailbox { room: Arc::clone(self), job_id: job_id.to_owned(), receiver: Some(receiver) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where one wait finds what is left for it.
pub(super) struct Mailbox {
    room: Arc<Mailroom>,
    job_id: String,
    /// `None` once its content was taken.
    receiver: Option<watch::Receiver<Told>>,
}

impl Mailbox {
    /// What was left, or else what `work` gives, whichever comes first; the other is dropped.
    pub(super) async fn delivery_or(&mut self, work: impl Future<Output = WaitEvent>) -> WaitEvent {
        let delivery = pin!(self.delivery());
        // A delivery that is there already comes first: then no poll goes out.
        match select(delivery, pin!(work)).await {
            Either::Left((prediction, _)) => WaitEvent::Delivered(prediction),
            Either::Right((event, _)) => event,
        }
    }

    /// What was left, once; for ever pending where nothing is.
    async fn delivery(&mut self) -> Arc<Prediction> {
        if let Some(receiver) = &mut self.receiver {
            let told = receiver.wait_for(Option::is_some).await.ok().and_then(|told| told.clone());
            if let Some(prediction) = told {
                self.receiver = None;
                return prediction;
            }
        }
        std::future::pending().await
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        let mut state = self.room.state();
        // Within the lock, so that of two that go at once the second sees that it is the last.
        self.receiver = None;
        if state.waiting.get(&self.job_id).is_some_and(|sender| sender.receiver_count() == 0) {
            state.waiting.remove(&self.job_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Status;

    fn ended(id: &str) -> Arc<Prediction> {
        Arc::new(Prediction::new(id, Status::Completed))
    }

    async fn look(mailbox: &mut Mailbox) -> Option<String> {
        match mailbox.delivery_or(std::future::ready(WaitEvent::Woke)).await {
            WaitEvent::Delivered(prediction) => Some(prediction.id.clone()),
            _ => None,
        }
    }

    #[tokio::test]
    async fn what_is_left_reaches_every_wait_for_it_once() {
        let room = Arc::<Mailroom>::default();
        let (mut a, mut b, mut other) = (room.mailbox("j"), room.mailbox("j"), room.mailbox("k"));
        assert_eq!(look(&mut a).await, None);
        assert!(room.leave(ended("j")));
        assert_eq!(look(&mut a).await.as_deref(), Some("j"));
        assert_eq!(look(&mut a).await, None, "once");
        assert_eq!(look(&mut b).await.as_deref(), Some("j"));
        assert_eq!(look(&mut other).await, None);

        let mut late = room.mailbox("j");
        assert_eq!(look(&mut late).await.as_deref(), Some("j"), "also to one that begins later");
        assert!(!room.leave(ended("j")), "the same again is nobody's news");
    }

    #[tokio::test]
    async fn a_state_that_is_not_final_is_not_kept() {
        let room = Arc::<Mailroom>::default();
        let mut mailbox = room.mailbox("j");
        assert!(!room.leave(Arc::new(Prediction::new("j", Status::Processing))));
        assert_eq!(look(&mut mailbox).await, None);
    }

    #[test]
    fn what_nobody_waits_for_is_forgotten_in_time_and_waits_leave_nothing_behind() {
        let room = Arc::<Mailroom>::default();
        for number in 0..KEPT + 10 {
            assert!(!room.leave(ended(&number.to_string())));
        }
        assert_eq!(room.state().kept.len(), KEPT);
        assert_eq!(room.state().kept.front().unwrap().id, "10");

        let (a, b) = (room.mailbox("j"), room.mailbox("j"));
        drop(a);
        assert_eq!(room.state().waiting.len(), 1);
        drop(b);
        assert_eq!(room.state().waiting.len(), 0);
    }
}
