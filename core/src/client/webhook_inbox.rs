//! Routes webhook deliveries to the waits for their jobs.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::{Either, select};
use tokio::sync::watch;

use crate::protocol::{Prediction, WaitEvent, is_conclusive};

/// The number of terminal predictions that are kept for later waits: a webhook may arrive before the
/// response to the submit.
const MAX_KEPT: usize = 1024;

type Delivered = Option<Arc<Prediction>>;

/// Holds delivered predictions and notifies the waits for their jobs.
#[derive(Default)]
pub(super) struct WebhookInbox {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: HashMap<String, watch::Sender<Delivered>>,
    /// The latest terminal predictions, newest last.
    kept: VecDeque<Arc<Prediction>>,
}

impl WebhookInbox {
    /// Publishes a prediction and returns whether a wait received it. Ignores predictions that are not
    /// terminal, and completed ones without outputs.
    pub(super) fn publish(&self, prediction: Arc<Prediction>) -> bool {
        let (id, status) = (&prediction.id, &prediction.status);
        if !is_conclusive(&prediction) {
            tracing::debug!(job = id, %status, "ignored a delivery that does not end the wait");
            return false;
        }
        let mut state = self.state();
        let sender = state.waiting.remove(id);
        tracing::debug!(job = id, %status, awaited = sender.is_some(), "received a delivery");
        state.kept.retain(|kept| kept.id != *id);
        if state.kept.len() == MAX_KEPT {
            state.kept.pop_front();
        }
        state.kept.push_back(Arc::clone(&prediction));
        sender.is_some_and(|sender| sender.send(Some(prediction)).is_ok())
    }

    /// Returns a subscription to the deliveries of a job, including an earlier one.
    pub(super) fn subscribe(self: &Arc<Self>, job_id: &str) -> Subscription {
        let mut state = self.state();
        let kept = state.kept.iter().find(|kept| kept.id == job_id).cloned();
        let receiver = match kept {
            Some(prediction) => watch::Sender::new(Some(prediction)).subscribe(),
            None => {
                let sender = state.waiting.entry(job_id.to_owned());
                sender.or_insert_with(|| watch::Sender::new(None)).subscribe()
            }
        };
        Subscription {
            inbox: Arc::clone(self),
            job_id: job_id.to_owned(),
            receiver: Some(receiver),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The subscription of one wait.
pub(super) struct Subscription {
    inbox: Arc<WebhookInbox>,
    job_id: String,
    /// `None` after the delivery was received.
    receiver: Option<watch::Receiver<Delivered>>,
}

impl Subscription {
    /// Returns the delivery or the result of `work`, whichever is first, and drops the other.
    pub(super) async fn race(&mut self, work: impl Future<Output = WaitEvent>) -> WaitEvent {
        let delivery = pin!(self.delivery());
        // A delivery that is already there wins, so that no poll is sent.
        match select(delivery, pin!(work)).await {
            Either::Left((prediction, _)) => WaitEvent::Delivered(prediction),
            Either::Right((event, _)) => event,
        }
    }

    /// Returns the delivery once; pending forever if there is none.
    async fn delivery(&mut self) -> Arc<Prediction> {
        if let Some(receiver) = &mut self.receiver {
            let delivered = receiver
                .wait_for(Option::is_some)
                .await
                .ok()
                .and_then(|delivered| delivered.clone());
            if let Some(prediction) = delivered {
                self.receiver = None;
                return prediction;
            }
        }
        std::future::pending().await
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut state = self.inbox.state();
        // Under the lock, so that the last of two concurrent drops sees that it is the last.
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
        Arc::new(Prediction::new(id, Status::Failed))
    }

    async fn receive(subscription: &mut Subscription) -> Option<String> {
        match subscription.race(std::future::ready(WaitEvent::Woke)).await {
            WaitEvent::Delivered(prediction) => Some(prediction.id.clone()),
            _ => None,
        }
    }

    #[tokio::test]
    async fn every_wait_receives_a_delivery_once() {
        let inbox = Arc::<WebhookInbox>::default();
        let (mut a, mut b, mut other) =
            (inbox.subscribe("j"), inbox.subscribe("j"), inbox.subscribe("k"));
        assert_eq!(receive(&mut a).await, None);
        assert!(inbox.publish(ended("j")));
        assert_eq!(receive(&mut a).await.as_deref(), Some("j"));
        assert_eq!(receive(&mut a).await, None, "once");
        assert_eq!(receive(&mut b).await.as_deref(), Some("j"));
        assert_eq!(receive(&mut other).await, None);

        let mut late = inbox.subscribe("j");
        assert_eq!(receive(&mut late).await.as_deref(), Some("j"), "a later wait receives it, too");
        assert!(!inbox.publish(ended("j")), "no wait receives a repeated delivery");
    }

    #[tokio::test]
    async fn a_prediction_that_is_not_terminal_is_not_kept() {
        let inbox = Arc::<WebhookInbox>::default();
        let mut subscription = inbox.subscribe("j");
        assert!(!inbox.publish(Arc::new(Prediction::new("j", Status::Processing))));
        assert_eq!(receive(&mut subscription).await, None);
    }

    #[test]
    fn old_deliveries_are_dropped_and_waits_leave_no_entries() {
        let inbox = Arc::<WebhookInbox>::default();
        for number in 0..MAX_KEPT + 10 {
            assert!(!inbox.publish(ended(&number.to_string())));
        }
        assert_eq!(inbox.state().kept.len(), MAX_KEPT);
        assert_eq!(inbox.state().kept.front().unwrap().id, "10");

        let (a, b) = (inbox.subscribe("j"), inbox.subscribe("j"));
        drop(a);
        assert_eq!(inbox.state().waiting.len(), 1);
        drop(b);
        assert_eq!(inbox.state().waiting.len(), 0);
    }
}
