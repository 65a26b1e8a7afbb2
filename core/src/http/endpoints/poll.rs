//! A poll: what its answer says of the job.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::error::Error;
use crate::http::body::{Answer, Exchange};
use crate::http::envelope::Envelope;
use crate::http::error_mapping::{
    connection_error, request_id, status_error, unexpected, what_is_odd, without_key,
};
use crate::http::retry_after::retry_after;
use crate::protocol::parse as prediction;
use crate::protocol::{PollResponse, Prediction, is_retryable};

/// What the outcome of a poll of that job means.
pub(crate) fn classify(job_id: &str, exchange: Exchange) -> PollResponse {
    match exchange {
        Ok(answer) => answered(job_id, &answer),
        Err(error) => {
            let error = connection_error(&doing(job_id), error);
            PollResponse::Trouble { error, retry_after: None }
        }
    }
}

/// Whether the server does not know the path, as opposed to the job: the service answers in JSON,
/// a server without the route does not.
pub(crate) fn is_no_such_route(exchange: &Exchange) -> bool {
    exchange
        .as_ref()
        .is_ok_and(|answer| answer.status == 404 && Envelope::of(answer).json.is_none())
}

fn doing(job_id: &str) -> String {
    format!("asking for job {job_id}")
}

fn answered(job_id: &str, answer: &Answer) -> PollResponse {
    let retry_after = retry_after(&answer.headers, SystemTime::now());
    match seen(job_id, answer) {
        Some(prediction) if prediction.id == job_id => {
            PollResponse::Seen { prediction: Arc::new(prediction), retry_after }
        }
        Some(other) => {
            let what = format!("it is about job {}", other.id);
            let error = unexpected(&doing(job_id), answer, &what);
            PollResponse::Trouble { error, retry_after }
        }
        None => not_seen(&doing(job_id), answer, retry_after),
    }
}

fn seen(job_id: &str, answer: &Answer) -> Option<Prediction> {
    let is_success = (200..300).contains(&answer.status);
    let data = is_success.then(|| Envelope::of(answer).take_data()).flatten()?;
    let mut prediction = prediction::parse(data, Some(job_id))?;
    prediction.request_id = request_id(&answer.headers);
    Some(without_key(prediction, answer))
}

fn not_seen(doing: &str, answer: &Answer, retry_after: Option<Duration>) -> PollResponse {
    let envelope = Envelope::of(answer);
    if envelope.is_success() {
        let error = unexpected(doing, answer, &what_is_odd(answer, &envelope));
        return PollResponse::Trouble { error, retry_after };
    }
    let error = status_error(doing, answer, &envelope);
    if envelope.json.is_none() {
        // The service answers in JSON. This is a gateway in between, whose trouble may pass.
        return PollResponse::Trouble { error, retry_after };
    }
    refused(envelope.status, error, retry_after)
}

/// Classifies a poll that was not a success: the service's documentation says to continue after
/// retryable statuses and to stop at others.
fn refused(status: u16, error: Error, retry_after: Option<Duration>) -> PollResponse {
    match status {
        404 => PollResponse::Unknown(error),
        status if is_retryable(status) => PollResponse::Trouble { error, retry_after },
        _ => PollResponse::Refused(error),
    }
}

#[cfg(test)]
mod tests;
