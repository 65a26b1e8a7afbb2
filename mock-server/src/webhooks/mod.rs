//! Webhooks: a job that was submitted with `?webhook=` tells its end there, signed as the service
//! signs, again and again until it is heard.
//!
//! What is to be sent and when is decided in [`desk`] without any I/O, on the world's clock;
//! [`courier`] carries it out: side by side where the clock runs, so that a slow receiver holds up
//! its own job alone; one after the other where the clock stands or the script sets the order.

mod courier;
mod desk;
mod post;
mod record;
mod sign;

pub(crate) use courier::Courier;
pub(crate) use desk::{Desk, touch};
pub use record::{DeliveryState, WebhookAttempt, WebhookDelivery};

use crate::world::World;

impl World {
    /// The deliveries so far, in the order in which they came up.
    #[must_use]
    pub fn webhooks(&self) -> Vec<WebhookDelivery> {
        self.state().webhooks.records()
    }

    /// Sends a delivery again, at once, with a new signature and all its retries; `false` where
    /// there is no delivery with this number.
    pub fn redeliver(&self, number: u64) -> bool {
        let found = {
            let mut state = self.state();
            let now = state.clock.elapsed();
            state.webhooks.again(number, now)
        };
        self.shared.courier.ring();
        found
    }

    /// The secret that webhooks are signed with now.
    #[must_use]
    pub fn webhook_secret(&self) -> String {
        self.state().webhooks.secret(self.id())
    }

    /// Replaces the secret; what was signed before keeps its signature.
    pub fn rotate_webhook_secret(&self) {
        self.state().webhooks.rotate();
    }

    /// Waits until every webhook that fell due by the world's clock was sent and answered, or
    /// given up for now.
    pub async fn settled(&self) {
        self.shared.courier.settled().await;
    }

    /// Takes note of an exchange that was about a job: its webhook may be due. Where the script
    /// wants it before the submit's answer, this returns when it was sent.
    pub(crate) async fn note_webhook(&self, job_id: Option<&str>, is_submit: bool) {
        let Some(job_id) = job_id else { return };
        let ahead = {
            let mut state = self.state();
            if state.job(job_id).is_none_or(|job| job.webhook.is_none()) {
                return;
            }
            if is_submit {
                desk::expect(&mut state, job_id)
            } else {
                touch(&mut state, job_id);
                false
            }
        };
        if is_submit {
            self.shared.courier.start(self);
        }
        self.shared.courier.ring();
        if ahead {
            self.settled().await;
        }
    }
}
