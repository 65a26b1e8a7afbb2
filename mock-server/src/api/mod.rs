//! The API itself: takes a request in, lets a fault strike, answers, and takes it all down.

mod account;
mod call;
mod files;
mod history;
mod intake;
mod legacy;
mod output;
mod result;
mod submit;
mod uploads;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::{AUTHORIZATION, HOST};
use http::{HeaderMap, HeaderName};

use self::call::Call;
use self::intake::Intake;
use crate::corrupt;
use crate::journal::{Exchange, MAX_BODY};
use crate::reply::Reply;
use crate::scenario::{Content, Effect, Point, When, Wire};
use crate::server::{Peer, Server};
use crate::world::{World, WorldState};

/// What a handler gives: the answer, and what it was about.
pub(crate) struct Done {
    pub(crate) reply: Reply,
    pub(crate) job_id: Option<String>,
    pub(crate) rule: Option<String>,
    /// Jobs whose ids are in the answer.
    pub(crate) told: Vec<String>,
    /// The job whose completed result is in the answer.
    pub(crate) delivers: Option<String>,
}

impl Done {
    pub(crate) fn plain(reply: Reply) -> Self {
        Self { reply, job_id: None, rule: None, told: Vec::new(), delivers: None }
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
    if let Some(refusal) = foreign_host(&server, request.headers()) {
        return output::response(refusal).await;
    }
    let (parts, body) = request.into_parts();
    let call = Call::of(&parts.method, parts.uri.path());
    let taken = match intake::take(&call, body).await {
        Ok(taken) => taken,
        Err(refusal) => return output::response(refusal).await,
    };
    let intake = Intake {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        base_url: server.base_url.clone(),
        taken,
    };
    let world = match world_of(&server, &call, &intake.headers) {
        Ok(world) => world,
        Err(refusal) => return output::response(refusal).await,
    };
    let reused = peer.requests.fetch_add(1, Ordering::Relaxed) > 0;
    let (reply, pause) = exchange(&world, &call, &intake, &peer, reused);
    match pause {
        Pause::None => {}
        Pause::For(time) => tokio::time::sleep(time).await,
        Pause::Forever => std::future::pending().await,
    }
    output::response(reply).await
}

enum Pause {
    None,
    For(Duration),
    Forever,
}

/// One exchange within a world, as one step: nothing else happens in the world meanwhile.
fn exchange(
    world: &World,
    call: &Call,
    intake: &Intake,
    peer: &Peer,
    reused: bool,
) -> (Reply, Pause) {
    let mut state = world.state();
    let point = call.point();
    let struck = state.strike(point);
    let at = state.date(state.clock.elapsed());
    let done = match &struck {
        Some((effect, when)) => faulted(&mut state, world, call, intake, effect, *when),
        None => handle(&mut state, world, call, intake),
    };
    let effect = struck.map(|(effect, _)| effect);
    if reaches_the_client(effect.as_ref(), &done.reply) {
        note_told(&mut state, &done);
    }
    let mut pause = Pause::None;
    if let Some(Effect::Wire(wire)) = &effect {
        peer.wire.arm(wire);
        match wire {
            Wire::Silence => pause = Pause::Forever,
            Wire::Delay(time) => pause = Pause::For(time.0),
            _ => {}
        }
    }
    state.journal.record(Exchange {
        sequence: 0,
        connection: peer.connection,
        reused,
        point,
        method: intake.method.to_string(),
        path: intake.path.clone(),
        query: intake.query.clone(),
        authorized: intake.headers.contains_key(AUTHORIZATION),
        headers: visible_headers(&intake.headers),
        body_sha256: intake.taken.sha256.clone(),
        body_bytes: intake.taken.size,
        body: intake.json().filter(|_| intake.taken.size <= MAX_BODY as u64),
        status: answer_status(effect.as_ref(), &done.reply),
        answer_bytes: done.reply.length(),
        rule: done.rule,
        fault: effect,
        job_id: done.job_id,
        at,
        wall_ms: u64::try_from(world.shared.started.elapsed().as_millis()).unwrap_or(u64::MAX),
    });
    (done.reply, pause)
}

/// The exchange as the fault has it: with or without what the request asked for being done.
fn faulted(
    state: &mut WorldState,
    world: &World,
    call: &Call,
    intake: &Intake,
    effect: &Effect,
    when: When,
) -> Done {
    match effect {
        Effect::Status(fault) => {
            let done = match when {
                When::BeforeAccept => Done::plain(Reply::refusal(fault.status, "")),
                When::AfterAccept => handle(state, world, call, intake),
            };
            Done { reply: corrupt::status_reply(fault, state.clock.now()), ..done }
        }
        Effect::Wire(Wire::Delay(_)) => handle(state, world, call, intake),
        Effect::Wire(_) if when == When::BeforeAccept && changes_something(call) => {
            Done::plain(Reply::refusal(502, "broken before anything was done"))
        }
        Effect::Wire(_) => handle(state, world, call, intake),
        Effect::Content(Content::RangeIgnored) => {
            let mut whole = intake.clone();
            whole.headers.remove(http::header::RANGE);
            handle(state, world, call, &whole)
        }
        Effect::Content(fault) => {
            let done = handle(state, world, call, intake);
            Done { reply: corrupt::content(done.reply, fault), ..done }
        }
    }
}

fn changes_something(call: &Call) -> bool {
    !matches!(call.point(), Point::Poll | Point::Output | Point::History)
}

fn handle(state: &mut WorldState, world: &World, call: &Call, intake: &Intake) -> Done {
    match call {
        Call::Submit { model } => submit::submit(state, world.id(), model, intake),
        Call::Result { job_id } => result::result(state, world.id(), job_id, intake),
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
        Call::WebhookSecret => account::webhook_secret(world.id()),
        Call::Unknown => Done::plain(Reply::refusal(404, "page not found")),
    }
}

/// Whether what the answer says arrives: its status is a success, and its bytes are whole.
fn reaches_the_client(effect: Option<&Effect>, reply: &Reply) -> bool {
    let whole = match effect {
        Some(Effect::Wire(Wire::Delay(_) | Wire::Drip(_))) | None => true,
        Some(Effect::Wire(_) | Effect::Status(_)) => false,
        Some(Effect::Content(content)) => !matches!(
            content,
            Content::DataNull
                | Content::TruncateJson(_)
                | Content::InvalidUtf8
                | Content::TrailingGarbage
                | Content::MissingId
                | Content::WrongId
        ),
    };
    whole && (200..300).contains(&reply.status)
}

fn note_told(state: &mut WorldState, done: &Done) {
    for id in &done.told {
        if let Some(job) = state.job(id) {
            job.id_told = true;
        }
    }
    if let Some(job) = done.delivers.as_deref().and_then(|id| state.job(id)) {
        job.delivered = true;
    }
}

fn answer_status(effect: Option<&Effect>, reply: &Reply) -> Option<u16> {
    match effect {
        Some(Effect::Wire(Wire::Reset | Wire::Close | Wire::Silence)) => None,
        _ => Some(reply.status),
    }
}

/// The headers without those that may hold a secret.
fn visible_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let secret: [HeaderName; 3] =
        [AUTHORIZATION, http::header::COOKIE, http::header::PROXY_AUTHORIZATION];
    headers
        .iter()
        .filter(|(name, _)| !secret.contains(name))
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect()
}

/// A page in a browser may make requests to this machine under another name: refused, unless the
/// server was opened to other machines.
fn foreign_host(server: &Server, headers: &HeaderMap) -> Option<Reply> {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let local = matches!(name, "localhost" | "[::1]") || name.starts_with("127.");
    (!server.public && !local)
        .then(|| Reply::refusal(403, "The mock server answers only to the names of this machine."))
}

/// The world a request belongs to: by its key, or by the world in the URL where no key is sent.
fn world_of(server: &Server, call: &Call, headers: &HeaderMap) -> Result<World, Reply> {
    if let Some(id) = call.world() {
        return server.world_of_id(id).ok_or_else(|| Reply::refusal(404, "not found"));
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
            server.world_of_key(key).ok_or_else(|| Reply::refusal(401, "invalid authentication"))
        }
    }
}
