//! Deliveries of webhooks.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use viseme::webhook::{Delivery, Verifier, WebhookSecret};

use crate::message::{outcome, refusal};
use crate::show::prediction::PredictionView;
use crate::time::{Millis, Moment, since_1970};

/// A delivery that was verified.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeliveryView {
    id: String,
    sent_at: f64,
    prediction: PredictionView,
}

impl DeliveryView {
    pub(crate) fn of(delivery: Delivery) -> Self {
        Self {
            id: delivery.id,
            sent_at: since_1970(delivery.sent_at),
            prediction: PredictionView::of(delivery.prediction),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verification {
    secrets: Vec<String>,
    headers: Vec<(String, String)>,
    tolerance_ms: Option<Millis>,
    now: Option<Moment>,
}

/// Verifies a delivery and reads it; what came of it, as JSON.
#[must_use]
pub fn verify_webhook(request: &str, body: &[u8]) -> String {
    match serde_json::from_str(request) {
        Ok(verification) => outcome(receive(verification, body).map(DeliveryView::of)),
        Err(error) => refusal("webhook", format!("The webhook cannot be verified: {error}.")),
    }
}

fn receive(verification: Verification, body: &[u8]) -> viseme::Result<Delivery> {
    let Verification { secrets, headers, tolerance_ms, now } = verification;
    let mut secrets = secrets.into_iter();
    let mut verifier = Verifier::new(WebhookSecret::new(secrets.next().unwrap_or_default())?);
    for secret in secrets {
        verifier = verifier.or(WebhookSecret::new(secret)?);
    }
    if let Some(Millis(tolerance)) = tolerance_ms {
        verifier = verifier.tolerance(tolerance);
    }
    verifier.receive(headers, body, now.map_or_else(SystemTime::now, |now| now.0))
}
