//! Submits: whether a response means that a job exists.

use std::sync::Arc;
use std::time::SystemTime;

use serde_json::Value;

use crate::http::body::{Exchange, FullResponse};
use crate::http::envelope::Envelope;
use crate::http::error_mapping::{
    connection_error, describe_unexpected, request_id, status_error, unexpected, without_key,
};
use crate::http::retry_after::retry_after;
use crate::http::transport::{Sent, TransportError};
use crate::protocol::parse as prediction;
use crate::protocol::{Prediction, Resend, SubmitResponse};

/// Classifies the outcome of a submit; `model` is for messages.
pub(crate) fn classify(model: &str, exchange: Exchange) -> SubmitResponse {
    let operation = format!("submitting {model}");
    match exchange {
        Ok(response) => responded(&operation, &response),
        Err(error) => match error.part.as_deref().and_then(accepted) {
            Some(prediction) => SubmitResponse::Accepted(Arc::new(prediction)),
            None => broken(&operation, error),
        },
    }
}

fn broken(operation: &str, error: TransportError) -> SubmitResponse {
    let sent = error.sent;
    let error = connection_error(operation, error);
    match sent {
        Sent::No => SubmitResponse::Rejected { error, resend: Resend::After(None) },
        Sent::Maybe => SubmitResponse::Lost(error),
    }
}

fn responded(operation: &str, response: &FullResponse) -> SubmitResponse {
    if let Some(prediction) = accepted(response) {
        return SubmitResponse::Accepted(Arc::new(prediction));
    }
    let envelope = Envelope::of(response);
    if envelope.is_success() {
        return SubmitResponse::Lost(unexpected(
            operation,
            response,
            &describe_unexpected(response, &envelope),
        ));
    }
    let error = status_error(operation, response, &envelope);
    match envelope.status {
        429 => SubmitResponse::Rejected {
            error,
            resend: Resend::After(retry_after(&response.headers, SystemTime::now())),
        },
        // 303 means that the request was processed. The other redirects mean that it was not.
        301 | 302 | 307 | 308 | 400..=499 => {
            SubmitResponse::Rejected { error, resend: Resend::Never }
        }
        _ => SubmitResponse::Lost(error),
    }
}

/// Returns the job in a response. Its id is proof of a job, whatever else is wrong with the response:
/// the status, the encoding, an incomplete body.
fn accepted(response: &FullResponse) -> Option<Prediction> {
    let mut job = match prediction::parse_documented(&response.body) {
        Some(job) => job,
        None => accepted_in_any_form(response)?,
    };
    job.request_id = request_id(&response.headers);
    Some(without_key(job, response))
}

/// An id outside `data` can be that of a request; it counts only next to a status, or in a success.
fn accepted_in_any_form(response: &FullResponse) -> Option<Prediction> {
    let envelope = Envelope::of_part(response);
    let is_success = envelope.is_success();
    let mut json = envelope.json?;
    let data = json.get_mut("data").map(Value::take);
    data.and_then(prediction::parse_by_id).or_else(|| {
        if is_success { prediction::parse_by_id(json) } else { prediction::parse(json, None) }
    })
}

#[cfg(test)]
mod tests;
