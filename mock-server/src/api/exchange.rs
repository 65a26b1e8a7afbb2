//! One exchange within a world: what the request asks for is done, or not, and taken down.

use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderName};

use super::call::Call;
use super::intake::Intake;
use super::{Done, account, billing, files, history, legacy, result, submit, uploads};
use crate::corrupt;
use crate::fault_table::Strike;
use crate::journal::{Exchange, MAX_BODY, Termination};
use crate::open_exchange::OpenExchange;
use crate::reply::Reply;
use crate::scenario::{FaultAction, RequestKind, ResponseMutation, When, WireFault};
use crate::server::Peer;
use crate::state::WorldState;
use crate::world::World;

/// What was done, and the exchange that is still to be answered.
pub(super) struct Outcome {
    pub(super) done: Done,
    pub(super) open: OpenExchange,
}

/// Does it as one step: nothing else happens in the world meanwhile. `refusal` is given where the
/// request could not be taken in.
pub(super) fn exchange(
    world: &World,
    call: &Call,
    intake: &Intake,
    peer: &Peer,
    strike: Option<&Strike>,
    refusal: Option<Reply>,
) -> Outcome {
    let mut state = world.state();
    let (connection, reused) = peer.number_in(&mut state);
    let at = state.date(state.clock.elapsed());
    let mut done = match (refusal, strike) {
        (Some(refusal), _) => Done::plain(refusal),
        (None, Some(strike)) => faulted(&mut state, world, call, intake, strike),
        (None, None) => handle(&mut state, world, call, intake),
    };
    let entry = Exchange {
        sequence: 0,
        connection,
        reused,
        kind: call.kind(),
        method: intake.method.to_string(),
        path: intake.path.clone(),
        query: intake.query.clone(),
        authorized: intake.headers.contains_key(AUTHORIZATION),
        headers: visible_headers(&intake.headers),
        body_sha256: intake.taken.sha256.clone(),
        body_bytes: intake.taken.size,
        body: intake.json().filter(|_| intake.taken.size <= MAX_BODY as u64),
        status: None,
        termination: Termination::Open,
        bytes_written: 0,
        response_bytes: 0,
        response: None,
        rule: done.rule.take(),
        fault: strike.map(|strike| strike.effect.clone()),
        fault_index: strike.map(|strike| strike.number),
        job_id: done.job_id.clone(),
        at,
        wall_ms: u64::try_from(world.shared.started.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    let sequence = state.journal.record(entry);
    let open = OpenExchange::new(world.clone(), state.epoch, sequence);
    drop(state);
    Outcome { done, open }
}

/// The exchange as the fault has it: with or without what the request asked for being done.
fn faulted(
    state: &mut WorldState,
    world: &World,
    call: &Call,
    intake: &Intake,
    strike: &Strike,
) -> Done {
    let before = strike.when == When::BeforeAccept;
    match &strike.effect {
        FaultAction::Status(fault) => {
            let done = if before {
                Done::plain(Reply::refusal(fault.status, ""))
            } else {
                handle(state, world, call, intake)
            };
            Done { reply: corrupt::status_reply(fault, state.clock.now()), ..done }
        }
        // Without its body the request cannot be done.
        FaultAction::Wire(WireFault::NeverReadBody | WireFault::CloseMidUpload(_)) => broken(),
        FaultAction::Wire(WireFault::Reset | WireFault::Close | WireFault::Silence)
            if before && changes_something(call) =>
        {
            broken()
        }
        FaultAction::Mutation(ResponseMutation::RangeIgnored) => {
            let mut whole = intake.clone();
            whole.headers.remove(http::header::RANGE);
            handle(state, world, call, &whole)
        }
        // The answer that these change is the answer to what was done.
        FaultAction::Wire(_) | FaultAction::Mutation(_) => handle(state, world, call, intake),
    }
}

/// An answer that nobody will see.
fn broken() -> Done {
    Done::plain(Reply::refusal(502, "broken before anything was done"))
}

fn changes_something(call: &Call) -> bool {
    !matches!(call.kind(), RequestKind::Poll | RequestKind::Output | RequestKind::History)
}

fn handle(state: &mut WorldState, world: &World, call: &Call, intake: &Intake) -> Done {
    match call {
        Call::Submit { model } => submit::submit(state, world.id(), model, intake),
        Call::Result { job_id } => result::result(state, world.id(), job_id),
        Call::Ticket => uploads::ticket(state, world.id(), intake),
        Call::Put { upload_id, .. } => uploads::put(state, upload_id, intake),
        Call::LegacyUpload => legacy::upload(state, world.id(), intake),
        Call::File { upload_id, .. } => files::upload(state, upload_id, intake),
        Call::Output { job_id, .. } => files::output(state, job_id, intake),
        Call::History => history::list(state, world.id(), intake),
        Call::Delete => history::delete(state, intake),
        Call::Balance => account::balance(state),
        Call::Models => account::models(intake),
        Call::Price => account::price(intake),
        Call::Pricing => account::pricing(intake),
        Call::WebhookSecret => account::webhook_secret(&state.webhooks.secret(world.id())),
        Call::Billings => billing::search(state, intake),
        Call::Usage => billing::usage(state, intake),
        Call::MonthlyBillings => billing::month(state, intake),
        Call::Unknown => Done::plain(Reply::refusal(404, "page not found")),
    }
}

/// Whether what the answer says arrives once its bytes do.
pub(super) fn reaches_the_client(effect: Option<&FaultAction>, reply: &Reply) -> bool {
    let legible = match effect {
        Some(FaultAction::Wire(WireFault::WrongLength(_))) => false,
        Some(FaultAction::Wire(_)) | None => true,
        Some(FaultAction::Status(_)) => false,
        Some(FaultAction::Mutation(content)) => content.leaves_legible(),
    };
    legible && (200..300).contains(&reply.status)
}

/// The headers without those that may hold a secret.
fn visible_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let secret: [HeaderName; 3] = [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION];
    headers
        .iter()
        .filter(|(name, _)| !secret.contains(name))
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect()
}
