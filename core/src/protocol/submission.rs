//! The state machine of a submit that is sent at most once: events in, actions out.
//!
//! It sends a submit again only after a response that proves that the service did not accept the
//! previous one. After any other failure it never sends another submit; it searches the history for
//! the job.

use std::sync::Arc;
use std::time::Duration;

use super::Prediction;
use super::pacing::Backoff;
use super::recovery_search::{Search, submission_unknown};
use super::response_class::{Resend, SearchResponse, SubmitResponse};
use super::retry::RetryPolicy;
use crate::error::Error;

/// After this many search windows, a job is in the history or does not exist. A search lasts one window,
/// but who searches again may find a job that is later still.
const LATE_WINDOWS: u32 = 5;

/// The limits of a submit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SubmitPolicy {
    /// How often a submit that certainly was not accepted is retried.
    pub retry: RetryPolicy,
    /// When to stop, by the clock of `now`.
    pub deadline: Duration,
    /// How to search for a lost submit; `None` turns the search off.
    pub recovery: Option<RecoveryPolicy>,
}

impl SubmitPolicy {
    /// Returns when a search that starts now must end.
    fn search_until(&self, now: Duration) -> Duration {
        now.saturating_add(self.window()).min(self.deadline)
    }

    fn window(&self) -> Duration {
        self.recovery.map_or(Duration::ZERO, |recovery| recovery.window)
    }
}

/// How to search the history for a lost submit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RecoveryPolicy {
    /// How long to search: a job may appear in the history late.
    pub window: Duration,
    /// The pauses between two searches.
    pub backoff: Backoff,
}

/// An event of a submit.
#[derive(Clone, Debug)]
pub enum SubmitEvent {
    /// The start.
    Start,
    /// The response to the submit.
    Responded(SubmitResponse),
    /// The result of a search.
    Searched(SearchResponse),
    /// The pause is over.
    Woke,
    /// The rate limit allows no further submit before the deadline.
    HeldBack,
}

/// The next action.
#[derive(Clone, Debug)]
pub enum SubmitAction {
    /// Send the POST that costs money.
    Submit,
    /// Search the history for the job.
    Search,
    /// Sleep for this reason, then report [`SubmitEvent::Woke`].
    Sleep(Duration, Error),
    /// The submit has ended.
    Finish(Result<Arc<Prediction>, Error>),
    /// The event is unexpected in this state: do nothing.
    Nothing,
}

#[derive(Clone, Debug)]
enum State {
    Fresh,
    InFlight,
    /// It was rejected temporarily, and is sent again after a pause.
    Pausing(Box<Error>),
    /// A submit that was sent so long ago was lost, and has to be searched for.
    ToRecover(Box<Error>, Duration),
    /// The submit was lost: a search is running.
    Searching(Box<Search>),
    /// The submit was lost: the next search starts after a pause.
    PausingSearch(Box<Search>),
    Done,
}

/// The state machine. Call [`step`](Self::step) with each event until it returns
/// [`Finish`](SubmitAction::Finish).
#[derive(Clone, Debug)]
pub struct Submission {
    policy: SubmitPolicy,
    state: State,
    attempts: u32,
}

impl Submission {
    /// Creates the machine of a submit that was not sent yet.
    #[must_use]
    pub fn new(policy: SubmitPolicy) -> Self {
        Self { policy, state: State::Fresh, attempts: 0 }
    }

    /// Creates the machine of a submit that was sent `sent_ago` and lost, for this reason. It only
    /// searches, and never sends. A history that does not have the job is read once if the submit is
    /// older than [`LATE_WINDOWS`] windows.
    #[must_use]
    pub fn lost(policy: SubmitPolicy, sent_ago: Duration, cause: Error) -> Self {
        Self { policy, state: State::ToRecover(Box::new(cause), sent_ago), attempts: 0 }
    }

    /// Returns when the machine stops.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        self.policy.deadline
    }

    /// Returns how many times the submit was sent.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Returns whether a submit was sent and its outcome is unknown.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        matches!(self.state, State::Searching(_) | State::PausingSearch(_) | State::ToRecover(..))
    }

    /// Returns the next action after an event at this time. `random` is from 0 to 1.
    pub fn step(&mut self, now: Duration, event: SubmitEvent, random: f64) -> SubmitAction {
        match (std::mem::replace(&mut self.state, State::Done), event) {
            (State::Fresh, SubmitEvent::Start) => self.submit(),
            (State::Pausing(_), SubmitEvent::Woke) => self.submit(),
            (State::Pausing(error), SubmitEvent::HeldBack) => self.finish(Err(*error)),
            (State::InFlight, SubmitEvent::Responded(response)) => {
                self.responded(now, response, random)
            }
            (State::ToRecover(cause, sent_ago), SubmitEvent::Start) => {
                let until = self.policy.search_until(now);
                let mut search = Search::new(*cause, until);
                let late = self.policy.window().saturating_mul(LATE_WINDOWS);
                search.complete_at = now.saturating_add(late).saturating_sub(sent_ago).min(until);
                self.search(search)
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
            let error = submission_unknown(&cause, "the history was not searched");
            return self.give_up(error);
        }
        let search = Search::new(cause, self.policy.search_until(now));
        self.pause_search(now, search, Duration::ZERO, random)
    }

    fn search(&mut self, mut search: Search) -> SubmitAction {
        search.searches += 1;
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
                search.failure = None;
                if now >= search.complete_at {
                    return self.give_up(search.nothing());
                }
                self.pause_search(now, search, Duration::ZERO, random)
            }
            SearchResponse::Temporary { error, retry_after } => {
                search.failure = Some(error);
                let retry_after = self.policy.retry.bounded(retry_after);
                self.pause_search(now, search, retry_after, random)
            }
        }
    }

    /// Searches again after a pause; the last search is at the end of the window.
    fn pause_search(
        &mut self,
        now: Duration,
        search: Search,
        retry_after: Duration,
        random: f64,
    ) -> SubmitAction {
        let left = search.until.saturating_sub(now);
        if left.is_zero() && search.searches > 0 {
            return self.give_up(search.nothing());
        }
        let backoff =
            self.policy.recovery.map_or(self.policy.retry.backoff, |policy| policy.backoff);
        let pause = backoff.delay(search.searches + 1, random).max(retry_after).min(left);
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
