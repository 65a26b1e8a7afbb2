//! Requests that were refused, as faults of the mock server.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use viseme_mock::scenario::{Body, FaultAction, Nth, RetryAfter, Span, StatusResponse};
use viseme_mock::{Fault, RequestKind, WireFault};

use crate::recording::{
    Endpoint, Origin, RecordedBody, RecordedExchange, RecordedResponse, Recording,
};

/// How often a refusal happened, and at which requests.
struct Refusal {
    kind: RequestKind,
    action: FaultAction,
    /// The numbers of the requests of this kind in their recording, counted from 1.
    nth: Vec<u64>,
}

/// Returns the faults that refuse requests as they were refused. The recorder's own polls do not count:
/// a client that is played to does not send them.
///
/// In one recording it is the n-th request of its kind. The requests of several recordings have no common
/// order; a refusal has the probability that it had in all of them.
pub(super) fn faults(recordings: &[Recording]) -> Vec<Fault> {
    let mut refusals: Vec<Refusal> = Vec::new();
    let mut totals: Vec<(RequestKind, u64)> = Vec::new();
    for recording in recordings {
        let mut numbers: Vec<(RequestKind, u64)> = Vec::new();
        for exchange in &recording.exchanges {
            if exchange.by != Origin::Client {
                continue;
            }
            let kind = request_kind(exchange.endpoint);
            count(&mut totals, kind);
            let nth = count(&mut numbers, kind);
            let Some(action) = refusal(recording, exchange) else { continue };
            match refusals.iter_mut().find(|it| it.kind == kind && it.action == action) {
                Some(known) => known.nth.push(nth),
                None => refusals.push(Refusal { kind, action, nth: vec![nth] }),
            }
        }
    }
    if recordings.len() == 1 {
        refusals.into_iter().map(at_requests).collect()
    } else {
        by_probability(refusals, &totals)
    }
}

/// Counts a request and returns its number.
fn count(numbers: &mut Vec<(RequestKind, u64)>, kind: RequestKind) -> u64 {
    match numbers.iter_mut().find(|(known, _)| *known == kind) {
        Some((_, number)) => {
            *number += 1;
            *number
        }
        None => {
            numbers.push((kind, 1));
            1
        }
    }
}

fn at_requests(refusal: Refusal) -> Fault {
    let nth = match refusal.nth.as_slice() {
        [one] => Nth::One(*one),
        many => Nth::Many(many.to_vec()),
    };
    Fault { nth: Some(nth), action: refusal.action, ..Fault::at(refusal.kind) }
}

fn by_probability(refusals: Vec<Refusal>, totals: &[(RequestKind, u64)]) -> Vec<Fault> {
    let mut left = totals.to_vec();
    let mut faults = Vec::new();
    for refusal in refusals {
        let Some((_, left)) = left.iter_mut().find(|(kind, _)| *kind == refusal.kind) else {
            continue;
        };
        let times = refusal.nth.len() as u64;
        // The mock asks one fault after the other: this one is asked only if those before it did not
        // trigger.
        let probability = (times as f64 / (*left).max(1) as f64).min(1.0);
        *left = left.saturating_sub(times);
        faults.push(Fault {
            action: refusal.action,
            ..Fault::at(refusal.kind).probability(probability)
        });
    }
    faults
}

/// Returns the mock's kind of a request.
fn request_kind(endpoint: Endpoint) -> RequestKind {
    match endpoint {
        Endpoint::Submit => RequestKind::Submit,
        Endpoint::Poll => RequestKind::Poll,
        Endpoint::Presign => RequestKind::Presign,
        Endpoint::Put | Endpoint::MultipartUpload => RequestKind::Put,
        Endpoint::File => RequestKind::Output,
        Endpoint::History => RequestKind::History,
        _ => RequestKind::Other,
    }
}

/// Returns what the mock must do to refuse a request as it was refused. A submit can be refused for any
/// reason. The refusals of other requests count if they are temporary: an unknown id gets 404 from the
/// mock by itself.
fn refusal(recording: &Recording, exchange: &RecordedExchange) -> Option<FaultAction> {
    let Some(response) = &exchange.response else {
        // A client that disconnects is not the service's doing.
        return (!exchange.client_left).then_some(FaultAction::Wire(WireFault::Close));
    };
    let is_submit = exchange.endpoint == Endpoint::Submit;
    match response.status {
        // The mock refuses the request, as with any other status.
        200..=299 if is_submit && is_envelope_error(&response.body) => {
            Some(status_response(recording, exchange, response))
        }
        429 | 500..=599 => Some(status_response(recording, exchange, response)),
        400..=499 if is_submit => Some(status_response(recording, exchange, response)),
        _ => None,
    }
}

/// Returns whether a body says that the request failed, whatever the HTTP status is.
fn is_envelope_error(body: &RecordedBody) -> bool {
    let Some(value) = json(body) else { return false };
    let code = value.get("code").and_then(Value::as_i64);
    code.is_some_and(|code| code != 200) && value.get("data").is_none_or(Value::is_null)
}

fn status_response(
    recording: &Recording,
    exchange: &RecordedExchange,
    response: &RecordedResponse,
) -> FaultAction {
    let arrived = exchange.at_ms.saturating_add(response.head_after_ms);
    let arrived = SignedDuration::from_millis(i64::try_from(arrived).unwrap_or(i64::MAX));
    let now = recording.started_at.saturating_add(arrived).unwrap_or(recording.started_at);
    let retry_after = response.headers.get("retry-after").map(|text| retry_after(text, now));
    FaultAction::Status(StatusResponse {
        status: response.status,
        retry_after,
        body: body(response),
        location: None,
    })
}

/// Reads `Retry-After`: seconds, a date, or any other text. A date is played as far in the future as it was.
fn retry_after(text: &str, now: Timestamp) -> RetryAfter {
    if let Some(seconds) = text.trim().parse().ok().filter(|seconds| *seconds <= 10_000_000_000) {
        return RetryAfter::Seconds(Span::secs(seconds));
    }
    match jiff::fmt::rfc2822::parse(text.trim()) {
        Ok(date) => {
            let wait = date.timestamp().duration_since(now);
            // Whole seconds, as far as the header can say.
            let seconds = u64::try_from(wait.as_millis()).unwrap_or_default().div_ceil(1000);
            RetryAfter::Date { date: Span::secs(seconds.min(10_000_000_000)) }
        }
        Err(_) => RetryAfter::Raw { raw: text.chars().filter(|c| !c.is_control()).collect() },
    }
}

fn body(response: &RecordedResponse) -> Option<Body> {
    let kind = response.headers.get("content-type").map(String::as_str).unwrap_or_default();
    match &response.body {
        RecordedBody::Empty => Some(Body::Empty),
        RecordedBody::Text { .. } if kind.starts_with("text/html") => Some(Body::Html),
        RecordedBody::Text { text } => Some(Body::Text(text.replace('\0', ""))),
        body => {
            // A scenario has no NUL characters.
            let value = json(body).filter(|value| !value.to_string().contains("\\u0000"));
            value.cloned().map(Body::Value)
        }
    }
}

fn json(body: &RecordedBody) -> Option<&Value> {
    match body {
        RecordedBody::Json { value } | RecordedBody::Shape { value } => Some(value),
        _ => None,
    }
}
