//! Polls the open jobs, so that the times of their states are known to about a second however rarely the
//! client polls.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::Value;
use url::Url;
use viseme::forwarding_failure;

use crate::body::{Collected, collect, decoded, recorded};
use crate::recording::{
    Endpoint, Origin, RecordedBody, RecordedExchange, RecordedRequest, RecordedResponse,
};
use crate::redact::recorded_headers;
use crate::shared::Shared;

/// How often a job is polled, by the recorder and the client together.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long a poll may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The longest pause after failures.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// Starts to poll a job with the key of its submit.
pub(crate) fn start(shared: &Arc<Shared>, id: String, key: Option<HeaderValue>) {
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        tokio::select! {
            () = shared.until_stopped() => {}
            () = tokio::time::sleep(shared.poll_limit) => {}
            () = poll(&shared, &id, key.as_ref()) => {}
        }
    });
}

/// What to do after a poll.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// Poll again after this pause.
    Poll(Duration),
    /// The service knows no such job, or does not accept the key.
    Stop,
}

async fn poll(shared: &Shared, id: &str, key: Option<&HeaderValue>) {
    let mut failures = 0;
    loop {
        let wait = {
            let mut state = shared.journal.state();
            let Some(job) = state.job(id).filter(|job| !job.has_ended()) else { return };
            let next = job.last_seen().saturating_add(micros(INTERVAL));
            next.saturating_sub(shared.journal.now())
        };
        if wait > 0 {
            tokio::time::sleep(Duration::from_micros(wait)).await;
            // The client may have polled in the meantime.
            continue;
        }
        let (status, retry_after) = poll_once(shared, id, key).await;
        failures = if status == Some(StatusCode::OK) { 0 } else { failures + 1 };
        match next(status, retry_after, failures) {
            Next::Poll(pause) => tokio::time::sleep(pause).await,
            Next::Stop => return,
        }
    }
}

fn next(status: Option<StatusCode>, retry_after: Option<Duration>, failures: u32) -> Next {
    match status {
        // A response without a status word does not count as one, so there is always a pause.
        Some(StatusCode::OK) => Next::Poll(INTERVAL),
        Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND) => {
            Next::Stop
        }
        _ => {
            let pause = INTERVAL.saturating_mul(1 << failures.min(6));
            Next::Poll(retry_after.unwrap_or(pause).max(INTERVAL).min(MAX_PAUSE))
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Polls once. Returns the status of the response and its `Retry-After`.
async fn poll_once(
    shared: &Shared,
    id: &str,
    key: Option<&HeaderValue>,
) -> (Option<StatusCode>, Option<Duration>) {
    let id_in_path =
        percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC).to_string();
    let path = format!("/api/v3/predictions/{id_in_path}/result");
    let site = shared.journal.state().sites.upstream().url();
    let Ok(url) = Url::parse(&format!("{site}{path}")) else { return (None, None) };
    let mut outgoing = reqwest::Request::new(Method::GET, url.clone());
    outgoing.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    if let Some(key) = key {
        outgoing.headers_mut().insert(AUTHORIZATION, key.clone());
    }
    let sent = shared.journal.now();
    let exchange = async {
        let response = shared.clients.client(&url).execute(outgoing).await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let head_at = shared.journal.now();
        let mut chunks = response
            .bytes_stream()
            .map(|chunk| chunk.map_err(|error| forwarding_failure(error).1))
            .boxed();
        Ok::<_, reqwest::Error>((status, headers, head_at, collect(&mut chunks).await))
    };
    let result = tokio::time::timeout(TIMEOUT, exchange).await;
    let received = shared.journal.now();
    let mut poll = Poll { id, path, sent, received, response: None, failure: None };
    match result {
        Err(_) => {
            poll.failure = Some(format!("no response within {} s", TIMEOUT.as_secs()));
            poll.record(shared);
            (None, None)
        }
        Ok(Err(error)) => {
            poll.failure = Some(forwarding_failure(error).1);
            poll.record(shared);
            (None, None)
        }
        Ok(Ok((status, mut headers, head_at, body))) => {
            let retry_after = seconds(&headers);
            let (value, body) = match body {
                Collected::Whole(body) => {
                    let body = decoded(&mut headers, body);
                    let (body, value) = recorded(&body, false);
                    (value, body)
                }
                Collected::Broken(_, reason) => {
                    poll.failure = Some(reason);
                    (None, RecordedBody::Empty)
                }
                Collected::TooLarge(_) => (None, RecordedBody::Empty),
            };
            let is_new = value.is_some_and(|value| learn(shared, &poll, &value));
            if is_new || status != StatusCode::OK || poll.failure.is_some() {
                let (values, other_headers) = recorded_headers(&headers);
                poll.response = Some(RecordedResponse {
                    status: status.as_u16(),
                    headers: values,
                    other_headers,
                    head_after_ms: head_at.saturating_sub(sent) / 1000,
                    body,
                });
                poll.record(shared);
            }
            (Some(status), retry_after)
        }
    }
}

fn learn(shared: &Shared, poll: &Poll<'_>, value: &Value) -> bool {
    let mut state = shared.journal.state();
    state.add_signatures(value);
    state.job(poll.id).is_some_and(|job| job.observe(value, poll.sent, poll.received))
}

/// Returns the seconds of `Retry-After`; a date is not worth the trouble here.
fn seconds(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

/// A poll of the recorder. Only those with news are recorded.
struct Poll<'p> {
    id: &'p str,
    path: String,
    sent: u64,
    received: u64,
    response: Option<RecordedResponse>,
    failure: Option<String>,
}

impl Poll<'_> {
    fn record(self, shared: &Shared) {
        let exchange = RecordedExchange {
            at_ms: self.sent / 1000,
            took_ms: self.received.saturating_sub(self.sent) / 1000,
            endpoint: Endpoint::Poll,
            by: Origin::Recorder,
            job: Some(self.id.to_owned()),
            request: RecordedRequest {
                method: Method::GET.to_string(),
                route: "/api/v3/predictions/{id}/result".to_owned(),
                path: self.path,
                host: None,
                query: Vec::new(),
                headers: std::collections::BTreeMap::new(),
                other_headers: vec![AUTHORIZATION.as_str().to_owned()],
                body: RecordedBody::Empty,
            },
            response: self.response,
            failure: self.failure,
            client_left: false,
        };
        let mut state = shared.journal.state();
        let number = state.begin();
        state.exchanges.insert(number, exchange);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_slow_the_polls_down_and_some_end_them() {
        let seconds = Duration::from_secs;
        let status = |code: u16| StatusCode::from_u16(code).ok();
        for (status, retry_after, failures, expected) in [
            (status(200), None, 0, Next::Poll(seconds(1))),
            (None, None, 1, Next::Poll(seconds(2))),
            (status(500), None, 3, Next::Poll(seconds(8))),
            (status(503), None, 30, Next::Poll(seconds(60))),
            (status(429), Some(seconds(7)), 1, Next::Poll(seconds(7))),
            (status(429), Some(seconds(0)), 1, Next::Poll(seconds(1))),
            (status(404), None, 1, Next::Stop),
            (status(401), None, 1, Next::Stop),
        ] {
            assert_eq!(next(status, retry_after, failures), expected, "{status:?}");
        }
    }
}
