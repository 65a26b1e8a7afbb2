//! Finds a lost submit among the jobs of the history. Pure: what is claimed is handed in.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::prediction::{Prediction, RecoveredBy, SubmitRecord};

/// How far the times of the service's machines may lie apart, after the difference to this
/// machine's clock was taken out. A guess.
const SKEW: Duration = Duration::from_secs(60);
/// How long after its sending a submit may be taken: the service's gateway gives up well before.
/// A guess.
const LATEST: Duration = Duration::from_secs(10 * 60);

/// Other submits of the same client that were not answered (yet).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConcurrentSubmits {
    /// Under way, with the same model and input.
    pub in_flight: usize,
    /// Lost too, with the same model and input.
    pub lost: usize,
    /// Under way or lost, with the same model and any other input.
    pub of_model: usize,
}

/// What the history tells of a lost submit.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// Nothing that fits, so far.
    Nothing,
    /// The job.
    Job(Arc<Prediction>, RecoveredBy),
    /// More jobs that fit than submits of this client were lost.
    Several(Vec<Arc<Prediction>>),
}

/// Looks for the record's job. `history` holds jobs of its model; `server_sent_at` is the time of
/// sending by the service's clock; `is_claimed` tells the jobs that belong to other submits of this
/// client.
pub fn find(
    record: &SubmitRecord,
    server_sent_at: SystemTime,
    history: &[Arc<Prediction>],
    is_claimed: &dyn Fn(&str) -> bool,
    rivals: ConcurrentSubmits,
) -> Finding {
    let fitting: Vec<_> = history
        .iter()
        .filter(|job| job.model == record.model || job.model.is_empty())
        .filter(|job| is_in_time(job, server_sent_at) && !is_claimed(&job.id))
        .collect();
    let by_input: Vec<_> = fitting
        .iter()
        .filter(|job| job.input.as_ref().is_some_and(|input| is_same(&record.input, input)))
        .copied()
        .collect();
    if !by_input.is_empty() {
        // A job of a submit under way may be among them: its answer will tell.
        if rivals.in_flight > 0 {
            return Finding::Nothing;
        }
        // Lost submits with equal inputs may share their jobs out among themselves.
        return choose(&by_input, 1 + rivals.lost, RecoveredBy::Input);
    }
    let silent: Vec<_> = fitting.into_iter().filter(|job| job.input.is_none()).collect();
    if silent.is_empty() || rivals.in_flight + rivals.lost + rivals.of_model > 0 {
        return Finding::Nothing;
    }
    choose(&silent, 1, RecoveredBy::ModelAndTime)
}

/// The oldest of the jobs, where there are no more of them than lost submits.
fn choose(jobs: &[&Arc<Prediction>], lost: usize, by: RecoveredBy) -> Finding {
    let mut jobs: Vec<_> = jobs.iter().map(|job| Arc::clone(job)).collect();
    jobs.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    jobs.dedup_by(|a, b| a.id == b.id);
    match jobs.first() {
        Some(oldest) if jobs.len() <= lost => Finding::Job(Arc::clone(oldest), by),
        Some(_) => Finding::Several(jobs),
        None => Finding::Nothing,
    }
}

/// When the job of a submit can have been made at the earliest, by the service's clock.
#[must_use]
pub fn earliest(server_sent_at: SystemTime) -> SystemTime {
    server_sent_at.checked_sub(SKEW).unwrap_or(SystemTime::UNIX_EPOCH)
}

fn is_in_time(job: &Prediction, server_sent_at: SystemTime) -> bool {
    let earliest = earliest(server_sent_at);
    // The record may come from anywhere: a time at the end of all clocks has no end of its window.
    let latest = server_sent_at.checked_add(LATEST);
    // A job without a date may be any.
    job.created_at.is_none_or(|at| earliest <= at && latest.is_none_or(|latest| at <= latest))
}

/// Whether a job with the input `kept` can come from `sent`: the service drops what it does not
/// know and may add defaults, but changes nothing; and something must be equal.
fn is_same(sent: &Value, kept: &Value) -> bool {
    let (Value::Object(sent), Value::Object(kept)) = (sent, kept) else { return sent == kept };
    let mut both =
        sent.iter().filter_map(|(name, value)| Some((value, kept.get(name)?))).peekable();
    both.peek().is_some() && both.all(|(sent, kept)| is_equal(sent, kept))
}

/// Equality in which 1 is 1.0.
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
