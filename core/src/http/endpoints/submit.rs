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
use crate::protocol::{Prediction, Resend, Status, SubmitResponse};

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
    let in_body = envelope.json.and_then(|mut json| {
        let data = json.get_mut("data").map(Value::take);
        data.and_then(|data| prediction::parse_by_id(with_id(data, is_success))).or_else(|| {
            if is_success {
                prediction::parse_by_id(with_id(json, is_success))
            } else {
                prediction::parse(json, None)
            }
        })
    });
    match in_body {
        None if is_success => Some(Prediction::new(id_in_location(response)?, Status::Created)),
        found => found,
    }
}

/// Other names of a job's id, as gateways and other versions of the service use them.
const ID_NAMES: [&str; 4] = ["prediction_id", "predictionId", "task_id", "job_id"];

/// Returns the job with its id in `id`, if the id has another name, or if the job is alone in a list or one
/// level deeper. What an error holds there can be an account or a limit, so there an id of another name
/// counts only next to a status.
fn with_id(data: Value, is_success: bool) -> Value {
    let mut data = match data {
        Value::Array(mut items) if items.len() == 1 => items.swap_remove(0),
        other => other,
    };
    let Some(fields) = data.as_object_mut() else { return data };
    if fields.get("id").is_some_and(is_id) {
        return data;
    }
    let other_name = ID_NAMES.iter().filter_map(|name| fields.get(*name)).find(|id| is_id(id));
    if let Some(id) = other_name.cloned()
        && (is_success || fields.contains_key("status"))
    {
        fields.insert("id".to_owned(), id);
        return data;
    }
    if !is_success {
        return data;
    }
    // An id without a status can be that of anything: of a request, of a user.
    let is_job =
        |inner: &&mut Value| inner.get("id").is_some_and(is_id) && inner.get("status").is_some();
    match fields.values_mut().find(is_job) {
        Some(job) => job.take(),
        None => data,
    }
}

fn is_id(value: &Value) -> bool {
    value.is_number() || value.as_str().is_some_and(|id| !id.trim().is_empty())
}

/// Returns the id in the path of a result: `/api/v3/predictions/ID/result`.
fn id_in_url(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("/predictions/")?;
    let id = rest.split(['/', '?', '#']).next()?;
    let is_plain = id.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    (is_plain && !id.is_empty()).then(|| id.to_owned())
}

/// Returns the id in the address that a success states for what it created.
fn id_in_location(response: &FullResponse) -> Option<String> {
    let location = response.headers.get(http::header::LOCATION)?;
    id_in_url(location.to_str().ok()?)
}

#[cfg(test)]
mod tests;
