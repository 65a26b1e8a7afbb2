//! Sends a request to the service, once, and passes the response on.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use url::Url;
use viseme::forwarding_failure;

use super::headers;
use super::refusal::error;
use crate::body::{self, Body, Collected, full, streamed};
use crate::form::{self, Form};
use crate::jobs::Job;
use crate::media::{Ending, IN_FLIGHT, Passed, pass};
use crate::poller;
use crate::recording::{
    Endpoint, OmitReason, Origin, RecordedBody, RecordedExchange, RecordedRequest, RecordedResponse,
};
use crate::redact::recorded_headers;
use crate::route::Route;
use crate::shared::Shared;

/// How long an upload may continue after its response. Usually it is complete by then.
const UPLOAD_GRACE: Duration = Duration::from_secs(2);

/// An exchange of a client with the service.
pub(super) struct Exchange {
    pub(super) shared: Arc<Shared>,
    pub(super) number: u64,
    /// When the request arrived.
    pub(super) at: u64,
    /// The base URL by which the client knows the recorder.
    pub(super) base: String,
    pub(super) route: Route,
    pub(super) request: RecordedRequest,
    /// The body of a submit.
    pub(super) input: Value,
    pub(super) webhook: bool,
    pub(super) url: Url,
    /// The `Authorization` header.
    pub(super) key: Option<HeaderValue>,
    /// The hashes of the files in a form that the service accepted.
    pub(super) form_files: Vec<String>,
}

/// A request that is ready to be sent, and what becomes of the file in it.
pub(super) struct Sending {
    pub(super) outgoing: reqwest::Request,
    pub(super) upload: Option<oneshot::Receiver<Passed>>,
}

/// The response to a client.
type Reply = oneshot::Sender<Response<Body>>;

/// A response whose body is in memory.
struct Buffered {
    status: StatusCode,
    headers: HeaderMap,
    head_at: u64,
    body: Bytes,
    failure: Option<String>,
}

impl Exchange {
    /// Runs the exchange. If the client leaves, only a submit continues: its job is paid for.
    pub(super) async fn run(mut self, sending: Sending, mut reply: Reply) {
        let Sending { outgoing, upload } = sending;
        let shared = Arc::clone(&self.shared);
        let client = shared.clients.client(&self.url);
        let sent_at = shared.journal.now();
        let response = if self.route.endpoint == Endpoint::Submit {
            client.execute(outgoing).await
        } else {
            tokio::select! {
                response = client.execute(outgoing) => response,
                () = reply.closed() => return self.record(None, None, true),
            }
        };
        let head_at = shared.journal.now();
        let accepted = response.as_ref().is_ok_and(|response| response.status().is_success());
        if let Some(upload) = upload
            && let Ok(Ok(mut upload)) = tokio::time::timeout(UPLOAD_GRACE, upload).await
        {
            self.request.body = uploaded(&mut self, &mut upload, accepted).await;
        }
        match response {
            Ok(response) => self.respond(response, (sent_at, head_at), reply).await,
            Err(failure) => {
                let (is_unsent, reason) = forwarding_failure(failure);
                let response = self.unreachable(is_unsent, &reason);
                self.record(None, Some(reason), false);
                let _ = reply.send(response);
            }
        }
    }

    /// Returns the error for a service that sent no response.
    fn unreachable(&self, is_unsent: bool, reason: &str) -> Response<Body> {
        let site = self.shared.journal.state().sites.upstream().url();
        let host = self.request.host.as_deref().unwrap_or(&site);
        let mut message = format!("The recorder got no response from {host}: {reason}.");
        let code = if is_unsent {
            message += " Nothing was sent.";
            "recorder_upstream_unreachable"
        } else {
            "recorder_upstream_failed"
        };
        if self.route.endpoint == Endpoint::Submit && !is_unsent {
            message += " The recorder sends a submit once. A job may exist and be charged: look at the \
                        history of your account before you submit again.";
        }
        error(StatusCode::BAD_GATEWAY, code, &message)
    }

    async fn respond(
        self,
        response: reqwest::Response,
        (sent_at, head_at): (u64, u64),
        reply: Reply,
    ) {
        let (status, headers) = (response.status(), response.headers().clone());
        let has_body =
            self.request.method != Method::HEAD.as_str() && !matches!(status.as_u16(), 204 | 304);
        if !has_body {
            return self.respond_empty(status, &headers, head_at, reply);
        }
        let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_document = kind.is_some_and(|kind| kind.contains("json"));
        let is_stream = matches!(self.route.endpoint, Endpoint::File | Endpoint::Put)
            && status.as_u16() < 300
            && !(is_document && self.request.host.is_none());
        let mut chunks = response
            .bytes_stream()
            .map(|chunk| chunk.map_err(|error| forwarding_failure(error).1))
            .boxed();
        if is_stream {
            return self.respond_stream(chunks, status, &headers, head_at, reply).await;
        }
        let (body, failure) = match body::collect(&mut chunks).await {
            Collected::Whole(body) => (body, None),
            Collected::Broken(body, reason) => (body, Some(reason)),
            Collected::TooLarge(start) => {
                let all = stream::once(async { Ok(start) }).chain(chunks);
                return self.respond_stream(all, status, &headers, head_at, reply).await;
            }
        };
        let buffered = Buffered { status, headers, head_at, body, failure };
        self.respond_buffered(buffered, sent_at, reply);
    }

    fn respond_empty(self, status: StatusCode, headers: &HeaderMap, head_at: u64, reply: Reply) {
        let mut response = Response::new(full(Bytes::new()));
        *response.status_mut() = status;
        *response.headers_mut() = headers::for_client(headers, self.location(headers));
        let recorded = self.recorded_response(status, headers, head_at, RecordedBody::Empty);
        let number = self.number;
        let shared = Arc::clone(&self.shared);
        self.record(Some(recorded), None, false);
        if reply.send(response).is_err() {
            shared.left(number);
        }
    }

    /// Passes a response on while it arrives.
    async fn respond_stream(
        self,
        stream: impl futures_util::Stream<Item = Result<Bytes, String>>,
        status: StatusCode,
        headers: &HeaderMap,
        head_at: u64,
        reply: Reply,
    ) {
        let (chunks, receiver) = mpsc::channel(IN_FLIGHT);
        let mut response = Response::new(streamed(receiver));
        *response.status_mut() = status;
        *response.headers_mut() = headers::for_client(headers, self.location(headers));
        let is_gone = reply.send(response).is_err();
        let mut passed = pass(stream, &chunks, &self.shared.temporary).await;
        let is_media = matches!(self.route.endpoint, Endpoint::File);
        let (sha256, bytes) = (passed.sha256.clone(), passed.bytes);
        let body = if !is_media {
            RecordedBody::Omitted { reason: OmitReason::TooLarge, bytes }
        } else if bytes == 0 {
            RecordedBody::Empty
        } else if status == StatusCode::OK && passed.ending == Ending::Complete {
            let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
            let kind = kind.map(str::to_owned);
            let media = passed.examine(kind, self.shared.kept.as_deref()).await;
            self.shared.journal.state().add_file(&sha256, self.url.as_str(), media);
            RecordedBody::Media { sha256, bytes }
        } else {
            RecordedBody::Part { sha256, bytes }
        };
        let failure = match &passed.ending {
            Ending::Failed(reason) => Some(reason.clone()),
            Ending::Complete | Ending::Left => None,
        };
        let recorded = self.recorded_response(status, headers, head_at, body);
        let (shared, number) = (Arc::clone(&self.shared), self.number);
        self.record(Some(recorded), failure, is_gone || passed.ending == Ending::Left);
        // The client has the last bytes after they are recorded.
        if !passed.release(&chunks).await {
            shared.left(number);
        }
    }

    /// Records a response, rewrites its URLs and passes it on.
    fn respond_buffered(mut self, buffered: Buffered, sent_at: u64, reply: Reply) {
        let Buffered { status, headers, head_at, body, failure } = buffered;
        let mut decoded_headers = headers.clone();
        let body = body::decoded(&mut decoded_headers, body);
        let is_private = self.route.is_private() && status.is_success();
        let (mut recorded, value) = body::recorded(&body, is_private);
        if failure.is_some() && value.is_none() {
            let bytes = body.len() as u64;
            recorded = RecordedBody::Omitted { reason: OmitReason::Incomplete, bytes };
        }
        if let Some(value) = &value {
            self.learn(value, status, sent_at);
        }
        let body = std::str::from_utf8(&body)
            .ok()
            .and_then(|text| self.shared.journal.state().sites.rewrite_response(text, &self.base))
            .map_or(body, Bytes::from);
        let mut client_headers =
            headers::for_client(&decoded_headers, self.location(&decoded_headers));
        if failure.is_none() {
            headers::set_length(&mut client_headers, body.len());
        } else {
            client_headers.remove(CONTENT_LENGTH);
        }
        let mut response = Response::new(match &failure {
            None => full(body),
            Some(reason) => broken(body, reason),
        });
        *response.status_mut() = status;
        *response.headers_mut() = client_headers;
        let recorded = self.recorded_response(status, &headers, head_at, recorded);
        let (shared, number) = (Arc::clone(&self.shared), self.number);
        self.record(Some(recorded), failure, false);
        if reply.send(response).is_err() {
            shared.left(number);
        }
    }

    /// Takes from a response what the recorder needs: secrets, upload URLs, jobs.
    fn learn(&mut self, value: &Value, status: StatusCode, sent_at: u64) {
        let now = self.shared.journal.now();
        let mut state = self.shared.journal.state();
        state.add_signatures(value);
        match self.route.endpoint {
            Endpoint::WebhookSecret => state.add_webhook_secret(value),
            Endpoint::Presign => state.add_ticket(value),
            Endpoint::MultipartUpload => state.add_form(&self.form_files, value),
            Endpoint::Poll if status.is_success() => {
                if let Some(id) = &self.route.id
                    && let Some(job) = state.job(id)
                {
                    job.observe(value, sent_at, now);
                }
            }
            Endpoint::Submit if status.is_success() => {
                let model = self.route.id.clone().unwrap_or_default();
                let input = std::mem::take(&mut self.input);
                let since_start = i64::try_from(sent_at).unwrap_or(i64::MAX);
                let submitted_at = self
                    .shared
                    .journal
                    .started_at
                    .checked_add(SignedDuration::from_micros(since_start))
                    .unwrap_or(Timestamp::MAX);
                let job = Job::new(value, model, input, self.webhook, (sent_at, now), submitted_at);
                if let Some(job) = job {
                    let id = job.id.clone();
                    self.route.id = Some(id.clone());
                    let is_open = !job.has_ended();
                    if state.add_job(job) && is_open {
                        drop(state);
                        poller::start(&self.shared, id, self.key.clone());
                    }
                } else {
                    self.route.id = None;
                }
            }
            _ => {}
        }
    }

    fn location(&self, headers: &HeaderMap) -> Option<String> {
        let location = headers.get(LOCATION)?.to_str().ok()?;
        let mut state = self.shared.journal.state();
        if let Some((_, query)) = location.split_once('?') {
            state.secrets.add_query(query, crate::redact::SecretKind::Signature);
        }
        state.sites.rewrite_location(location, &self.base)
    }

    fn recorded_response(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        head_at: u64,
        body: RecordedBody,
    ) -> RecordedResponse {
        let (values, others) = recorded_headers(headers);
        RecordedResponse {
            status: status.as_u16(),
            headers: values,
            other_headers: others,
            head_after_ms: head_at.saturating_sub(self.at) / 1000,
            body,
        }
    }

    fn record(self, response: Option<RecordedResponse>, failure: Option<String>, left: bool) {
        let has_job = match self.route.endpoint {
            Endpoint::Poll => true,
            Endpoint::Submit => {
                response.as_ref().is_some_and(|response| (200..300).contains(&response.status))
            }
            _ => false,
        };
        let exchange = RecordedExchange {
            at_ms: self.at / 1000,
            took_ms: self.shared.journal.now().saturating_sub(self.at) / 1000,
            endpoint: self.route.endpoint,
            by: Origin::Client,
            job: self.route.id.filter(|_| has_job),
            request: self.request,
            response,
            failure,
            client_left: left,
        };
        self.shared.journal.state().exchanges.insert(self.number, exchange);
    }
}

/// Returns what is recorded of an upload.
async fn uploaded(exchange: &mut Exchange, upload: &mut Passed, accepted: bool) -> RecordedBody {
    let (sha256, bytes) = (upload.sha256.clone(), upload.bytes);
    if !matches!(exchange.route.endpoint, Endpoint::Put | Endpoint::MultipartUpload) {
        return RecordedBody::Omitted { reason: OmitReason::Binary, bytes };
    }
    if upload.ending != Ending::Complete {
        return RecordedBody::Part { sha256, bytes };
    }
    let shared = Arc::clone(&exchange.shared);
    if exchange.route.endpoint == Endpoint::MultipartUpload {
        let form = match (upload.file(), exchange.request.headers.get("content-type")) {
            (Some(file), Some(kind)) => {
                let keep = shared.kept.as_deref().filter(|_| accepted);
                form::read(file, kind, &shared.temporary, keep).await
            }
            _ => Form::default(),
        };
        if accepted {
            // All of them are in the recording, so that those that are kept are searched for secrets.
            exchange.form_files = form.files.iter().map(|(sha256, _)| sha256.clone()).collect();
            let mut state = shared.journal.state();
            for (sha256, media) in form.files {
                state.media.entry(sha256).or_insert(media);
            }
        }
        return RecordedBody::Form { sha256, bytes, fields: form.fields };
    }
    if accepted {
        let kind = exchange.request.headers.get("content-type").cloned();
        let media = upload.examine(kind, shared.kept.as_deref()).await;
        shared.journal.state().add_file(&sha256, exchange.url.as_str(), media);
    }
    RecordedBody::Media { sha256, bytes }
}

/// Returns a body that breaks off after these bytes.
fn broken(body: Bytes, reason: &str) -> Body {
    let (chunks, receiver) = mpsc::channel(2);
    let _ = chunks.try_send(Ok(body));
    let _ = chunks.try_send(Err(std::io::Error::other(reason.to_owned())));
    streamed(receiver)
}
