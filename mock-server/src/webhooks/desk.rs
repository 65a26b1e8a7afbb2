//! Decides which webhook is sent when; no I/O.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use viseme_spec::webhook::{ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER};

use super::record::{DeliveryState, WebhookAttempt, WebhookDelivery};
use super::sign;
use crate::clock::ClockMode;
use crate::job::Job;
use crate::scenario::{WebhookOrder, WebhookScenario};
use crate::state::WorldState;

/// For how long deliveries that are to be turned round are gathered.
const GATHERING: Duration = Duration::from_secs(1);

/// The webhooks of one world.
#[derive(Default)]
pub(crate) struct Desk {
    /// The jobs that are to tell their end, and when it is expected, if that is known.
    expected: HashMap<String, Option<Duration>>,
    deliveries: Vec<Delivery>,
    schedule: BTreeMap<Slot, Event>,
    /// How many jobs have told their end.
    ended: u64,
    rotations: u64,
    events: u64,
    /// Until when deliveries are gathered that are to be turned round.
    gathering: Option<Duration>,
}

/// A place in the schedule: the time, ends before what follows from them, and then the order.
type Slot = (Duration, u8, u64);

const END: u8 = 0;
const ATTEMPT: u8 = 1;

#[derive(Clone, Debug)]
enum Event {
    /// The job ends.
    End(String),
    /// The delivery with this number is sent.
    Attempt(u64),
}

struct Delivery {
    record: WebhookDelivery,
    script: WebhookScenario,
    /// How many retries there were since it was first sent, or sent again by hand.
    retries: usize,
}

/// What is to be done next.
pub(super) enum Step {
    Send(Box<Errand>),
    /// Nothing until the bell rings, or that much real time has passed.
    Sleep(Option<Duration>),
}

/// An attempt to send a delivery.
pub(super) struct Errand {
    epoch: u64,
    number: u64,
    /// When, on the world's clock.
    at: Duration,
    pub(super) job_id: String,
    /// Whether nothing else is sent before this was answered.
    pub(super) in_turn: bool,
    pub(super) url: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Bytes,
}

impl Desk {
    pub(super) fn records(&self) -> Vec<WebhookDelivery> {
        self.deliveries.iter().map(|delivery| delivery.record.clone()).collect()
    }

    pub(crate) fn secret(&self, world: &str) -> String {
        sign::secret(world, self.rotations)
    }

    pub(super) fn rotate(&mut self) {
        self.rotations += 1;
    }

    /// Sends a delivery from the beginning; `false` where there is none with this number.
    pub(super) fn again(&mut self, number: u64, now: Duration) -> bool {
        let Some(delivery) = self.delivery(number) else { return false };
        delivery.retries = 0;
        delivery.record.state = DeliveryState::Waiting;
        self.schedule.retain(|_, event| !matches!(event, Event::Attempt(n) if *n == number));
        self.schedule.insert((now, ATTEMPT, number), Event::Attempt(number));
        true
    }

    fn delivery(&mut self, number: u64) -> Option<&mut Delivery> {
        self.deliveries.get_mut(usize::try_from(number.checked_sub(1)?).ok()?)
    }

    /// The place of what comes next and is not about a busy job.
    fn next_slot(&self, is_busy: impl Fn(&str) -> bool) -> Option<Slot> {
        let waits = |event: &Event| match event {
            Event::End(_) => false,
            Event::Attempt(number) => {
                let index = number.checked_sub(1).and_then(|index| usize::try_from(index).ok());
                let delivery = index.and_then(|index| self.deliveries.get(index));
                delivery.is_some_and(|delivery| is_busy(&delivery.record.job_id))
            }
        };
        self.schedule.iter().find(|(_, event)| !waits(event)).map(|(slot, _)| *slot)
    }

    /// When a delivery whose job ended then is due, and its place among those due at that time.
    fn slot(&mut self, script: &WebhookScenario, ended: Duration, number: u64) -> Slot {
        let due = ended.saturating_add(script.delay.0);
        match script.order {
            WebhookOrder::AsTheyEnd => (due, ATTEMPT, number),
            WebhookOrder::Reversed => {
                let until = self.gathering.filter(|until| *until >= due);
                let until = until.unwrap_or(due.saturating_add(GATHERING));
                self.gathering = Some(until);
                (until, ATTEMPT, u64::MAX - number)
            }
        }
    }
}

/// Has a job tell its end that was just submitted with a webhook; whether it is to do so before
/// the submit is answered.
pub(super) fn expect(state: &mut WorldState, job_id: &str) -> bool {
    let nth = state.webhooks.ended + 1;
    let ahead = state.scenario.webhooks.for_nth(nth).before_answer;
    state.webhooks.expected.insert(job_id.to_owned(), None);
    if let (true, Some(job)) = (ahead, state.job_mut(job_id)) {
        job.forced = Some(job.timeline.last().to_owned());
    }
    touch(state, job_id);
    ahead
}

/// Finds out anew when a job ends: it was made, polled, or put into a state.
pub(crate) fn touch(state: &mut WorldState, job_id: &str) {
    let now = state.clock.elapsed();
    let Some(job) = state.job(job_id) else { return };
    let end = end_of(job, now).map(|end| end.max(now));
    let desk = &mut state.webhooks;
    let Some(expected) = desk.expected.get_mut(job_id) else { return };
    if *expected == end {
        return;
    }
    *expected = end;
    if let Some(end) = end {
        desk.events += 1;
        desk.schedule.insert((end, END, desk.events), Event::End(job_id.to_owned()));
    }
}

/// When the job completes or fails; `None` where that is not known, or where it ends otherwise:
/// the service calls back for these two alone.
fn end_of(job: &Job, now: Duration) -> Option<Duration> {
    if job.deleted {
        return None;
    }
    match (&job.forced, job.timeline.ends()) {
        (None, Some((after, word))) => tells(word).then(|| job.submitted.saturating_add(after)),
        _ => tells(job.status(now)).then(|| job.end_seen.unwrap_or(now)),
    }
}

fn tells(status: &str) -> bool {
    matches!(status, "completed" | "failed")
}

/// What is to be done now, where deliveries of busy jobs are under way: the next one of each waits.
pub(super) fn step(state: &mut WorldState, world: &str, is_busy: impl Fn(&str) -> bool) -> Step {
    let now = state.clock.elapsed();
    loop {
        let Some(slot) = state.webhooks.next_slot(&is_busy) else { return Step::Sleep(None) };
        let at = slot.0;
        if at > now {
            return Step::Sleep(real_time(state.clock.mode(), at.saturating_sub(now)));
        }
        let Some(event) = state.webhooks.schedule.remove(&slot) else { return Step::Sleep(None) };
        match event {
            Event::End(job_id) => end(state, world, &job_id, at),
            Event::Attempt(number) => {
                let moves = state.clock.mode().runs();
                if let Some(errand) = errand(state, world, number, if moves { now } else { at }) {
                    return Step::Send(Box::new(errand));
                }
            }
        }
    }
}

/// How much real time a span of the world's time takes; `None` where it does not pass by itself.
fn real_time(mode: ClockMode, span: Duration) -> Option<Duration> {
    match mode {
        ClockMode::Real => Some(span),
        ClockMode::Scaled(factor) => {
            Some(Duration::try_from_secs_f64(span.as_secs_f64() / factor).unwrap_or(span))
        }
        ClockMode::Manual | ClockMode::Virtual | ClockMode::Auto => None,
    }
}

/// The job has ended: what is to be sent comes up.
fn end(state: &mut WorldState, world: &str, job_id: &str, at: Duration) {
    let is_expected = state.webhooks.expected.get(job_id) == Some(&Some(at));
    let Some(job) = state.job(job_id).filter(|job| is_expected && tells(job.status(at))) else {
        return;
    };
    let Some(url) = job.webhook.clone() else { return };
    let date = state.date(job.submitted);
    let mut prediction = json!(job.prediction(at, &date, &state.base_url, world));
    if let Value::Object(fields) = &mut prediction {
        fields.insert("input".to_owned(), job.input.clone());
    }
    let body = prediction.to_string();
    let desk = &mut state.webhooks;
    desk.expected.remove(job_id);
    desk.ended += 1;
    let script = state.scenario.webhooks.for_nth(desk.ended);
    for copy in 0..=script.duplicate {
        let number = desk.deliveries.len() as u64 + 1;
        let slot = desk.slot(&script, at, number);
        if !script.drop {
            desk.schedule.insert(slot, Event::Attempt(number));
        }
        let record = WebhookDelivery {
            number,
            job_id: job_id.to_owned(),
            url: url.clone(),
            copy,
            state: if script.drop { DeliveryState::Dropped } else { DeliveryState::Waiting },
            body: body.clone(),
            attempts: Vec::new(),
        };
        desk.deliveries.push(Delivery { record, script: script.clone(), retries: 0 });
    }
}

/// Signs a delivery, and takes down that it is sent.
fn errand(state: &mut WorldState, world: &str, number: u64, at: Duration) -> Option<Errand> {
    let date = state.date(at);
    let second = state.clock.at(at).as_second();
    let runs = state.clock.mode().runs();
    let desk = &mut state.webhooks;
    if desk.delivery(number)?.script.rotate_secret {
        desk.rotate();
    }
    let secret = desk.secret(world);
    let delivery = desk.delivery(number)?;
    let (script, record) = (&delivery.script, &mut delivery.record);
    let id = record.job_id.clone();
    let timestamp = second.saturating_add(script.timestamp_offset.0);
    let signature = sign::signature(script.signature, &secret, &id, timestamp, &record.body);
    let body = record.body.as_bytes();
    let body =
        Bytes::copy_from_slice(body.get(..script.truncate.unwrap_or(body.len())).unwrap_or(body));
    record.attempts.push(WebhookAttempt {
        at: date,
        timestamp,
        signature: signature.clone(),
        bytes: body.len(),
        status: None,
        error: None,
    });
    // A clock that stands promises the same order each time, and so does a script that turns it.
    let in_turn = !runs || script.order == WebhookOrder::Reversed;
    let job_id = id.clone();
    let mut headers = vec![(ID_HEADER, id), (TIMESTAMP_HEADER, timestamp.to_string())];
    headers.extend(signature.map(|signature| (SIGNATURE_HEADER, signature)));
    Some(Errand {
        epoch: state.epoch,
        number,
        at,
        job_id,
        in_turn,
        url: record.url.clone(),
        headers,
        body,
    })
}

/// Takes down what came of an attempt; without a 2xx, the next one is due after a pause.
pub(super) fn sent(state: &mut WorldState, errand: &Errand, outcome: Result<u16, String>) {
    if state.epoch != errand.epoch {
        return;
    }
    let Some(delivery) = state.webhooks.delivery(errand.number) else { return };
    let heard = matches!(outcome, Ok(200..=299));
    if let Some(attempt) = delivery.record.attempts.last_mut() {
        match outcome {
            Ok(status) => attempt.status = Some(status),
            Err(error) => attempt.error = Some(error),
        }
    }
    if heard {
        delivery.record.state = DeliveryState::Delivered;
        let job_id = delivery.record.job_id.clone();
        note_told(state, &job_id);
        return;
    }
    let pause = delivery.script.retries.get(delivery.retries).copied();
    delivery.retries += 1;
    match pause {
        Some(pause) => {
            let slot = (errand.at.saturating_add(pause.0), ATTEMPT, errand.number);
            state.webhooks.schedule.insert(slot, Event::Attempt(errand.number));
        }
        None => delivery.record.state = DeliveryState::GivenUp,
    }
}

/// The receiver said that it took the delivery: it knows the job, and its result.
fn note_told(state: &mut WorldState, job_id: &str) {
    let now = state.clock.elapsed();
    if let Some(job) = state.job_mut(job_id) {
        job.id_told = true;
        job.delivered |= job.status(now) == "completed";
    }
}
