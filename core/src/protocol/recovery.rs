//! Finds the job of a lost submit in the history. Pure: the claimed jobs are arguments.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::prediction::{Prediction, RecoveredBy, SubmitRecord};

/// How far the clocks of the service's machines may differ, after the difference to this machine's
/// clock is removed. A guess.
const SKEW: Duration = Duration::from_secs(60);
/// How long after its sending a submit may be accepted: the service's gateway gives up well before. A
/// guess.
const LATEST: Duration = Duration::from_secs(10 * 60);
/// How wrong this machine's clock may have been at the time of a record: a wrong time zone is up to 14
/// hours off.
const WRONG_CLOCK: Duration = Duration::from_secs(25 * 60 * 60);

/// Which jobs may belong to a lost submit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecoveryCriteria {
    /// How long after the time of the record the POST may have been sent.
    pub sent_within: Duration,
    /// Whether the only job of the model in that time is adopted if the history contains no inputs.
    pub match_by_time: bool,
    /// The ids of jobs that belong to other submits.
    pub exclude: HashSet<String>,
}

impl RecoveryCriteria {
    /// Returns when the job can have been created, by the service's clock.
    #[must_use]
    pub fn window(&self, server_sent_at: SystemTime) -> Range<SystemTime> {
        let end = server_sent_at.checked_add(self.sent_within.saturating_add(LATEST));
        // A record may have any time: near the end of all time, the window has no end.
        around(server_sent_at, SKEW, end.unwrap_or_else(|| far_future(server_sent_at)))
    }
}

/// Returns when the job can have been created if this machine's clock was wrong at the time of the
/// record.
#[must_use]
pub fn wrong_clock_window(server_sent_at: SystemTime) -> Range<SystemTime> {
    let end = server_sent_at.checked_add(WRONG_CLOCK);
    around(server_sent_at, WRONG_CLOCK, end.unwrap_or_else(|| far_future(server_sent_at)))
}

fn around(middle: SystemTime, before: Duration, end: SystemTime) -> Range<SystemTime> {
    middle.checked_sub(before).unwrap_or(SystemTime::UNIX_EPOCH)..end
}

/// Returns the latest time that a date in a request can have.
fn far_future(at: SystemTime) -> SystemTime {
    let year_9999 = Duration::from_secs(253_402_300_799);
    SystemTime::UNIX_EPOCH.checked_add(year_9999).unwrap_or(at)
}

/// Other submits of the same client without a response (yet).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConcurrentSubmits {
    /// In flight, with the same model and input.
    pub in_flight: usize,
    /// Lost too, with the same model and input.
    pub lost: usize,
    /// In flight or lost, with the same model and any other input.
    pub of_model: usize,
}

/// What the history says about a lost submit.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// No job matches yet.
    Nothing,
    /// This job.
    Job(Arc<Prediction>, RecoveredBy),
    /// Jobs of which none is certain: more of them match than submits of this client were lost, or
    /// only their model and time match.
    Candidates(Vec<Arc<Prediction>>),
}

/// Searches for the job of a record. `history` contains jobs of its model; `server_sent_at` is the time
/// of sending by the service's clock; `is_claimed` returns whether a job belongs to another submit of
/// this client.
pub fn find(
    record: &SubmitRecord,
    server_sent_at: SystemTime,
    history: &[Arc<Prediction>],
    is_claimed: &dyn Fn(&str) -> bool,
    concurrent: ConcurrentSubmits,
    criteria: &RecoveryCriteria,
) -> Finding {
    let window = criteria.window(server_sent_at);
    let free: Vec<_> = unclaimed(record, history, &window, is_claimed, criteria).collect();
    let by_input: Vec<_> =
        free.iter().filter(|job| has_input(job, record)).map(|job| Arc::clone(job)).collect();
    if !by_input.is_empty() {
        // The job of a submit in flight may be among them: its response will show.
        if concurrent.in_flight > 0 {
            return Finding::Nothing;
        }
        // Lost submits with equal inputs may share their jobs in any order.
        return choose(by_input, 1 + concurrent.lost, RecoveredBy::Input);
    }
    let without_input: Vec<_> =
        free.iter().filter(|job| job.input.is_none()).map(|job| Arc::clone(job)).collect();
    // A later search may leave one job, and then adopt it. If it cannot be adopted, it is a candidate now:
    // without one, the submit would seem not to have been accepted.
    let others = concurrent.in_flight + concurrent.lost + concurrent.of_model;
    if without_input.is_empty() || (criteria.match_by_time && others > 0) {
        return Finding::Nothing;
    }
    let allowed = usize::from(criteria.match_by_time);
    choose(without_input, allowed, RecoveredBy::ModelAndTime)
}

/// Returns the jobs with the input of the record that were created in the window.
pub fn candidates(
    record: &SubmitRecord,
    history: &[Arc<Prediction>],
    window: &Range<SystemTime>,
    is_claimed: &dyn Fn(&str) -> bool,
    criteria: &RecoveryCriteria,
) -> Vec<Arc<Prediction>> {
    let free = unclaimed(record, history, window, is_claimed, criteria);
    sorted(free.filter(|job| has_input(job, record)).map(Arc::clone).collect())
}

/// Returns the jobs of the record's model and time that belong to no other submit.
fn unclaimed<'a>(
    record: &'a SubmitRecord,
    history: &'a [Arc<Prediction>],
    window: &'a Range<SystemTime>,
    is_claimed: &'a dyn Fn(&str) -> bool,
    criteria: &'a RecoveryCriteria,
) -> impl Iterator<Item = &'a Arc<Prediction>> {
    history
        .iter()
        .filter(|job| job.model == record.model || job.model.is_empty())
        // A job without a date may be any.
        .filter(|job| job.created_at.is_none_or(|at| window.start <= at && at <= window.end))
        .filter(|job| !is_claimed(&job.id) && !criteria.exclude.contains(&job.id))
}

fn has_input(job: &Prediction, record: &SubmitRecord) -> bool {
    job.input.as_ref().is_some_and(|input| is_same(&record.input, input))
}

/// Returns the oldest of the jobs if there are no more of them than lost submits.
fn choose(jobs: Vec<Arc<Prediction>>, lost: usize, by: RecoveredBy) -> Finding {
    let jobs = sorted(jobs);
    match jobs.first() {
        Some(oldest) if jobs.len() <= lost => Finding::Job(Arc::clone(oldest), by),
        Some(_) => Finding::Candidates(jobs),
        None => Finding::Nothing,
    }
}

/// Returns the jobs by age, each once.
fn sorted(mut jobs: Vec<Arc<Prediction>>) -> Vec<Arc<Prediction>> {
    jobs.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    jobs.dedup_by(|a, b| a.id == b.id);
    jobs
}

/// Returns whether a job with the input `kept` can come from `sent`: the service drops unknown
/// parameters and may add defaults, but changes no value; and at least one must be equal.
fn is_same(sent: &Value, kept: &Value) -> bool {
    let (Value::Object(sent), Value::Object(kept)) = (sent, kept) else { return sent == kept };
    let mut both =
        sent.iter().filter_map(|(name, value)| Some((value, kept.get(name)?))).peekable();
    both.peek().is_some() && both.all(|(sent, kept)| is_equal(sent, kept))
}

/// Returns whether two values are equal; 1 equals 1.0.
fn is_equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_equal(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| is_equal(a, b)))
        }
        _ => a == b,
    }
}

#[cfg(test)]
mod tests;
