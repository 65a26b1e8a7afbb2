//! The state machine of a wait for a job: events in, actions out.

use std::sync::Arc;
use std::time::Duration;

use super::Prediction;
use super::outcome::{is_conclusive, job_outcome, wait_timeout};
use super::pacing::Pacing;
use super::response_class::PollResponse;
use super::retry::RetryPolicy;
use crate::error::Error;

/// How to poll, and when to stop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WaitPolicy {
    /// When to poll without failures.
    pub pacing: Pacing,
    /// How often failed polls in a row are retried.
    pub retry: RetryPolicy,
    /// How long after the start the service may not know a new job yet.
    pub unknown_grace: Duration,
    /// When the wait ends, by the clock of `now`.
    pub deadline: Duration,
}

/// An event of a wait.
#[derive(Clone, Debug)]
pub enum WaitEvent {
    /// The start.
    Start,
    /// The response to a poll.
    Polled(PollResponse),
    /// No poll was sent: the rate limit allows none before the deadline.
    HeldBack,
    /// The pause is over.
    Woke,
    /// A webhook delivered this state. A final state of this job ends the wait; any other has no
    /// effect.
    Delivered(Arc<Prediction>),
}

/// The next action.
#[derive(Clone, Debug)]
pub enum WaitAction {
    /// Poll the job.
    Poll,
    /// Sleep, then report [`WaitEvent::Woke`]. The error is the cause of the pause.
    Sleep(Duration, Option<Error>),
    /// The wait has ended: the completed prediction, or the error.
    Finish(Result<Arc<Prediction>, Error>),
    /// The event has no effect: continue with the previous action.
    Nothing,
}

/// An action, and the update that came with the event.
#[derive(Clone, Debug)]
pub struct WaitStep {
    /// The job's state, if it differs from the previous one. Each change is reported once, the last
    /// state included.
    pub update: Option<Arc<Prediction>>,
    /// The action.
    pub action: WaitAction,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Fresh,
    Polling,
    Pausing { then: Then },
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Poll,
    PollALastTime,
    GiveUp,
}

/// The state machine. Call [`step`](Self::step) with each event until it returns
/// [`Finish`](WaitAction::Finish).
#[derive(Clone, Debug)]
pub struct WaitMachine {
    policy: WaitPolicy,
    state: State,
    job_id: String,
    latest: Option<Arc<Prediction>>,
    /// Whether the job was submitted by this process a moment ago.
    just_submitted: bool,
    started: Duration,
    polls: u32,
    failures: u32,
    last_poll: bool,
    /// The pause before the next poll, in place of the policy's.
    planned_pause: Option<Duration>,
}

impl WaitMachine {
    /// Creates the machine for a job known only by its id. The first poll is due at once.
    #[must_use]
    pub fn resume(job_id: impl Into<String>, policy: WaitPolicy) -> Self {
        Self {
            policy,
            state: State::Fresh,
            job_id: job_id.into(),
            latest: None,
            just_submitted: false,
            started: Duration::ZERO,
            polls: 0,
            failures: 0,
            last_poll: false,
            planned_pause: None,
        }
    }

    /// Creates the machine for a job that was just submitted, with the response to the submit.
    #[must_use]
    pub fn submitted(prediction: Arc<Prediction>, policy: WaitPolicy) -> Self {
        let mut watch = Self::resume(prediction.id.clone(), policy);
        watch.latest = Some(prediction);
        watch.just_submitted = true;
        watch
    }

    /// Returns the job id.
    #[must_use]
    pub fn job_id(&self) -> &str {
        &self.job_id
    }

    /// Sets the pause that the next event may lead to, in place of the policy's pacing. Failures, `Retry-After`
    /// and the deadline still win.
    pub fn plan_pause(&mut self, pause: Option<Duration>) {
        self.planned_pause = pause;
    }

    /// Returns the next action after an event at this time. `random` is from 0 to 1.
    pub fn step(&mut self, now: Duration, event: WaitEvent, random: f64) -> WaitStep {
        match (self.state, event) {
            (State::Fresh, WaitEvent::Start) => self.start(now, random),
            (State::Polling, WaitEvent::Polled(response)) => self.polled(now, response, random),
            (State::Polling, WaitEvent::HeldBack) => quiet(self.give_up(None)),
            (State::Pausing { then }, WaitEvent::Woke) => quiet(self.woke(then)),
            (State::Polling | State::Pausing { .. }, WaitEvent::Delivered(prediction))
                if prediction.id == self.job_id && is_conclusive(&prediction) =>
            {
                let (prediction, update) = self.note(prediction);
                WaitStep { update, action: self.finish(job_outcome(prediction)) }
            }
            _ => quiet(WaitAction::Nothing),
        }
    }

    fn start(&mut self, now: Duration, random: f64) -> WaitStep {
        self.started = now;
        match self.latest.clone() {
            None => {
                self.last_poll = now >= self.policy.deadline;
                quiet(self.poll())
            }
            Some(prediction) => {
                let action = if prediction.status.is_terminal() {
                    self.finish(job_outcome(Arc::clone(&prediction)))
                } else {
                    self.pause_between_polls(now, None, random)
                };
                WaitStep { update: Some(prediction), action }
            }
        }
    }

    fn woke(&mut self, then: Then) -> WaitAction {
        match then {
            Then::Poll => self.poll(),
            Then::PollALastTime => {
                self.last_poll = true;
                self.poll()
            }
            Then::GiveUp => self.give_up(None),
        }
    }

    fn polled(&mut self, now: Duration, response: PollResponse, random: f64) -> WaitStep {
        match response {
            PollResponse::State { prediction, retry_after } => {
                self.seen(now, prediction, retry_after, random)
            }
            PollResponse::Temporary { error, retry_after } => {
                quiet(self.poll_failed(now, error, retry_after, random))
            }
            PollResponse::NotFound(error) if self.may_be_too_new(now) => {
                quiet(self.poll_failed(now, error, None, random))
            }
            PollResponse::NotFound(error) | PollResponse::Rejected(error) => {
                let error = self.with_what_is_known(error);
                quiet(self.finish(Err(error)))
            }
        }
    }

    fn seen(
        &mut self,
        now: Duration,
        prediction: Arc<Prediction>,
        retry_after: Option<Duration>,
        random: f64,
    ) -> WaitStep {
        self.failures = 0;
        let (prediction, update) = self.note(prediction);
        let action = if prediction.status.is_terminal() {
            self.finish(job_outcome(prediction))
        } else if self.last_poll {
            self.give_up(None)
        } else {
            self.pause_between_polls(now, retry_after, random)
        };
        WaitStep { update, action }
    }

    /// Stores the state. Returns whether it is an update.
    fn note(
        &mut self,
        mut prediction: Arc<Prediction>,
    ) -> (Arc<Prediction>, Option<Arc<Prediction>>) {
        let recovered = self.latest.as_ref().and_then(|latest| latest.recovered);
        if recovered.is_some() {
            Arc::make_mut(&mut prediction).recovered = recovered;
        }
        let is_update = self.latest.as_ref().is_none_or(|latest| prediction.differs_from(latest));
        self.latest = Some(Arc::clone(&prediction));
        let update = is_update.then(|| Arc::clone(&prediction));
        (prediction, update)
    }

    fn poll_failed(
        &mut self,
        now: Duration,
        error: Error,
        retry_after: Option<Duration>,
        random: f64,
    ) -> WaitAction {
        self.failures += 1;
        if self.last_poll {
            return self.give_up(Some(error));
        }
        let Some(pause) = self.policy.retry.next_pause(self.failures, None, random) else {
            let error = self.with_what_is_known(error);
            return self.finish(Err(error));
        };
        let error = error.with_attempts(self.failures).with_job(&self.job_id);
        self.pause(now, pause, retry_after, Some(error))
    }

    fn pause_between_polls(
        &mut self,
        now: Duration,
        retry_after: Option<Duration>,
        random: f64,
    ) -> WaitAction {
        let planned = self.planned_pause.take();
        let pause = planned.unwrap_or_else(|| self.policy.pacing.delay(self.polls, random));
        self.pause(now, pause, retry_after, None)
    }

    /// Sleeps for `pause`, or for `retry_after` if that is longer, but not beyond the deadline. The last poll
    /// is at the deadline, unless `retry_after` is longer.
    fn pause(
        &mut self,
        now: Duration,
        pause: Duration,
        retry_after: Option<Duration>,
        failure: Option<Error>,
    ) -> WaitAction {
        let retry_after = self.policy.retry.bounded(retry_after);
        let left = self.policy.deadline.saturating_sub(now);
        let wanted = pause.max(retry_after);
        let (pause, then) = if wanted < left {
            (wanted, Then::Poll)
        } else if retry_after > left {
            (left, Then::GiveUp)
        } else {
            (left, Then::PollALastTime)
        };
        self.state = State::Pausing { then };
        WaitAction::Sleep(pause, failure)
    }

    fn poll(&mut self) -> WaitAction {
        self.state = State::Polling;
        self.polls = self.polls.saturating_add(1);
        WaitAction::Poll
    }

    fn give_up(&mut self, failure: Option<Error>) -> WaitAction {
        let error = wait_timeout(&self.job_id, self.latest.clone(), failure);
        self.finish(Err(error))
    }

    fn finish(&mut self, outcome: Result<Arc<Prediction>, Error>) -> WaitAction {
        self.state = State::Done;
        WaitAction::Finish(outcome)
    }

    /// Returns whether the job may be so new that the service does not know it yet: this process
    /// submitted it, or possibly another one did, just before this wait.
    fn may_be_too_new(&self, now: Duration) -> bool {
        (self.just_submitted || self.latest.is_none())
            && now.saturating_sub(self.started) < self.policy.unknown_grace
    }

    fn with_what_is_known(&self, error: Error) -> Error {
        error
            .with_job(&self.job_id)
            .with_prediction(self.latest.clone())
            .with_attempts(self.failures.max(1))
    }
}

fn quiet(action: WaitAction) -> WaitStep {
    WaitStep { update: None, action }
}

#[cfg(test)]
mod tests;
