//! The submit: what its answer means for the money.

use std::sync::Arc;
use std::time::SystemTime;

use super::body::{Answer, Exchange};
use super::envelope::Envelope;
use super::failure::{connection_error, status_error, unexpected, what_is_odd};
use super::prediction;
use super::retry_after::retry_after;
use super::transport::{Sent, TransportError};
use crate::protocol::{Prediction, Resend, SubmitAnswer};

/// What the outcome of a submit means; `model` is for messages.
pub(crate) fn classify(model: &str, exchange: Exchange) -> SubmitAnswer {
    let doing = format!("submitting {model}");
    match exchange {
        Ok(answer) => answered(&doing, &answer),
        Err(error) => broken(&doing, error),
    }
}

fn broken(doing: &str, error: TransportError) -> SubmitAnswer {
    let sent = error.sent;
    let error = connection_error(doing, error);
    match sent {
        Sent::No => SubmitAnswer::Refused { error, resend: Resend::After(None) },
        Sent::Maybe => SubmitAnswer::Lost(error),
    }
}

fn answered(doing: &str, answer: &Answer) -> SubmitAnswer {
    if let Some(prediction) = accepted(answer) {
        return SubmitAnswer::Accepted(Arc::new(prediction));
    }
    let envelope = Envelope::of(answer);
    if envelope.is_success() {
        return SubmitAnswer::Lost(unexpected(doing, answer, &what_is_odd(answer, &envelope)));
    }
    let error = status_error(doing, answer, &envelope);
    match envelope.status {
        429 => SubmitAnswer::Refused {
            error,
            resend: Resend::After(retry_after(&answer.headers, SystemTime::now())),
        },
        // 303 says "done, look there"; the other redirects say "not here".
        301 | 302 | 307 | 308 | 400..=499 => SubmitAnswer::Refused { error, resend: Resend::Never },
        _ => SubmitAnswer::Lost(error),
    }
}

/// An id is proof of a job, whatever else the answer says; a 4xx with one has never been seen and
/// stays a refusal.
fn accepted(answer: &Answer) -> Option<Prediction> {
    let mut envelope = Envelope::of(answer);
    if (400..500).contains(&envelope.status) {
        return None;
    }
    prediction::parse(envelope.take_data()?, None)
}

#[cfg(test)]
mod tests;
