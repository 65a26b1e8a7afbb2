//! The API itself: takes a request in, lets a fault strike, answers, and takes it all down.

mod account;
mod billing;
mod call;
mod exchange;
mod files;
mod history;
mod inline;
mod intake;
mod legacy;
mod limits;
mod magic;
mod media_type;
mod output;
mod result;
mod schema;
mod submit;
mod sync_mode;
mod uploads;

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;
use viseme_spec::VIRTUAL_SLEEP_HEADER;

use self::call::Call;
use self::exchange::Outcome;
use self::intake::Intake;
pub(crate) use self::intake::Taken;
use crate::artefact::Artefact;
use crate::clock::ClockMode;
use crate::corrupt;
use crate::fault_table::Strike;
use crate::flow::Flow;
use crate::open_exchange::{News, OpenExchange};
use crate::reply::Reply;
use crate::scenario::{FaultAction, WireFault};
use crate::server::{Peer, Server};
use crate::world::World;

/// How long a request is kept waiting where its fault is to wait for ever.
const FOR_EVER: Duration = Duration::from_secs(600);

/// What a handler gives: the answer, and what it was about.
pub(crate) struct Done {
    pub(crate) reply: Reply,
    pub(crate) job_id: Option<String>,
    pub(crate) rule: Option<String>,
    pub(crate) news: News,
    /// The file that stands in the answer itself, in place of its URL.
    pub(crate) inline: Option<Arc<Artefact>>,
    /// Whether the answer waits until the job has ended.
    pub(crate) waits: bool,
}

impl Done {
    pub(crate) fn plain(reply: Reply) -> Self {
        Self { reply, job_id: None, rule: None, news: News::default(), inline: None, waits: false }
    }

    pub(crate) fn about(reply: Reply, job_id: &str) -> Self {
        Self { job_id: Some(job_id.to_owned()), ..Self::plain(reply) }
    }
}

/// Answers any request outside of the control API.
pub(crate) async fn answer(
    State(server): State<Arc<Server>>,
    Extension(peer): Extension<Peer>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let call = Call::of(&parts.method, parts.uri.path());
    match world_of(&server, &call, &parts.headers) {
        Ok(world) => in_world(&world, &call, &peer, parts, body).await,
        Err(refusal) => {
            // Taken in, so that the client gets to read the refusal.
            let _ = intake::take(&Call::Unknown, &parts.headers, body).await;
            output::response(refusal, &parts.method, None, None)
        }
    }
}

async fn in_world(world: &World, call: &Call, peer: &Peer, parts: Parts, body: Body) -> Response {
    let method = parts.method.clone();
    move_on(world, call, &parts.headers);
    let strike = world.state().faults.strike(call.kind());
    if let Some(FaultAction::Wire(WireFault::SlowAccept(time))) =
        strike.as_ref().map(|it| &it.effect)
    {
        tokio::time::sleep(time.0).await;
    }
    let (taken, unread) = take(call, &parts.headers, strike.as_ref(), body).await;
    let (taken, refusal) = match taken {
        Ok(taken) => (taken, None),
        Err(refusal) => (Taken::nothing(), Some(refusal)),
    };
    let mut intake = Intake::new(parts, world.base_url(), taken);
    if *call == Call::LegacyUpload && refusal.is_none() {
        intake.part = legacy::file_part(&intake).await;
    }
    let Outcome { mut done, open } =
        exchange::exchange(world, call, &intake, peer, strike.as_ref(), refusal);
    // From here on the job, if any, is made, whatever becomes of this future.
    let mut open: OpenExchange = open;
    let is_submit = matches!(call, Call::Submit { .. });
    world.note_webhook(done.job_id.as_deref(), is_submit).await;
    let effect = strike.as_ref().map(|strike| &strike.effect);
    match effect {
        Some(FaultAction::Wire(WireFault::Delay(time))) => tokio::time::sleep(time.0).await,
        Some(FaultAction::Wire(WireFault::Silence | WireFault::NeverReadBody)) => {
            tokio::time::sleep(FOR_EVER).await;
        }
        _ => {}
    }
    drop(unread);
    if done.waits && !matches!(effect, Some(FaultAction::Status(_))) {
        done = sync_mode::wait(world, done).await;
        world.note_webhook(done.job_id.as_deref(), false).await;
    }
    inline::expand(&mut done).await;
    if let Some(FaultAction::Mutation(content)) = effect {
        done.reply = corrupt::content(done.reply, content);
    }
    open.settles(&done.reply);
    if exchange::reaches_the_client(effect, &done.reply) {
        open.bears(done.news);
    }
    let date = world.state().clock.now();
    let length = output::body_length(&done.reply, &method);
    let (length, promised) = match effect {
        Some(FaultAction::Wire(WireFault::WrongLength(more))) => length_told(length, *more),
        _ => (length, None),
    };
    let response = output::response(done.reply, &method, Some(date), promised);
    let wire = match effect {
        Some(FaultAction::Wire(wire)) => Some(wire),
        _ => None,
    };
    peer.outbox.announce(Flow::new(length, wire), open);
    response
}

/// How many bytes of the body are written, and how many the head tells of.
fn length_told(length: u64, more: i64) -> (u64, Option<u64>) {
    let told = length.saturating_add_signed(more);
    (length.min(told), Some(told))
}

/// Where requests move the world's clock, moves it on: in lockstep by what the client would have
/// slept, in `auto` to the next change of a job whose state would be told again.
fn move_on(world: &World, call: &Call, headers: &HeaderMap) {
    let mode = world.state().clock.mode();
    let step = match (mode, call) {
        (ClockMode::Virtual, _) => slept(headers),
        (ClockMode::Auto, Call::Result { job_id }) => {
            let state = world.state();
            state.job(job_id).and_then(|job| job.unchanged_for(state.clock.elapsed()))
        }
        _ => None,
    };
    if let Some(step) = step {
        world.advance(step);
    }
}

fn slept(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(VIRTUAL_SLEEP_HEADER)?.to_str().ok()?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// Takes the body in, as far as the fault lets it; what is left of it is kept from being read.
async fn take(
    call: &Call,
    headers: &HeaderMap,
    strike: Option<&Strike>,
    body: Body,
) -> (Result<Taken, Reply>, Option<Body>) {
    match strike.map(|strike| &strike.effect) {
        Some(FaultAction::Wire(WireFault::NeverReadBody)) => (Ok(Taken::nothing()), Some(body)),
        Some(FaultAction::Wire(WireFault::CloseMidUpload(bytes))) => {
            let rest = intake::skip(body, *bytes).await;
            (Ok(Taken::nothing()), rest)
        }
        _ => (intake::take(call, headers, body).await, None),
    }
}

/// The world a request belongs to: by its key, or by the world in the URL where no key is sent.
fn world_of(server: &Server, call: &Call, headers: &HeaderMap) -> Result<World, Reply> {
    if let Some(id) = call.world() {
        return server.worlds.of_id(id).ok_or_else(|| Reply::refusal(404, "not found"));
    }
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let key = bearer.and_then(|value| value.strip_prefix("Bearer ")).map(str::trim);
    match key {
        None | Some("") => Err(Reply::refusal(401, "missing API key")),
        Some(key) if key.starts_with("wsk_") => Err(Reply::refusal(
            401,
            "This looks like a real API key. The mock server does not take those; use `mock-key`.",
        )),
        Some(key) => {
            server.worlds.of_key(key).ok_or_else(|| Reply::refusal(401, "invalid authentication"))
        }
    }
}
