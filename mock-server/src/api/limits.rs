//! What an account may do at most.

use std::time::Duration;

use http::header::RETRY_AFTER;

use crate::reply::Reply;
use crate::state::WorldState;

const MINUTE: Duration = Duration::from_secs(60);

/// The refusal of a submit that is one too many.
pub(super) fn refusal(state: &WorldState) -> Option<Reply> {
    let limits = &state.scenario.limits;
    let rate = limits.per_minute.and_then(|most| too_fast(state, most));
    rate.or_else(|| limits.concurrent.and_then(|most| too_many(state, most)))
}

fn too_fast(state: &WorldState, most: usize) -> Option<Reply> {
    let now = state.clock.elapsed();
    let ages = state.jobs().iter().rev().map(|job| now.saturating_sub(job.submitted));
    let recent: Vec<Duration> = ages.take_while(|age| *age < MINUTE).collect();
    // Of those that fill the minute, the oldest that still counts makes room first.
    let oldest = most.checked_sub(1).map_or(Some(&Duration::ZERO), |index| recent.get(index))?;
    let message = "Too many requests: the limit of submits per minute is reached.";
    Some(refuse(message, Some(MINUTE.saturating_sub(*oldest))))
}

fn too_many(state: &WorldState, most: usize) -> Option<Reply> {
    let now = state.clock.elapsed();
    let running = || state.jobs().iter().filter(|job| !job.has_ended(now));
    if running().count() < most {
        return None;
    }
    let next = running().filter_map(|job| job.ends_in(now)).min();
    Some(refuse("Too many requests: the limit of concurrent tasks is reached.", next))
}

fn refuse(message: &str, wait: Option<Duration>) -> Reply {
    let reply = Reply::refusal(429, message);
    match wait {
        // Whole seconds, and never too few of them.
        Some(wait) => {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            reply.header(RETRY_AFTER, seconds.to_string())
        }
        None => reply,
    }
}
