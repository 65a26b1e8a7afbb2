//! The submit: what its answer means for the money.

use std::sync::Arc;
use std::time::SystemTime;

use serde_json::Value;

use crate::http::body::{Answer, Exchange};
use crate::http::envelope::Envelope;
use crate::http::error_mapping::{
    connection_error, request_id, status_error, unexpected, what_is_odd, without_key,
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
        Err(error) => match error.part.as_deref().and_then(accepted) {
            Some(prediction) => SubmitResponse::Accepted(Arc::new(prediction)),
            None => broken(&doing, error),
        },
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

/// Returns the job in an answer. Its id is proof of a job, whatever else is wrong with the answer:
/// the status, the encoding, a body that breaks off. An id outside `data` can be that of a request;
/// it counts only next to a status, or in a success.
fn accepted(answer: &Answer) -> Option<Prediction> {
    let envelope = Envelope::of_part(answer);
    let is_success = envelope.is_success();
    let mut json = envelope.json?;
    let data = json.get_mut("data").map(Value::take);
    let job = data.and_then(prediction::parse_by_id).or_else(|| {
        if is_success { prediction::parse_by_id(json) } else { prediction::parse(json, None) }
    });
    let mut job = job?;
    job.request_id = request_id(&answer.headers);
    Some(without_key(job, answer))
}

#[cfg(test)]
mod tests;
