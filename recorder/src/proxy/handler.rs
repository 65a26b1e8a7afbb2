//! Reads a request, and starts its exchange with the service.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use url::Url;

use super::exchange::{Exchange, Sending};
use super::refusal::error;
use super::{access, headers};
use crate::body::{self, Body, Collected};
use crate::media::{IN_FLIGHT, Passed, pass};
use crate::recording::{Endpoint, RecordedBody, RecordedRequest};
use crate::redact::recorded_headers;
use crate::route::Route;
use crate::shared::Shared;

/// Responds to a request of a client.
pub(super) async fn handle(shared: Arc<Shared>, request: Request<Incoming>) -> Response<Body> {
    let (head, incoming) = request.into_parts();
    let base = match access::base_url(&head.headers, head.version, shared.port) {
        Ok(base) => base,
        Err(message) => return error(StatusCode::FORBIDDEN, "recorder_refused", &message),
    };
    let at = shared.journal.now();
    let path_and_query = head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let Some(target) = Target::of(&shared, &path_and_query) else {
        let message = "The recorder only passes requests on to hosts that responses of the service \
                       have named.";
        return error(StatusCode::FORBIDDEN, "recorder_unknown_host", message);
    };
    let route = Route::of(&head.method, target.url.path(), target.is_api_host);
    let number = {
        let mut state = shared.journal.state();
        state.add_credentials(&head.headers, head.uri.query());
        state.begin()
    };
    let mut outgoing = reqwest::Request::new(head.method.clone(), target.url.clone());
    *outgoing.headers_mut() = headers::for_upstream(&head.headers, target.is_api_host);
    let is_file = matches!(route.endpoint, Endpoint::File | Endpoint::Put);
    if route.endpoint != Endpoint::Put {
        headers::limit_encodings(outgoing.headers_mut(), !is_file);
    }
    let query = head.uri.query().unwrap_or_default();
    let (values, others) = recorded_headers(&head.headers);
    let request = RecordedRequest {
        method: head.method.to_string(),
        route: route.template.clone(),
        path: target.url.path().to_owned(),
        host: (!target.is_api_host).then(|| target.site.clone()),
        query: query
            .split('&')
            .filter_map(|part| part.split('=').next())
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect(),
        headers: values,
        other_headers: others,
        body: RecordedBody::Empty,
    };
    let webhook = request.query.iter().any(|name| name == "webhook");
    let mut exchange = Exchange {
        shared: Arc::clone(&shared),
        number,
        at,
        base,
        route,
        request,
        input: Value::Null,
        webhook,
        url: target.url,
        key: head.headers.get(http::header::AUTHORIZATION).cloned(),
        form_files: Vec::new(),
    };
    let sending =
        match send_body(&mut exchange, &head.method, &head.headers, incoming, outgoing).await {
            Ok(sending) => sending,
            Err(response) => return *response,
        };
    let (reply, response) = oneshot::channel();
    let submit = (exchange.route.endpoint == Endpoint::Submit).then(|| shared.count_submit());
    // Not a part of this future: a client that disconnects ends that.
    tokio::spawn(async move {
        exchange.run(sending, reply).await;
        drop(submit);
    });
    response.await.unwrap_or_else(|_| {
        error(StatusCode::BAD_GATEWAY, "recorder_failed", "The recorder ended.")
    })
}

/// Where a request goes.
struct Target {
    site: String,
    is_api_host: bool,
    url: Url,
}

impl Target {
    fn of(shared: &Shared, path_and_query: &str) -> Option<Self> {
        let state = shared.journal.state();
        let (site, rest) = state.sites.target(path_and_query)?;
        let is_api_host = site == *state.sites.upstream();
        let rest = match rest.split_once('?') {
            Some((path, query)) => format!("{path}?{}", state.sites.rewrite_query(query)),
            None => rest,
        };
        let url = Url::parse(&format!("{}{rest}", site.url())).ok()?;
        Some(Self { site: site.url(), is_api_host, url })
    }
}

/// Adds the body to a request: as a stream if it is a file, or else as a whole with the URLs of the service.
async fn send_body(
    exchange: &mut Exchange,
    method: &Method,
    headers: &HeaderMap,
    incoming: Incoming,
    mut outgoing: reqwest::Request,
) -> Result<Sending, Box<Response<Body>>> {
    let mut stream = incoming.into_data_stream();
    let length = headers.get(CONTENT_LENGTH);
    let is_chunked = headers.contains_key(http::header::TRANSFER_ENCODING);
    if !is_chunked && length.is_none_or(|length| length == "0") {
        return Ok(Sending { outgoing, upload: None });
    }
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_json = content_type.is_some_and(|kind| kind.to_ascii_lowercase().contains("json"));
    let is_upload = matches!(exchange.route.endpoint, Endpoint::Put | Endpoint::MultipartUpload);
    if is_upload || (!is_json && exchange.route.endpoint != Endpoint::Submit) {
        let (chunks, receiver) = mpsc::channel(IN_FLIGHT);
        *outgoing.body_mut() = Some(reqwest::Body::wrap_stream(body::received(receiver)));
        let (done, upload) = oneshot::channel::<Passed>();
        let temporary = exchange.shared.temporary.clone();
        tokio::spawn(async move {
            let mut passed = pass(stream, &chunks, &temporary).await;
            let _ = passed.release(&chunks).await;
            drop(chunks);
            let _ = done.send(passed);
        });
        return Ok(Sending { outgoing, upload: Some(upload) });
    }
    let bytes = match body::collect(&mut stream).await {
        Collected::Whole(bytes) => bytes,
        Collected::Broken(..) => {
            let message = "The request was not complete. Nothing was sent to the service.";
            return Err(Box::new(error(StatusCode::BAD_REQUEST, "recorder_incomplete", message)));
        }
        Collected::TooLarge(_) => {
            // The rest is read, so that the client can read the response.
            while let Some(Ok(_)) = stream.next().await {}
            let message = format!(
                "The recorder passes on requests with up to {} MB of JSON. Upload the media, and \
                 submit their URLs. Nothing was sent to the service.",
                body::MAX_BUFFERED / (1024 * 1024)
            );
            let response = error(StatusCode::PAYLOAD_TOO_LARGE, "recorder_too_large", &message);
            return Err(Box::new(response));
        }
    };
    let (changed, recorded) = request_body(exchange, &bytes);
    exchange.request.body = recorded;
    if *method != Method::HEAD {
        headers::set_length(outgoing.headers_mut(), changed.len());
    }
    *outgoing.body_mut() = Some(changed.into());
    Ok(Sending { outgoing, upload: None })
}

/// Returns a body with the URLs of the service, and what is recorded of it.
fn request_body(exchange: &mut Exchange, bytes: &Bytes) -> (Bytes, RecordedBody) {
    let mut state = exchange.shared.journal.state();
    let changed =
        std::str::from_utf8(bytes).ok().and_then(|text| state.sites.rewrite_request(text));
    let changed = changed.map_or_else(|| bytes.clone(), Bytes::from);
    let (recorded, value) = body::recorded(&changed, false);
    if let Some(value) = value {
        state.add_signatures(&value);
        if exchange.route.endpoint == Endpoint::Submit {
            exchange.webhook |= value.get("webhook").is_some_and(Value::is_string);
            exchange.input = value;
        }
    }
    (changed, recorded)
}
