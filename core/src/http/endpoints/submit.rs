//! The submit: what its answer means for the money.

use std::sync::Arc;
use std::time::SystemTime;

use crate::http::body::{Answer, Exchange};
use crate::http::envelope::Envelope;
use crate::http::error_mapping::{
    connection_error, request_id, status_error, unexpected, what_is_odd,
};
use crate::http::retry_after::retry_after;
use crate::http::transport::{Sent, TransportError};
use crate::protocol::parse as prediction;
use crate::protocol::{Prediction, Resend, SubmitResponse};

/// What the outcome of a submit means; `model` is for messages.
pub(crate) fn classify(model: &str, exchange: Exchange) -> SubmitResponse {
    let doing = format!("submitting {model}");
    match exchange {
        Ok(answer) => answered(&doing, &answer),
        Err(error) => broken(&doing, error),
    }
}

fn broken(doing: &str, error: TransportError) -> SubmitResponse {
    let sent = error.sent;
    let error = connection_error(doing, error);
    match sent {
        Sent::No => SubmitResponse::Refused { error, resend: Resend::After(None) },
        Sent::Maybe => SubmitResponse::Lost(error),
    }
}

fn answered(doing: &str, answer: &Answer) -> SubmitResponse {
    if let Some(prediction) = accepted(answer) {
        return SubmitResponse::Accepted(Arc::new(prediction));
    }
    let envelope = Envelope::of(answer);
    if envelope.is_success() {
        return SubmitResponse::Lost(unexpected(doing, answer, &what_is_odd(answer, &envelope)));
    }
    let error = status_error(doing, answer, &envelope);
    match envelope.status {
        429 => SubmitResponse::Refused {
            error,
            resend: Resend::After(retry_after(&answer.headers, SystemTime::now())),
        },
        // 303 says "done, look there"; the other redirects say "not here".
        301 | 302 | 307 | 308 | 400..=499 => {
            SubmitResponse::Refused { error, resend: Resend::Never }
        }
        _ => SubmitResponse::Lost(error),
    }
}

/// An id is proof of a job, whatever else the answer says; a 4xx with one has never been seen and
/// stays a refusal.
fn accepted(answer: &Answer) -> Option<Prediction> {
    let mut envelope = Envelope::of(answer);
    if (400..500).contains(&envelope.status) {
        return None;
    }
    let mut prediction = prediction::parse(envelope.take_data()?, None)?;
    prediction.request_id = request_id(&answer.headers);
    Some(prediction)
}

#[cfg(test)]
mod tests;
