//! Executes one request in its world, and records it in the journal.

use std::sync::Arc;

use http::header::ALLOW;

use super::request::ReceivedRequest;
use super::route::Route;
use super::{HandlerOutput, account, downloads, models, predictions, submit, uploads};
use crate::context::Peer;
use crate::response::Response;
use crate::response_mutation;
use crate::scenario::{FaultAction, RequestKind, ResponseMutation, When, WireFault};
use crate::stored_file::{FileContent, ReceivedBody};
use crate::world::World;
use crate::world::exchange::Termination;
use crate::world::exchange_record::{Details, ExchangeRecord, MAX_BODY, RecordedBody};
use crate::world::fault_table::TriggeredFault;
use crate::world::pending_exchange::PendingExchange;
use crate::world::recorded_head::RequestLine;
use crate::world::state::WorldState;

/// Executes the request under the world's lock, as one step. `error` is the response to a request
/// that could not be received.
pub(super) fn execute(
    world: &World,
    route: &Route,
    request: &ReceivedRequest,
    peer: &Peer,
    fault: Option<&TriggeredFault>,
    error: Option<Response>,
) -> (HandlerOutput, PendingExchange) {
    execute_in(&mut world.state(), world, route, request, peer, fault, error)
}

/// Executes the request in the state of its world, which is locked.
pub(super) fn execute_in(
    state: &mut WorldState,
    world: &World,
    route: &Route,
    request: &ReceivedRequest,
    peer: &Peer,
    fault: Option<&TriggeredFault>,
    error: Option<Response>,
) -> (HandlerOutput, PendingExchange) {
    let (connection, reused) = peer.number_in(state);
    let at = state.moment(state.clock.elapsed());
    let mut output = match (error, fault) {
        (Some(error), _) => HandlerOutput::new(error),
        (None, Some(fault)) => dispatch_with_fault(state, world, route, request, fault),
        (None, None) => dispatch(state, world, route, request),
    };
    let request_id = state.next_request_id(world.id());
    let entry = ExchangeRecord {
        sequence: 0,
        connection,
        reused,
        kind: route.kind(),
        seed: state.seed(),
        line: RequestLine::new(&request.method, request.uri.path(), request.query()),
        headers: Arc::clone(&request.recorded),
        body: recorded_body(&request.body),
        status: None,
        termination: Termination::Open,
        bytes_written: 0,
        response_bytes: 0,
        response: None,
        response_headers: None,
        details: details(&mut output, fault),
        job_id: output.job_id.clone(),
        at,
        wall_ms: world.age_ms(),
        ended_at: None,
        ended_wall_ms: None,
        last_event: 0,
    };
    let sequence = state.add_exchange(entry);
    let exchange = PendingExchange::new(world.clone(), state.epoch, sequence, request_id);
    (output, exchange)
}

/// Dispatches a request that triggered a fault: its effect happens or not, as the fault says.
fn dispatch_with_fault(
    state: &mut WorldState,
    world: &World,
    route: &Route,
    request: &ReceivedRequest,
    fault: &TriggeredFault,
) -> HandlerOutput {
    let before = fault.when == When::BeforeAccept;
    match &fault.action {
        FaultAction::Status(fault) => {
            let output = if before {
                HandlerOutput::error(fault.status, "")
            } else {
                dispatch(state, world, route, request)
            };
            let response = response_mutation::status_response(fault, state.clock.now());
            HandlerOutput { response, ..output }
        }
        // Without its body the request cannot be executed.
        FaultAction::Wire(WireFault::NeverReadBody | WireFault::CloseMidUpload(_)) => {
            unsent_response()
        }
        FaultAction::Wire(WireFault::Reset | WireFault::Close | WireFault::Silence)
            if before && has_effect(route) =>
        {
            unsent_response()
        }
        FaultAction::Mutation(ResponseMutation::RangeIgnored) => {
            let mut without_range = request.clone();
            without_range.headers.remove(http::header::RANGE);
            dispatch(state, world, route, &without_range)
        }
        FaultAction::Wire(_) | FaultAction::Mutation(_) => dispatch(state, world, route, request),
    }
}

/// Returns a response that is never written.
fn unsent_response() -> HandlerOutput {
    HandlerOutput::error(502, "the connection breaks before the request has an effect")
}

fn has_effect(route: &Route) -> bool {
    !matches!(route.kind(), RequestKind::Poll | RequestKind::Output | RequestKind::History)
}

fn dispatch(
    state: &mut WorldState,
    world: &World,
    route: &Route,
    request: &ReceivedRequest,
) -> HandlerOutput {
    let id = world.id();
    let output = match route {
        Route::Submit { model } => submit::submit(state, id, model, request),
        Route::Result { job_id } => Ok(predictions::result(state, id, job_id, &request.base_url)),
        Route::Presign => uploads::presign(state, id, request),
        Route::Put { upload_id, .. } => Ok(uploads::put(state, upload_id, request)),
        Route::MultipartUpload => uploads::multipart_upload(state, id, request),
        Route::File { upload_id, .. } => Ok(downloads::upload(state, upload_id, request)),
        Route::Output { job_id, .. } => Ok(downloads::output(state, job_id, request)),
        Route::History => predictions::history(state, id, request),
        Route::Delete => predictions::delete(state, request),
        Route::Balance => Ok(account::balance(state)),
        Route::Models => Ok(models::list(request)),
        Route::Price => models::price(state, request),
        Route::Pricing => models::pricing(state, request),
        Route::WebhookSecret => Ok(account::webhook_secret(&state.webhooks.secret(id))),
        Route::Billings => account::billings(state, request),
        Route::Usage => account::usage(state, request),
        Route::MonthlyBillings => account::monthly_billings(state, request),
        Route::WrongMethod(methods) => {
            Err(Response::error(405, "method not allowed").header(ALLOW, *methods))
        }
        Route::Unknown => Err(Response::error(404, "page not found")),
    };
    output.unwrap_or_else(HandlerOutput::new)
}

/// Returns whether the client can read the response once its bytes arrive.
pub(super) fn delivers(action: Option<&FaultAction>, response: &Response) -> bool {
    let is_readable = match action {
        Some(FaultAction::Wire(WireFault::WrongLength(_)) | FaultAction::Status(_)) => false,
        Some(FaultAction::Wire(_)) | None => true,
        Some(FaultAction::Mutation(mutation)) => mutation.leaves_job_readable(),
    };
    is_readable && (200..300).contains(&response.status)
}

/// Returns what the journal keeps of a body, if there is one.
fn recorded_body(body: &ReceivedBody) -> Option<Box<RecordedBody>> {
    if body.size == 0 && body.sha256.is_empty() {
        return None;
    }
    let content = match &body.content {
        FileContent::Memory(bytes) if !bytes.is_empty() && bytes.len() <= MAX_BODY => {
            Some(bytes.clone())
        }
        _ => None,
    };
    Some(Box::new(RecordedBody { sha256: body.sha256.clone(), size: body.size, content }))
}

fn details(output: &mut HandlerOutput, fault: Option<&TriggeredFault>) -> Option<Box<Details>> {
    let (rule, nearest_rule) = (output.rule.take(), output.nearest_rule.take());
    let (note, fault) = (output.note.take(), fault.cloned());
    let is_plain = rule.is_none() && nearest_rule.is_none() && note.is_none() && fault.is_none();
    (!is_plain).then(|| Box::new(Details { rule, nearest_rule, note, fault }))
}
