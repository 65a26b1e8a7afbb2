//! Decides which webhook is sent when, on the world's clock. It does no I/O.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use viseme_spec::webhook::{ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER};

use super::deliveries::{DeliveryState, Event, WebhookAttempt};
use super::job::Job;
use super::state::WorldState;
use super::webhook_signature;
use crate::clock::ClockMode;
use crate::scenario::WebhookOrder;

/// What the sender does next.
pub(super) enum Step {
    Send(Box<DeliveryAttempt>),
    /// Nothing until it is notified, or until this much real time has passed.
    Sleep(Option<Duration>),
}

/// An attempt to send a delivery.
pub(super) struct DeliveryAttempt {
    epoch: u64,
    number: u64,
    /// The time, on the world's clock.
    at: Duration,
    pub(super) job_id: String,
    /// Whether nothing else is sent until this one has a response.
    pub(super) in_order: bool,
    pub(super) url: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Bytes,
}

/// Registers a job that was just submitted with a webhook. Returns whether the webhook is sent
/// before the submit is answered.
pub(super) fn register(state: &mut WorldState, job_id: &str) -> bool {
    let nth = state.webhooks.ended + 1;
    let before_answer = state.scenario.webhooks.for_nth(nth).before_answer;
    state.webhooks.expected.insert(job_id.to_owned(), None);
    if let (true, Some(job)) = (before_answer, state.job_mut(job_id)) {
        job.forced = Some(job.timeline.last().to_owned());
    }
    reschedule(state, job_id);
    before_answer
}

/// Updates when a job ends, after it was submitted, polled, or put into a state.
pub(super) fn reschedule(state: &mut WorldState, job_id: &str) {
    let now = state.clock.elapsed();
    let Some(job) = state.job(job_id) else { return };
    let end = end_of(job, now).map(|end| end.max(now));
    let Some(expected) = state.webhooks.expected.get_mut(job_id) else { return };
    if *expected == end {
        return;
    }
    *expected = end;
    if let Some(end) = end {
        state.webhooks.schedule_end(end, job_id);
    }
}

/// Returns when the job completes or fails. Returns `None` if that is not known, or if it ends
/// otherwise: the service sends webhooks for these two states alone.
fn end_of(job: &Job, now: Duration) -> Option<Duration> {
    if job.deleted {
        return None;
    }
    match (&job.forced, job.timeline.end()) {
        (None, Some((after, status))) => {
            has_webhook(status).then(|| job.submitted.saturating_add(after))
        }
        _ => has_webhook(job.status(now)).then(|| job.end_seen.unwrap_or(now)),
    }
}

fn has_webhook(status: &str) -> bool {
    matches!(status, "completed" | "failed")
}

/// Returns what the sender does now. Deliveries of busy jobs wait: one attempt per job at a time.
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
            Event::JobEnd(job_id) => on_job_end(state, world, &job_id, at),
            Event::Attempt(number) => {
                let time = if state.clock.mode().runs() { now } else { at };
                if let Some(attempt) = begin_attempt(state, world, number, time) {
                    return Step::Send(Box::new(attempt));
                }
            }
        }
    }
}

/// Converts a span of the world's time to real time. Returns `None` if the clock does not run.
fn real_time(mode: ClockMode, span: Duration) -> Option<Duration> {
    match mode {
        ClockMode::Real => Some(span),
        ClockMode::Scaled(factor) => {
            Some(Duration::try_from_secs_f64(span.as_secs_f64() / factor).unwrap_or(span))
        }
        ClockMode::Manual | ClockMode::Virtual | ClockMode::Auto => None,
    }
}

/// Adds the deliveries of a job that has ended.
fn on_job_end(state: &mut WorldState, world: &str, job_id: &str, at: Duration) {
    let is_expected = state.webhooks.expected.get(job_id) == Some(&Some(at));
    let Some(job) = state.job(job_id).filter(|job| is_expected && has_webhook(job.status(at)))
    else {
        return;
    };
    let Some(url) = job.webhook.clone() else { return };
    let date = state.date(job.submitted);
    let mut prediction = json!(job.prediction(at, &date, &job.base_url, world));
    if let Value::Object(fields) = &mut prediction {
        fields.insert("input".to_owned(), job.input.clone());
    }
    let body = prediction.to_string();
    state.webhooks.expected.remove(job_id);
    state.webhooks.ended += 1;
    let scenario = state.scenario.webhooks.for_nth(state.webhooks.ended);
    let before = state.webhooks.count();
    state.webhooks.add(job_id, &url, &body, &scenario, at);
    for number in before + 1..=state.webhooks.count() {
        state.record_webhook(number);
    }
}

/// Signs a delivery and records the attempt.
fn begin_attempt(
    state: &mut WorldState,
    world: &str,
    number: u64,
    at: Duration,
) -> Option<DeliveryAttempt> {
    state.record_webhook(number);
    let date = state.date(at);
    let second = state.clock.at(at).as_second();
    let runs = state.clock.mode().runs();
    let queue = &mut state.webhooks;
    if queue.delivery(number)?.scenario.rotate_secret {
        queue.rotate_secret();
    }
    let secret = queue.secret(world);
    let delivery = queue.delivery(number)?;
    let (scenario, record) = (&delivery.scenario, &mut delivery.record);
    let id = record.job_id.clone();
    let timestamp = second.saturating_add(scenario.timestamp_offset.0);
    let signature =
        webhook_signature::signature(scenario.signature, &secret, &id, timestamp, &record.body);
    let body = record.body.as_bytes();
    let end = scenario.truncate.unwrap_or(body.len());
    let body = Bytes::copy_from_slice(body.get(..end).unwrap_or(body));
    record.attempts.push(WebhookAttempt {
        at: date,
        timestamp,
        signature: signature.clone(),
        bytes: body.len(),
        status: None,
        error: None,
    });
    // Without a running clock the order is the same in every run. A reversed order is kept too.
    let in_order = !runs || scenario.order == WebhookOrder::Reversed;
    let job_id = id.clone();
    let mut headers = vec![(ID_HEADER, id), (TIMESTAMP_HEADER, timestamp.to_string())];
    headers.extend(signature.map(|signature| (SIGNATURE_HEADER, signature)));
    let url = record.url.clone();
    Some(DeliveryAttempt { epoch: state.epoch, number, at, job_id, in_order, url, headers, body })
}

/// Records the outcome of an attempt. Without a 2xx response the next one is due after a pause.
pub(super) fn on_attempt_done(
    state: &mut WorldState,
    attempt: &DeliveryAttempt,
    outcome: Result<u16, String>,
) {
    if state.epoch != attempt.epoch {
        return;
    }
    state.record_webhook(attempt.number);
    let Some(delivery) = state.webhooks.delivery(attempt.number) else { return };
    let is_accepted = matches!(outcome, Ok(200..=299));
    if let Some(record) = delivery.record.attempts.last_mut() {
        match outcome {
            Ok(status) => record.status = Some(status),
            Err(error) => record.error = Some(error),
        }
    }
    if is_accepted {
        delivery.record.state = DeliveryState::Delivered;
        let job_id = delivery.record.job_id.clone();
        mark_delivered(state, &job_id);
        return;
    }
    let pause = delivery.scenario.retries.get(delivery.retries).copied();
    delivery.retries += 1;
    match pause {
        Some(pause) => {
            state.webhooks.schedule_attempt(attempt.at.saturating_add(pause.0), attempt.number);
        }
        None => delivery.record.state = DeliveryState::GivenUp,
    }
}

/// The receiver accepted the delivery: it knows the job's id, and its result.
fn mark_delivered(state: &mut WorldState, job_id: &str) {
    let now = state.clock.elapsed();
    if let Some(job) = state.job_mut(job_id) {
        job.id_delivered = true;
        job.delivered |= job.status(now) == "completed";
    }
}
