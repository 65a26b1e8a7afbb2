//! The webhook deliveries of a world, and the queue of what is sent next.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde::Serialize;

use super::webhook_signature;
use crate::scenario::{WebhookOrder, WebhookScenario};

/// How long deliveries are collected before they are sent in reversed order.
const REVERSAL_WINDOW: Duration = Duration::from_secs(1);

/// A webhook, and its attempts so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WebhookDelivery {
    /// Its number in the world, from 1.
    pub number: u64,
    /// The job it reports; also its `webhook-id`.
    pub job_id: String,
    /// The URL it is sent to.
    pub url: String,
    /// 0, or the number of the copy for duplicates.
    pub copy: u32,
    /// The state of the delivery.
    pub state: DeliveryState,
    /// The signed body.
    pub body: String,
    /// The attempts, oldest first.
    pub attempts: Vec<WebhookAttempt>,
}

/// The state of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Waits for its next attempt.
    Waiting,
    /// Answered with 2xx.
    Delivered,
    /// Every attempt failed.
    GivenUp,
    /// Never sent, because the scenario drops it.
    Dropped,
}

/// One attempt to send a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WebhookAttempt {
    /// The time, by the world's clock.
    pub at: String,
    /// The header `webhook-timestamp`.
    pub timestamp: i64,
    /// The header `webhook-signature`; `None` if the scenario omits it.
    pub signature: Option<String>,
    /// How many bytes of the body were sent.
    pub bytes: usize,
    /// The status of the response; `None` if there was none.
    pub status: Option<u16>,
    /// Why there is no response.
    pub error: Option<String>,
}

/// The webhooks of one world, and their schedule.
#[derive(Default)]
pub(crate) struct WebhookQueue {
    /// The jobs with a webhook that have not ended, and when they end, if that is known.
    pub(super) expected: HashMap<String, Option<Duration>>,
    pub(super) schedule: BTreeMap<Slot, Event>,
    /// How many jobs with a webhook have ended.
    pub(super) ended: u64,
    deliveries: Vec<Delivery>,
    rotations: u64,
    events: u64,
    /// The end of the current reversal window.
    window_end: Option<Duration>,
}

/// A place in the schedule: the time, then ends of jobs before attempts, then the order.
pub(super) type Slot = (Duration, u8, u64);

const END: u8 = 0;
const ATTEMPT: u8 = 1;

/// Something that is due at a time of the world's clock.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// The job ends.
    JobEnd(String),
    /// The delivery with this number is sent.
    Attempt(u64),
}

/// A delivery and its scenario.
pub(super) struct Delivery {
    pub(super) record: WebhookDelivery,
    pub(super) scenario: WebhookScenario,
    /// How many retries there were since it was sent first, or redelivered.
    pub(super) retries: usize,
    /// The id of its last event.
    pub(super) last_event: u64,
}

impl WebhookQueue {
    pub(super) fn records(&self) -> Vec<WebhookDelivery> {
        self.deliveries.iter().map(|delivery| delivery.record.clone()).collect()
    }

    /// Returns how many deliveries there are.
    pub(super) fn count(&self) -> u64 {
        self.deliveries.len() as u64
    }

    /// Returns a delivery and the id of its last event.
    pub(super) fn record_with_event(&self, number: u64) -> Option<(&WebhookDelivery, u64)> {
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        self.deliveries.get(index).map(|delivery| (&delivery.record, delivery.last_event))
    }

    /// Returns the numbers of the deliveries and the ids of their last events.
    pub(super) fn events(&self) -> impl Iterator<Item = (u64, u64)> {
        (1..).zip(&self.deliveries).map(|(number, delivery)| (number, delivery.last_event))
    }

    /// Returns the secret that webhooks are signed with now.
    pub(crate) fn secret(&self, world: &str) -> String {
        webhook_signature::secret(world, self.rotations)
    }

    pub(super) fn rotate_secret(&mut self) {
        self.rotations += 1;
    }

    /// Schedules a delivery again, with all its retries. Returns `false` if the number is unknown.
    pub(super) fn redeliver(&mut self, number: u64, now: Duration) -> bool {
        let Some(delivery) = self.delivery(number) else { return false };
        delivery.retries = 0;
        delivery.record.state = DeliveryState::Waiting;
        self.schedule.retain(|_, event| !matches!(event, Event::Attempt(n) if *n == number));
        self.schedule_attempt(now, number);
        true
    }

    pub(super) fn delivery(&mut self, number: u64) -> Option<&mut Delivery> {
        self.deliveries.get_mut(usize::try_from(number.checked_sub(1)?).ok()?)
    }

    /// Returns the place of the next event that is not about a busy job.
    pub(super) fn next_slot(&self, is_busy: impl Fn(&str) -> bool) -> Option<Slot> {
        let waits = |event: &Event| match event {
            Event::JobEnd(_) => false,
            Event::Attempt(number) => {
                let index = number.checked_sub(1).and_then(|index| usize::try_from(index).ok());
                let delivery = index.and_then(|index| self.deliveries.get(index));
                delivery.is_some_and(|delivery| is_busy(&delivery.record.job_id))
            }
        };
        self.schedule.iter().find(|(_, event)| !waits(event)).map(|(slot, _)| *slot)
    }

    /// Schedules the end of a job.
    pub(super) fn schedule_end(&mut self, at: Duration, job_id: &str) {
        self.events += 1;
        self.schedule.insert((at, END, self.events), Event::JobEnd(job_id.to_owned()));
    }

    /// Schedules an attempt.
    pub(super) fn schedule_attempt(&mut self, at: Duration, number: u64) {
        self.schedule.insert((at, ATTEMPT, number), Event::Attempt(number));
    }

    /// Adds the deliveries of a job that ended at this time, as the scenario says.
    pub(super) fn add(
        &mut self,
        job_id: &str,
        url: &str,
        body: &str,
        scenario: &WebhookScenario,
        at: Duration,
    ) {
        for copy in 0..=scenario.duplicate {
            let number = self.deliveries.len() as u64 + 1;
            let slot = self.slot(scenario, at, number);
            if !scenario.drop {
                self.schedule.insert(slot, Event::Attempt(number));
            }
            let state = if scenario.drop { DeliveryState::Dropped } else { DeliveryState::Waiting };
            let record = WebhookDelivery {
                number,
                job_id: job_id.to_owned(),
                url: url.to_owned(),
                copy,
                state,
                body: body.to_owned(),
                attempts: Vec::new(),
            };
            self.deliveries.push(Delivery {
                record,
                scenario: scenario.clone(),
                retries: 0,
                last_event: 0,
            });
        }
    }

    /// Returns when a delivery is due whose job ended at `ended`, and its order at that time.
    fn slot(&mut self, scenario: &WebhookScenario, ended: Duration, number: u64) -> Slot {
        let due = ended.saturating_add(scenario.delay.0);
        match scenario.order {
            WebhookOrder::AsTheyEnd => (due, ATTEMPT, number),
            WebhookOrder::Reversed => {
                let end = self.window_end.filter(|end| *end >= due);
                let end = end.unwrap_or(due.saturating_add(REVERSAL_WINDOW));
                self.window_end = Some(end);
                (end, ATTEMPT, u64::MAX - number)
            }
        }
    }
}
