//! The at-most-once submit, as a pure machine: events in, actions out.
//!
//! A submit goes out again only after an answer that proves the one before was not taken. After
//! an answer that leaves this open, no further submit goes out, whatever comes.

use std::sync::Arc;
use std::time::Duration;

use super::Prediction;
use super::answer::{Resend, SubmitAnswer};
use super::pacing::Backoff;
use crate::error::{Error, ErrorKind};

/// How often and how long to try.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SubmitPolicy {
    /// How many times a submit that provably was not taken is sent in all.
    pub max_attempts: u32,
    /// The pause between two attempts; a longer `Retry-After` wins.
    pub backoff: Backoff,
    /// The longest `Retry-After` that is obeyed.
    pub max_retry_after: Duration,
    /// When to give up, on the clock of the `now` that is handed in.
    pub deadline: Duration,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum SubmitEvent {
    /// Begin.
    Start,
    /// The submit's outcome.
    Answered(SubmitAnswer),
    /// The pause is over.
    Woke,
}

/// What to do.
#[derive(Clone, Debug)]
pub enum SubmitAction {
    /// Send the POST that costs money.
    Submit,
    /// Wait, for that reason, then report [`SubmitEvent::Woke`].
    Sleep(Duration, Error),
    /// It is decided.
    Finish(Result<Arc<Prediction>, Error>),
    /// The event does not fit the state: do nothing.
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Fresh,
    InFlight,
    Pausing,
    Done,
}

/// The machine: [`step`](Self::step) it with each event until it says
/// [`Finish`](SubmitAction::Finish).
#[derive(Clone, Debug)]
pub struct Submission {
    policy: SubmitPolicy,
    state: State,
    attempts: u32,
}

impl Submission {
    /// A submit that has not been sent.
    #[must_use]
    pub fn new(policy: SubmitPolicy) -> Self {
        Self { policy, state: State::Fresh, attempts: 0 }
    }

    /// How many submits went out.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// What to do after this event, at this moment; `random` is from 0 to 1.
    pub fn step(&mut self, now: Duration, event: SubmitEvent, random: f64) -> SubmitAction {
        match (self.state, event) {
            (State::Fresh, SubmitEvent::Start) | (State::Pausing, SubmitEvent::Woke) => {
                self.state = State::InFlight;
                self.attempts += 1;
                SubmitAction::Submit
            }
            (State::InFlight, SubmitEvent::Answered(answer)) => self.answered(now, answer, random),
            _ => SubmitAction::Nothing,
        }
    }

    fn answered(&mut self, now: Duration, answer: SubmitAnswer, random: f64) -> SubmitAction {
        match answer {
            SubmitAnswer::Accepted(prediction) => self.finish(Ok(prediction)),
            SubmitAnswer::Lost(error) => {
                let error = submission_unknown(error).with_attempts(self.attempts);
                self.finish(Err(error))
            }
            SubmitAnswer::Refused { error, resend: Resend::After(retry_after) }
                if self.attempts < self.policy.max_attempts =>
            {
                let asked = retry_after.unwrap_or_default().min(self.policy.max_retry_after);
                let pause = self.policy.backoff.delay(self.attempts, random).max(asked);
                let error = error.with_attempts(self.attempts);
                if now.saturating_add(pause) >= self.policy.deadline {
                    return self.finish(Err(error));
                }
                self.state = State::Pausing;
                SubmitAction::Sleep(pause, error)
            }
            SubmitAnswer::Refused { error, .. } => {
                let error = error.with_attempts(self.attempts);
                self.finish(Err(error))
            }
        }
    }

    fn finish(&mut self, outcome: Result<Arc<Prediction>, Error>) -> SubmitAction {
        self.state = State::Done;
        SubmitAction::Finish(outcome)
    }
}

fn submission_unknown(cause: Error) -> Error {
    let message = format!(
        "The submit was sent, but no usable answer came ({}), so the job may exist and may be \
         charged; it was not sent again. Look for it in the history of your account before you \
         submit the same input again.",
        cause.message().trim_end_matches('.'),
    );
    let mut error = Error::new(ErrorKind::SubmissionUnknown, message);
    if let Some(http) = cause.http() {
        error = error.with_http(http.clone());
    }
    error.with_app_code(cause.app_code()).with_source(cause)
}

#[cfg(test)]
mod tests;
