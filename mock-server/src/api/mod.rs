//! The mocked API: receives a request, applies a fault, responds, and records the exchange.

mod account;
mod downloads;
mod handler;
pub(crate) mod immediate;
mod models;
mod output_modes;
mod predictions;
mod preset_models;
mod request;
mod route;
mod submit;
mod uploads;

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, Method};
use viseme_spec::VIRTUAL_SLEEP_HEADER;

use self::request::ReceivedRequest;
use self::route::Route;
use crate::access::{BaseUrl, X_REQUEST_ID};
use crate::clock::ClockMode;
use crate::context::{Peer, ServerContext};
use crate::known_headers::KnownHeaders;
use crate::response::{HttpResponse, Response};
use crate::response_mutation;
use crate::scenario::{FaultAction, WireFault};
use crate::stored_file::ReceivedBody;
use crate::wire_fault::WritePlan;
use crate::world::World;
use crate::world::exchange::NearestRule;
use crate::world::fault_table::TriggeredFault;
use crate::world::job::JobOutput;
use crate::world::pending_exchange::{Delivered, PendingExchange};
use crate::world::recorded_head::RequestHeaders;
use crate::world::state::WorldState;

/// How long a request waits if its fault says for ever.
const FOREVER: Duration = Duration::from_secs(600);

/// The result of a handler: the response, and what the journal and the ledger need.
struct HandlerOutput {
    response: Response,
    job_id: Option<Arc<str>>,
    rule: Option<String>,
    nearest_rule: Option<NearestRule>,
    note: Option<String>,
    delivered: Delivered,
    /// The output whose base64 replaces its URL in the response.
    base64_output: Option<JobOutput>,
    /// Whether the response waits until the job has ended.
    sync_mode: bool,
}

impl HandlerOutput {
    fn new(response: Response) -> Self {
        Self {
            response,
            job_id: None,
            rule: None,
            nearest_rule: None,
            note: None,
            delivered: Delivered::default(),
            base64_output: None,
            sync_mode: false,
        }
    }

    fn error(status: u16, message: &str) -> Self {
        Self::new(Response::error(status, message))
    }

    fn about(response: Response, job_id: &Arc<str>) -> Self {
        Self { job_id: Some(Arc::clone(job_id)), ..Self::new(response) }
    }
}

/// Handles a request for which the router has no other route.
pub(crate) async fn fallback(
    State(server): State<Arc<ServerContext>>,
    Extension(peer): Extension<Peer>,
    Extension(BaseUrl(base_url)): Extension<BaseUrl>,
    request: Request,
) -> axum::response::Response {
    handle(&server, &peer, base_url, request).await.map(Body::new)
}

/// Handles a request to the mocked API.
pub(crate) async fn handle(
    server: &ServerContext,
    peer: &Peer,
    base_url: Arc<str>,
    request: Request,
) -> HttpResponse {
    let (parts, body) = request.into_parts();
    let route = Route::of(&parts.method, parts.uri.path());
    match find_world(server, &route, &parts.headers) {
        Ok(world) => {
            let timeout = server.request_timeout;
            let body = RequestBody { body, timeout };
            handle_in_world(&world, &route, peer, base_url, parts, body).await
        }
        Err(error) => {
            // The body is read, so that the client reads the error.
            let _ =
                request::read_body(&Route::Unknown, &parts.headers, body, server.request_timeout)
                    .await;
            error.into_http(&parts.method, None, None)
        }
    }
}

/// A body that is not read yet, and how long its client may pause.
struct RequestBody {
    body: Body,
    timeout: Duration,
}

async fn handle_in_world(
    world: &World,
    route: &Route,
    peer: &Peer,
    base_url: Arc<str>,
    parts: Parts,
    body: RequestBody,
) -> HttpResponse {
    let method = parts.method.clone();
    advance_clock(world, route, &parts.headers);
    let fault = world.state().trigger_fault(route.kind());
    let action = fault.as_ref().map(|fault| &fault.action);
    if let Some(FaultAction::Wire(WireFault::SlowAccept(time))) = action {
        tokio::time::sleep(time.0).await;
    }
    let (received, unread) = read_body(route, &parts.headers, fault.as_ref(), body).await;
    let (received, error) = match received {
        Ok(received) => (received, None),
        Err(error) => (ReceivedBody::empty(), Some(error)),
    };
    let recorded = recorded_headers(world, route, peer, &base_url, &parts.headers);
    let mut request = ReceivedRequest::new(parts, base_url, received, recorded);
    if *route == Route::MultipartUpload && error.is_none() {
        request.file = Some(uploads::multipart_file(&request).await);
    }
    if let Route::Output { job_id, .. } = route {
        downloads::prepare(world, job_id).await;
    }
    let (mut output, mut exchange) =
        handler::execute(world, route, &request, peer, fault.as_ref(), error);
    // From here on the job, if any, exists, even if this future is dropped.
    let is_submit = matches!(route, Route::Submit { .. });
    world.update_webhook(output.job_id.as_deref(), is_submit).await;
    match action {
        Some(FaultAction::Wire(WireFault::Delay(time))) => tokio::time::sleep(time.0).await,
        Some(FaultAction::Wire(WireFault::Silence | WireFault::NeverReadBody)) => {
            tokio::time::sleep(FOREVER).await;
        }
        _ => {}
    }
    drop(unread);
    if output.sync_mode && !matches!(action, Some(FaultAction::Status(_))) {
        output = output_modes::wait_for_end(world, &request.base_url, output).await;
        world.update_webhook(output.job_id.as_deref(), false).await;
    }
    if let Some(note) = output_modes::embed_base64(&mut output).await {
        exchange.add_note(&note);
    }
    if let Some(FaultAction::Mutation(mutation)) = action {
        output.response = response_mutation::apply(output.response, mutation);
    }
    let (response, plan) = finish(&mut world.state(), &method, output, &mut exchange, action);
    peer.outbox.push(plan, exchange);
    response
}

/// Returns the headers as the journal keeps them. The next poll of the connection is let in by them.
fn recorded_headers(
    world: &World,
    route: &Route,
    peer: &Peer,
    base_url: &Arc<str>,
    headers: &HeaderMap,
) -> Arc<RequestHeaders> {
    let mut known = peer.known_headers();
    let same = known.as_ref().filter(|known| known.recorded.covers(headers));
    let recorded = match same {
        Some(known) => Arc::clone(&known.recorded),
        None => Arc::new(RequestHeaders::new(headers)),
    };
    if matches!(route, Route::Result { .. }) {
        *known = KnownHeaders::new(headers, &recorded, base_url, world);
    }
    recorded
}

/// Records the response, and returns how it is written.
fn finish(
    state: &mut WorldState,
    method: &Method,
    output: HandlerOutput,
    exchange: &mut PendingExchange,
    action: Option<&FaultAction>,
) -> (HttpResponse, WritePlan) {
    let response = output.response;
    exchange.record_response(state, &response);
    if handler::delivers(action, &response) {
        exchange.set_delivered(output.delivered);
    }
    let response = response.header(X_REQUEST_ID, exchange.take_request_id());
    let length = response.written_length(method);
    let wire = match action {
        Some(FaultAction::Wire(wire)) => Some(wire),
        _ => None,
    };
    let (length, announced) = match wire {
        Some(WireFault::WrongLength(difference)) => {
            let announced = length.saturating_add_signed(*difference);
            (length.min(announced), Some(announced))
        }
        _ => (length, None),
    };
    let response = response.into_http(method, state.http_date(), announced);
    (response, WritePlan::new(length, wire))
}

/// Advances the world's clock if requests move it: in `virtual` by the client's sleep, in `auto` to
/// the next change of a job that would be reported unchanged.
fn advance_clock(world: &World, route: &Route, headers: &HeaderMap) {
    let mode = world.state().clock.mode();
    let step = match (mode, route) {
        (ClockMode::Virtual, _) => virtual_sleep(headers),
        (ClockMode::Auto, Route::Result { job_id }) => {
            let state = world.state();
            state.job(job_id).and_then(|job| job.unchanged_for(state.clock.elapsed()))
        }
        _ => None,
    };
    if let Some(step) = step {
        world.advance(step);
    }
}

fn virtual_sleep(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(VIRTUAL_SLEEP_HEADER)?.to_str().ok()?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// Reads the body as far as the fault allows. The rest is returned, so that nobody reads it.
async fn read_body(
    route: &Route,
    headers: &HeaderMap,
    fault: Option<&TriggeredFault>,
    RequestBody { body, timeout }: RequestBody,
) -> (Result<ReceivedBody, Response>, Option<Body>) {
    match fault.map(|fault| &fault.action) {
        Some(FaultAction::Wire(WireFault::NeverReadBody)) => {
            (Ok(ReceivedBody::empty()), Some(body))
        }
        Some(FaultAction::Wire(WireFault::CloseMidUpload(bytes))) => {
            let rest = request::skip(body, *bytes).await;
            (Ok(ReceivedBody::empty()), rest)
        }
        _ => (request::read_body(route, headers, body, timeout).await, None),
    }
}

/// Returns the world of a request: that of its key, or that in the URL of a file.
fn find_world(
    server: &ServerContext,
    route: &Route,
    headers: &HeaderMap,
) -> Result<World, Response> {
    if let Some(id) = route.world() {
        return server.worlds.by_id(id).ok_or_else(|| Response::error(404, "not found"));
    }
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let key = bearer.and_then(|value| value.strip_prefix("Bearer ")).map(str::trim);
    match key {
        None | Some("") => Err(Response::error(401, "missing API key")),
        Some(key) if key.starts_with("wsk_") => Err(Response::error(
            401,
            "This looks like a real API key. The mock server does not accept those; use `mock-key`.",
        )),
        Some(key) => {
            server.worlds.by_key(key).ok_or_else(|| Response::error(401, "invalid authentication"))
        }
    }
}
