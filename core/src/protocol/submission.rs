//! The at-most-once submit, as a pure machine: events in, actions out.
//!
//! A submit goes out again only after a response that proves the one before was not taken. After
//! a response that leaves this open, no further submit goes out, whatever comes: the job is looked
//! for in the history.

use std::sync::Arc;
use std::time::Duration;

use super::Prediction;
use super::pacing::Backoff;
use super::recovery_search::{Search, submission_unknown};
use super::response_class::{Resend, SearchResponse, SubmitResponse};
use super::retry::RetryPolicy;
use crate::error::Error;

/// How often and how long to try.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SubmitPolicy {
    /// How often a submit that certainly was not accepted is retried.
    pub retry: RetryPolicy,
    /// When to give up, on the clock of the `now` that is handed in.
    pub deadline: Duration,
    /// How a lost submit is looked for; `None` where it is not.
    pub recovery: Option<RecoveryPolicy>,
}

impl SubmitPolicy {
    /// Returns when a search that starts now must end.
    fn search_until(&self, now: Duration) -> Duration {
        let window = self.recovery.map_or(Duration::ZERO, |recovery| recovery.window);
        now.saturating_add(window).min(self.deadline)
    }
}

/// How a lost submit is looked for in the history.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RecoveryPolicy {
    /// How long to look, from the loss: a job may show up in the history late.
    pub window: Duration,
    /// The pauses between two looks.
    pub backoff: Backoff,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum SubmitEvent {
    /// Begin.
    Start,
    /// The submit's outcome.
    Responded(SubmitResponse),
    /// What the history tells.
    Searched(SearchResponse),
    /// The pause is over.
    Woke,
    /// The client's shared budget has no moment for a further submit before the deadline.
    HeldBack,
}

/// What to do.
#[derive(Clone, Debug)]
pub enum SubmitAction {
    /// Send the POST that costs money.
    Submit,
    /// Look for the job in the history.
    Search,
    /// Wait, for that reason, then report [`SubmitEvent::Woke`].
    Sleep(Duration, Error),
    /// It is decided.
    Finish(Result<Arc<Prediction>, Error>),
    /// The event does not fit the state: do nothing.
    Nothing,
}

#[derive(Clone, Debug)]
enum State {
    Fresh,
    InFlight,
    /// It was refused for now, and goes out again after a pause.
    Pausing(Box<Error>),
    /// A submit from another time was lost; it is to be looked for.
    ToRecover(Box<Error>),
    /// The submit was lost: the history is looked into…
    Searching(Box<Search>),
    /// … again after a pause.
    PausingSearch(Box<Search>),
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

    /// A submit that was sent and lost some time ago, for this reason: none goes out, it is only
    /// looked for.
    #[must_use]
    pub fn lost(policy: SubmitPolicy, cause: Error) -> Self {
        Self { policy, state: State::ToRecover(Box::new(cause)), attempts: 0 }
    }

    /// When it is given up.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        self.policy.deadline
    }

    /// How many submits went out.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Whether a submit went out whose fate is open.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        matches!(self.state, State::Searching(_) | State::PausingSearch(_) | State::ToRecover(_))
    }

    /// What to do after this event, at this moment; `random` is from 0 to 1.
    pub fn step(&mut self, now: Duration, event: SubmitEvent, random: f64) -> SubmitAction {
        match (std::mem::replace(&mut self.state, State::Done), event) {
            (State::Fresh, SubmitEvent::Start) => self.submit(),
            (State::Pausing(_), SubmitEvent::Woke) => self.submit(),
            (State::Pausing(error), SubmitEvent::HeldBack) => self.finish(Err(*error)),
            (State::InFlight, SubmitEvent::Responded(response)) => {
                self.responded(now, response, random)
            }
            (State::ToRecover(cause), SubmitEvent::Start) => {
                self.search(Search::new(*cause, self.policy.search_until(now)))
            }
            (State::PausingSearch(search), SubmitEvent::Woke) => self.search(*search),
            (State::Searching(search), SubmitEvent::Searched(response)) => {
                self.searched(now, *search, response, random)
            }
            (state, _) => {
                self.state = state;
                SubmitAction::Nothing
            }
        }
    }

    fn submit(&mut self) -> SubmitAction {
        self.state = State::InFlight;
        self.attempts += 1;
        SubmitAction::Submit
    }

    fn responded(&mut self, now: Duration, response: SubmitResponse, random: f64) -> SubmitAction {
        match response {
            SubmitResponse::Accepted(prediction) => self.finish(Ok(prediction)),
            SubmitResponse::Lost(cause) => self.lose(now, cause, random),
            SubmitResponse::Rejected { error, resend } => {
                let error = error.with_attempts(self.attempts);
                let pause = match resend {
                    Resend::Never => None,
                    Resend::After(retry_after) => {
                        self.policy.retry.next_pause(self.attempts, retry_after, random)
                    }
                };
                let Some(pause) = pause else { return self.finish(Err(error)) };
                if now.saturating_add(pause) >= self.policy.deadline {
                    return self.finish(Err(error));
                }
                self.state = State::Pausing(Box::new(error.clone()));
                SubmitAction::Sleep(pause, error)
            }
        }
    }

    fn lose(&mut self, now: Duration, cause: Error, random: f64) -> SubmitAction {
        if self.policy.recovery.is_none() {
            let error = submission_unknown(&cause, "it was not looked for");
            return self.give_up(error);
        }
        let search = Search::new(cause, self.policy.search_until(now));
        self.pause_search(now, search, Duration::ZERO, random)
    }

    fn search(&mut self, mut search: Search) -> SubmitAction {
        search.looks += 1;
        self.state = State::Searching(Box::new(search));
        SubmitAction::Search
    }

    fn searched(
        &mut self,
        now: Duration,
        mut search: Search,
        response: SearchResponse,
        random: f64,
    ) -> SubmitAction {
        match response {
            SearchResponse::Found(prediction) => self.finish(Ok(prediction)),
            SearchResponse::Candidates(jobs) => self.give_up(search.candidates(jobs)),
            SearchResponse::Failed(error) => self.give_up(search.refused(&error)),
            SearchResponse::NotYet => {
                search.trouble = None;
                self.pause_search(now, search, Duration::ZERO, random)
            }
            SearchResponse::Temporary { error, retry_after } => {
                search.trouble = Some(error);
                let asked = self.policy.retry.bounded(retry_after);
                self.pause_search(now, search, asked, random)
            }
        }
    }

    /// Looks again after a pause, a last time at the end of the window.
    fn pause_search(
        &mut self,
        now: Duration,
        search: Search,
        asked: Duration,
        random: f64,
    ) -> SubmitAction {
        let left = search.until.saturating_sub(now);
        if left.is_zero() && search.looks > 0 {
            return self.give_up(search.nothing());
        }
        let backoff =
            self.policy.recovery.map_or(self.policy.retry.backoff, |policy| policy.backoff);
        let pause = backoff.delay(search.looks + 1, random).max(asked).min(left);
        let cause = search.cause.clone();
        self.state = State::PausingSearch(Box::new(search));
        SubmitAction::Sleep(pause, cause)
    }

    fn give_up(&mut self, error: Error) -> SubmitAction {
        let error = error.with_attempts(self.attempts.max(1));
        self.finish(Err(error))
    }

    fn finish(&mut self, outcome: Result<Arc<Prediction>, Error>) -> SubmitAction {
        self.state = State::Done;
        SubmitAction::Finish(outcome)
    }
}

#[cfg(test)]
mod tests;
