//! Any response to any request: the invariants of every reader of responses.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use url::Url;

use super::body::{Exchange, FullResponse};
use super::endpoints::{balance, billings, deletion, models, price, usage};
use super::error_mapping::{describe_unexpected, status_error, unexpected};
use super::file_name::safe_file_name;
use super::retry::RequestFailure;
use super::retry_after::retry_after;
use super::{
    endpoints::{history, poll, submit, webhook_secret},
    envelope::Envelope,
    json_response, legacy_upload, presigned_upload,
};
use crate::error::{Error, ResponseInfo};
use crate::fuzz_input::{head_and_body, pairs};
use crate::protocol::{PollResponse, Prediction, Resend, SubmitResponse, job_outcome};

const JOB: &str = "e6832d4abffb4d79bfbca19783fca133";
const MODEL: &str = "kwaivgi/kling-lipsync/audio-to-video";

/// A message is a sentence that quotes a little of the response, never the whole of it.
const LONGEST_MESSAGE: usize = 2048;

/// A response of the API: a line with the status, lines with headers, an empty line, the body. Every
/// reader of responses sees it.
pub fn response(data: &[u8]) {
    let (head, body) = head_and_body(data);
    let status = head.lines().next().and_then(|line| line.trim().parse().ok()).unwrap_or(200);
    let headers = header_map(&head);
    let body = Bytes::copy_from_slice(body);
    let made = || FullResponse::new(status, headers.clone(), body.clone());
    let exchange = || -> Exchange { Ok(made()) };

    submitted(&made(), submit::classify(MODEL, exchange()));
    polled(poll::classify(JOB, exchange()));
    let _ = poll::is_no_such_route(&exchange());
    past(history::classify(exchange()));
    uploads(exchange);
    account(exchange);
    if let Err(error) = webhook_secret::read(exchange()) {
        sound_error(&error);
    }
    errors(&made());
}

/// The money: a job is accepted with its id, and a submit is sent again only if it was not accepted.
fn submitted(response: &FullResponse, outcome: SubmitResponse) {
    let status = Envelope::of(response).status;
    match outcome {
        SubmitResponse::Accepted(prediction) => sound_prediction(&prediction),
        SubmitResponse::Rejected { error, resend } => {
            assert!((300..500).contains(&status), "HTTP {status} may have been taken");
            assert!(resend == Resend::Never || status == 429, "HTTP {status} is sent again");
            sound_error(&error);
        }
        SubmitResponse::Lost(error) => {
            assert!(!(400..500).contains(&status), "HTTP {status} was not taken");
            sound_error(&error);
        }
    }
}

fn polled(outcome: PollResponse) {
    match outcome {
        PollResponse::State { prediction, .. } => {
            assert_eq!(prediction.id, JOB, "the state of another job");
            sound_prediction(&prediction);
            if let Err(error) = job_outcome(prediction) {
                sound_error(&error);
            }
        }
        PollResponse::Temporary { error, .. }
        | PollResponse::NotFound(error)
        | PollResponse::Rejected(error) => {
            sound_error(&error);
        }
    }
}

fn past(outcome: Result<history::Page, RequestFailure>) {
    match outcome {
        Ok(page) => page.jobs.iter().for_each(|job| sound_prediction(job)),
        Err(failure) => sound_error(failure.error()),
    }
}

/// Nothing is sent in the clear to another machine unless that is allowed.
fn uploads(exchange: impl Fn() -> Exchange) {
    let is_safe = |url: &Url| url.scheme() == "https" || crate::config::is_loopback(url);
    match presigned_upload::classify("face.mp4", exchange(), false) {
        Ok(presigned) => assert!(is_safe(&presigned.put_url) && is_safe(&presigned.download_url)),
        Err(failure) => sound_error(failure.error()),
    }
    match legacy_upload::classify("face.mp4", exchange(), false) {
        Ok(url) => assert!(is_safe(&url)),
        Err(failure) => sound_error(failure.error()),
    }
}

fn account(exchange: impl Fn() -> Exchange) {
    let is_number = |amount: f64| assert!(amount.is_finite(), "{amount} is no amount");
    reading(json_response::classify("a", exchange(), |data| balance::parse(&data)), is_number);
    reading(json_response::classify("b", exchange(), |data| price::parse(MODEL, data)), |price| {
        is_number(price.due());
    });
    reading(json_response::classify("c", exchange(), |data| deletion::parse(&data)), |_| {});
    reading(json_response::classify("d", exchange(), billings::parse), |(records, count)| {
        assert!(records.len() <= count);
    });
    reading(json_response::classify("e", exchange(), history::parse), |(jobs, count)| {
        assert!(jobs.len() <= count);
        jobs.iter().for_each(sound_prediction);
    });
    reading(json_response::classify("f", exchange(), models::parse), |models| {
        assert!(models.iter().all(|model| !model.id.is_empty()));
    });
    reading(json_response::classify("g", exchange(), usage::parse), |_| {});
}

fn reading<T>(outcome: Result<T, RequestFailure>, holds: impl FnOnce(T)) {
    match outcome {
        Ok(data) => holds(data),
        Err(failure) => sound_error(failure.error()),
    }
}

fn errors(response: &FullResponse) {
    let envelope = Envelope::of(response);
    sound_error(&status_error("getting", response, &envelope));
    sound_error(&unexpected("getting", response, &describe_unexpected(response, &envelope)));
}

/// A prediction has an id, is written as JSON without a name twice, and its outputs decode or not.
fn sound_prediction(prediction: &Prediction) {
    assert!(!prediction.id.is_empty(), "a job without an id");
    let text = serde_json::to_string(prediction).unwrap_or_default();
    let json: Value = serde_json::from_str(&text).unwrap_or_default();
    assert_eq!(json.to_string().len(), text.len(), "a name stands twice in {text}");
    for output in &prediction.outputs {
        let _ = (output.url(), output.decode());
    }
}

fn sound_error(error: &Error) {
    let message = error.message();
    assert!(!message.is_empty() && message.len() <= LONGEST_MESSAGE, "{} bytes", message.len());
    // A byte that is no text becomes a character of three bytes.
    assert!(error.http().is_none_or(|http| http.body.len() <= 3 * ResponseInfo::MAX_BODY));
}

/// Lines with headers; every reader of headers sees them, and of the addresses in them.
pub fn headers(data: &[u8]) {
    let (head, _) = head_and_body(data);
    let headers = header_map(&head);
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_750_000_000);
    // A pause that is added to the time of now must not overflow, however long it is.
    let _ = retry_after(&headers, now).and_then(|pause| now.checked_add(pause));
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    super::remote::fuzzing::head(&headers);
    if let Some(url) = text(LOCATION).and_then(|location| Url::parse(location).ok()) {
        let name = safe_file_name(&url, text(CONTENT_TYPE));
        assert!(!name.is_empty() && name.len() <= 255, "{name:?}");
        assert!(!name.contains(['/', '\\', '\0', ':']) && !name.starts_with('.'), "{name:?}");
    }
}

fn header_map(head: &str) -> HeaderMap {
    let known = |(name, value): (&str, &str)| {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        Some((name, HeaderValue::from_bytes(value.as_bytes()).ok()?))
    };
    pairs(head).filter_map(known).collect()
}
