//! Writes the events of a world as server-sent events.

use std::collections::VecDeque;
use std::io::Write as _;
use std::sync::{MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::Serialize;
use serde_json::json;

use super::World;
use super::event_log::{Part, Single};
use super::exchange_record::ExchangeRecord;
use super::exchange_summary::{ExchangeChanges, ExchangeSummary};
use super::job::is_terminal;
use super::state::WorldState;

/// How many events are written at once: the world is locked meanwhile.
const MAX_EVENTS: usize = 512;
/// So many exchanges in a row are one event: under load, most of them differ in little.
const MIN_GROUP: usize = 16;
/// How many frames are shared between the readers.
const MAX_FRAMES: usize = 8;
/// How often the states of running jobs are compared with the clock.
const JOB_CHECK: Duration = Duration::from_millis(40);

/// The events after one id up to another one, as they are sent.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) after: u64,
    pub(crate) last: u64,
    pub(crate) text: Bytes,
}

/// The last frames, which all readers share.
#[derive(Debug, Default)]
pub(crate) struct SharedFrames {
    frames: VecDeque<Frame>,
    checked: Option<Instant>,
}

impl World {
    /// Returns the events after this id, and whether there may be more at once. Returns `None` if
    /// there are none yet.
    pub(crate) fn frame_after(&self, id: u64) -> Option<(Frame, bool)> {
        let mut shared = self.shared_frames();
        let newest = shared.frames.back().map_or(0, |frame| frame.last);
        if let Some(frame) = shared.frames.iter().find(|frame| frame.after == id) {
            return Some((frame.clone(), frame.last < newest));
        }
        let mut state = self.state();
        let now = Instant::now();
        if shared.checked.is_none_or(|checked| now.duration_since(checked) >= JOB_CHECK) {
            shared.checked = Some(now);
            state.record_job_changes();
        }
        // A reader that is behind writes for itself, until it is where the others are.
        let is_behind = id < newest;
        let end = if is_behind { newest } else { state.events.head() };
        if id >= end {
            return None;
        }
        let frame = self.write(&mut state, id, end);
        if !is_behind {
            if shared.frames.len() == MAX_FRAMES {
                shared.frames.pop_front();
            }
            shared.frames.push_back(frame.clone());
        }
        let more = frame.last < end || is_behind;
        Some((frame, more))
    }

    /// Returns the event that tells a reader at this id that exchanges are missing.
    pub(crate) fn missed_event(&self, id: u64) -> Option<(Bytes, u64)> {
        let state = self.state();
        let first = state.journal.entries().next()?.sequence;
        if !state.events.misses(id) {
            return None;
        }
        let mut text = Vec::new();
        self.write_event(&mut text, id, "missed", &json!({"first_sequence": first}));
        Some((text.into(), state.events.forgotten()))
    }

    /// Returns the id in a `Last-Event-ID` of this world. Returns `None` for one of another world, or
    /// of an earlier run of the server.
    pub(crate) fn event_id(&self, text: &str) -> Option<u64> {
        let (world, id) = text.rsplit_once('-')?;
        let id = id.parse().ok()?;
        (world == self.shared.events_id && id <= self.state().events.head()).then_some(id)
    }

    pub(crate) fn last_event(&self) -> u64 {
        self.state().events.head()
    }

    fn shared_frames(&self) -> MutexGuard<'_, SharedFrames> {
        self.shared.frames.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the events after `id`, up to `end`.
    fn write(&self, state: &mut WorldState, id: u64, end: u64) -> Frame {
        let mut text = Vec::new();
        let mut last = id;
        let mut statuses = Vec::new();
        let mut kept = state.events.after(id).take_while(|(event, _)| *event <= end);
        let events: Vec<_> = if id + 1 < state.events.first() {
            changed_before(state, id, state.events.first().min(end + 1))
        } else {
            kept.by_ref().take(MAX_EVENTS).collect()
        };
        let mut exchanges = Vec::new();
        for (event, part) in events.iter().copied().take(MAX_EVENTS) {
            last = event;
            if let Part::Exchange(sequence) = part {
                // Unless a later event has its state.
                let exchange = state.journal.get(sequence).filter(|it| it.last_event == event);
                exchanges.extend(exchange.map(|exchange| (event, exchange)));
            } else {
                self.write_exchanges(&mut text, &std::mem::take(&mut exchanges));
                self.write_part(state, &mut text, event, part, &mut statuses);
            }
        }
        self.write_exchanges(&mut text, &exchanges);
        if events.len() < MAX_EVENTS {
            last = if id + 1 < state.events.first() {
                (state.events.first() - 1).min(end)
            } else {
                end
            };
        }
        drop(kept);
        for index in statuses {
            state.mark_job_written(index);
        }
        state.events.mark_seen(last);
        Frame { after: id, last, text: text.into() }
    }

    /// Writes exchanges that follow each other, as one event if they are many.
    fn write_exchanges(&self, text: &mut Vec<u8>, exchanges: &[(u64, &ExchangeRecord)]) {
        match exchanges {
            [(_, first), .., (last, _)] if exchanges.len() >= MIN_GROUP => {
                self.begin_event(text, *last, "exchanges");
                text.push(b'[');
                write_json(text, &ExchangeSummary::of(first));
                for pair in exchanges.windows(2) {
                    if let [(_, before), (_, exchange)] = pair {
                        text.push(b',');
                        write_json(text, &ExchangeChanges::between(before, exchange));
                    }
                }
                text.extend_from_slice(b"]\n\n");
            }
            _ => {
                for (event, exchange) in exchanges {
                    self.write_event(text, *event, "exchange", &ExchangeSummary::of(exchange));
                }
            }
        }
    }

    /// Writes the current state of a part that is no exchange, unless a later event does.
    fn write_part(
        &self,
        state: &WorldState,
        text: &mut Vec<u8>,
        event: u64,
        part: Part,
        jobs: &mut Vec<usize>,
    ) {
        match part {
            Part::Exchange(_) => {}
            Part::Job(index) => {
                if let Some(job) = state.jobs().get(index).filter(|job| job.last_event == event) {
                    self.write_event(text, event, "job", &state.job_record(job));
                    jobs.push(index);
                }
            }
            Part::Webhook(number) => {
                let delivery = state.webhooks.record_with_event(number);
                if let Some((record, _)) = delivery.filter(|(_, last)| *last == event) {
                    self.write_event(text, event, "webhook", record);
                }
            }
            Part::Single(single) if state.events.last_of(single) == event => match single {
                Single::Reset => self.write_event(text, event, "reset", &json!({})),
                Single::Scenario => self.write_event(text, event, "scenario", &state.scenario),
                Single::Clock => self.write_event(text, event, "clock", &state.clock.record()),
                Single::Faults => self.write_event(text, event, "faults", &state.faults.counts()),
                Single::Ledger => {
                    self.write_event(text, event, "ledger", &state.ledger().totals());
                }
            },
            Part::Single(_) => {}
        }
    }

    fn write_event(&self, text: &mut Vec<u8>, event: u64, name: &str, data: &impl Serialize) {
        self.begin_event(text, event, name);
        write_json(text, data);
        text.extend_from_slice(b"\n\n");
    }

    fn begin_event(&self, text: &mut Vec<u8>, event: u64, name: &str) {
        // Writing to memory never fails.
        let _ = write!(text, "id: {}-{event}\nevent: {name}\ndata: ", self.shared.events_id);
    }
}

fn write_json(text: &mut Vec<u8>, data: &impl Serialize) {
    let _ = serde_json::to_writer(text, data);
}

/// Returns the parts whose last event is after `id` and before `end`, in order.
fn changed_before(state: &WorldState, id: u64, end: u64) -> Vec<(u64, Part)> {
    let exchanges =
        state.journal.entries().map(|entry| (entry.last_event, Part::Exchange(entry.sequence)));
    let jobs = state.jobs().iter().enumerate().map(|(at, job)| (job.last_event, Part::Job(at)));
    let webhooks = state.webhooks.events().map(|(number, last)| (last, Part::Webhook(number)));
    let singles =
        Single::ALL.into_iter().map(|single| (state.events.last_of(single), Part::Single(single)));
    let mut changed: Vec<_> = exchanges
        .chain(jobs)
        .chain(webhooks)
        .chain(singles)
        .filter(|(last, _)| *last > id && *last < end)
        .collect();
    changed.sort_unstable_by_key(|(last, _)| *last);
    changed
}

impl WorldState {
    /// Records the jobs whose state the clock has changed.
    fn record_job_changes(&mut self) {
        let now = self.clock.elapsed();
        let changed: Vec<usize> = self
            .events
            .running
            .iter()
            .copied()
            .filter(|index| {
                let job = self.jobs().get(*index);
                job.is_some_and(|job| job.written_status.as_deref() != Some(job.status(now)))
            })
            .collect();
        for index in changed {
            self.record_job(index);
        }
    }

    /// Records that the readers know the current state of a job. Ended jobs are not looked at again
    /// until a request changes them.
    fn mark_job_written(&mut self, index: usize) {
        let now = self.clock.elapsed();
        let Some(job) = self.job_at_mut(index) else { return };
        let status = job.status(now).to_owned();
        let has_ended = is_terminal(&status);
        let was_running = job.is_running.replace(!has_ended).unwrap_or(false);
        job.written_status = Some(status);
        match (was_running, has_ended) {
            (false, false) => self.events.running.push(index),
            (true, true) => self.events.running.retain(|running| *running != index),
            _ => {}
        }
    }
}
