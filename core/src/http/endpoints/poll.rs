//! Polls: what a response says about the job.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::error::Error;
use crate::http::body::{Exchange, FullResponse};
use crate::http::envelope::Envelope;
use crate::http::error_mapping::{
    connection_error, describe_unexpected, request_id, status_error, unexpected, without_key,
};
use crate::http::retry_after::retry_after;
use crate::protocol::parse as prediction;
use crate::protocol::{PollResponse, Prediction, is_retryable};

/// Classifies the outcome of a poll.
pub(crate) fn classify(job_id: &str, exchange: Exchange) -> PollResponse {
    match exchange {
        Ok(response) => responded(job_id, &response),
        Err(error) => {
            let error = connection_error(&operation(job_id), error);
            PollResponse::Temporary { error, retry_after: None }
        }
    }
}

/// Returns whether the server does not know the path, as opposed to the job: the service responds in
/// JSON, and a server without the route does not.
pub(crate) fn is_no_such_route(exchange: &Exchange) -> bool {
    exchange
        .as_ref()
        .is_ok_and(|response| response.status == 404 && Envelope::of(response).json.is_none())
}

fn operation(job_id: &str) -> String {
    format!("getting job {job_id}")
}

fn responded(job_id: &str, response: &FullResponse) -> PollResponse {
    let retry_after = retry_after(&response.headers, SystemTime::now());
    match seen(job_id, response) {
        Some(prediction) if prediction.id == job_id => {
            PollResponse::State { prediction: Arc::new(prediction), retry_after }
        }
        Some(other) => {
            let what = format!("it is about job {}", other.id);
            let error = unexpected(&operation(job_id), response, &what);
            PollResponse::Temporary { error, retry_after }
        }
        None => not_seen(&operation(job_id), response, retry_after),
    }
}

fn seen(job_id: &str, response: &FullResponse) -> Option<Prediction> {
    let is_success = (200..300).contains(&response.status);
    if !is_success {
        return None;
    }
    let mut prediction = match prediction::parse_documented(&response.body) {
        Some(prediction) => prediction,
        None => prediction::parse(Envelope::of(response).take_data()?, Some(job_id))?,
    };
    prediction.request_id = request_id(&response.headers);
    Some(without_key(prediction, response))
}

fn not_seen(
    operation: &str,
    response: &FullResponse,
    retry_after: Option<Duration>,
) -> PollResponse {
    let envelope = Envelope::of(response);
    if envelope.is_success() {
        let error = unexpected(operation, response, &describe_unexpected(response, &envelope));
        return PollResponse::Temporary { error, retry_after };
    }
    let error = status_error(operation, response, &envelope);
    if envelope.json.is_none() {
        // The service responds in JSON. This is a gateway, whose failure may be temporary.
        return PollResponse::Temporary { error, retry_after };
    }
    refused(envelope.status, error, retry_after)
}

/// Classifies a poll that was not a success: the service's documentation says to continue after
/// retryable statuses and to stop at others.
fn refused(status: u16, error: Error, retry_after: Option<Duration>) -> PollResponse {
    match status {
        404 => PollResponse::NotFound(error),
        status if is_retryable(status) => PollResponse::Temporary { error, retry_after },
        _ => PollResponse::Rejected(error),
    }
}

#[cfg(test)]
mod tests;
