//! What a test may know of a delivery.

use serde::Serialize;

/// A webhook that was to be sent, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WebhookDelivery {
    /// Its number in the world, from 1.
    pub number: u64,
    /// The job it is about; its `webhook-id` as well.
    pub job_id: String,
    /// Where it goes.
    pub url: String,
    /// 0, or which copy of the delivery before it is.
    pub copy: u32,
    /// What became of it.
    pub state: DeliveryState,
    /// The body that was signed.
    pub body: String,
    /// The attempts, oldest first.
    pub attempts: Vec<WebhookAttempt>,
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Still to be sent, or to be sent again.
    Waiting,
    /// Answered with 2xx.
    Delivered,
    /// Every attempt failed.
    GivenUp,
    /// Never sent, as the script has it.
    Dropped,
}

/// One attempt to send it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WebhookAttempt {
    /// When, by the world's clock.
    pub at: String,
    /// The header `webhook-timestamp`.
    pub timestamp: i64,
    /// The header `webhook-signature`; `None` where the script leaves it out.
    pub signature: Option<String>,
    /// How many bytes of the body were sent.
    pub bytes: usize,
    /// The status of the answer; `None` where none came.
    pub status: Option<u16>,
    /// Why there is no answer.
    pub error: Option<String>,
}
