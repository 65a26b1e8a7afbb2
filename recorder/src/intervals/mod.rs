//! When the states of a job began, as narrowly as the responses allow.
//!
//! A response with a status proves that the job had it at some moment between the request and the response.
//! So a state began after the request of the last response with an earlier one, and before the first
//! response with it or a later one. All times are in microseconds after the start of the recorder.

use crate::recording::{NarrowedBy, RecordedState};

/// A response with the status of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Observation {
    /// The status word.
    pub(crate) status: String,
    /// When the request was sent.
    pub(crate) sent: u64,
    /// When the response had arrived.
    pub(crate) received: u64,
}

/// A span of time, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: u64,
    pub(crate) to: u64,
}

impl Span {
    fn intersection(self, other: Self) -> Option<Self> {
        let span = Self { from: self.from.max(other.from), to: self.to.min(other.to) };
        (span.from <= span.to).then_some(span)
    }
}

/// The latest resolution of `timings`: a whole number of milliseconds, rounded down.
const MILLISECOND: u64 = 1000;

/// Returns the states of a job, in order. The first observation is the response to its submit, in which the
/// service accepted it; `accepted` is when it did. `processing_ms` is how long the service says it worked.
pub(crate) fn states(
    observations: &[Observation],
    accepted: Span,
    processing_ms: Option<u64>,
) -> Vec<RecordedState> {
    let order = in_order(observations);
    let Some(submit) = observations.first() else { return Vec::new() };
    let rank_of =
        |status: &str| order.iter().position(|known| *known == status).unwrap_or(order.len());
    let mut spans: Vec<Span> = Vec::new();
    for rank in 0..order.len() {
        let of = |keep: fn(&usize, &usize) -> bool| {
            observations.iter().filter(move |seen| keep(&rank_of(&seen.status), &rank))
        };
        let seen = of(|found, rank| found >= rank).map(|seen| seen.received).min();
        let unseen = of(|found, rank| found < rank).map(|seen| seen.sent).max();
        let to = seen.unwrap_or(accepted.to);
        // A service whose states go back and forth could contradict itself.
        let from = unseen.unwrap_or(accepted.from).max(accepted.from).min(to);
        spans.push(Span { from, to });
    }
    let is_first = order.first().is_some_and(|first| *first == submit.status);
    let begins_created = is_first && !is_terminal(&submit.status);
    if begins_created && let Some(first) = spans.first_mut() {
        *first = accepted;
    }
    let narrowed = narrow(&order, &mut spans, processing_ms);
    let state = |(at, (status, span)): (usize, (&&str, &Span))| {
        let (from, to) = if at == 0 && begins_created {
            (0, 0)
        } else {
            (span.from.saturating_sub(accepted.to), span.to.saturating_sub(accepted.from))
        };
        RecordedState {
            status: (*status).to_owned(),
            not_before_ms: from / MILLISECOND,
            not_after_ms: to.div_ceil(MILLISECOND),
            narrowed_by: (narrowed.contains(&at)).then_some(NarrowedBy::Timings),
        }
    };
    order.iter().zip(&spans).enumerate().map(state).collect()
}

/// Returns the status words in the order in which the job had them. Responses can overtake each other, so
/// `created` is first and a terminal status last whatever the times are.
fn in_order(observations: &[Observation]) -> Vec<&str> {
    let mut order: Vec<(u8, u64, &str)> = Vec::new();
    for seen in observations {
        let kind = match seen.status.as_str() {
            "created" => 0,
            status if is_terminal(status) => 2,
            _ => 1,
        };
        match order.iter_mut().find(|(_, _, known)| *known == seen.status) {
            Some((_, received, _)) => *received = seen.received.min(*received),
            None => order.push((kind, seen.received, &seen.status)),
        }
    }
    order.sort();
    order.into_iter().map(|(_, _, status)| status).collect()
}

/// Narrows the begin of `processing` and the end by the time between them. Returns the narrowed states.
fn narrow(order: &[&str], spans: &mut [Span], processing_ms: Option<u64>) -> Vec<usize> {
    let place = |wanted: &dyn Fn(&str) -> bool| order.iter().position(|status| wanted(status));
    let (Some(took), Some(began), Some(ended)) = (
        processing_ms.filter(|took| *took > 0),
        place(&|status| status == "processing"),
        place(&is_terminal),
    ) else {
        return Vec::new();
    };
    let (Some(&start), Some(&end)) = (spans.get(began), spans.get(ended)) else {
        return Vec::new();
    };
    let (least, most) =
        (took.saturating_mul(MILLISECOND), took.saturating_add(1).saturating_mul(MILLISECOND));
    let later = Span { from: start.from.saturating_add(least), to: start.to.saturating_add(most) };
    let earlier = Span { from: end.from.saturating_sub(most), to: end.to.saturating_sub(least) };
    let (Some(new_end), Some(new_start)) = (end.intersection(later), start.intersection(earlier))
    else {
        return Vec::new();
    };
    let mut narrowed = Vec::new();
    for (at, old, new) in [(began, start, new_start), (ended, end, new_end)] {
        if old != new
            && let Some(span) = spans.get_mut(at)
        {
            *span = new;
            narrowed.push(at);
        }
    }
    narrowed
}

/// A job whose submit was answered: between which times the service accepted it, and when it says so, both
/// in microseconds of its clock and ours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Accepted {
    pub(crate) span: Span,
    /// `created_at`, in microseconds after some moment that is the same for all jobs.
    pub(crate) created_at: Option<i64>,
}

/// Narrows the time at which the service accepted each job: the difference between its clock and ours is the
/// same for all of them.
pub(crate) fn accepted_spans(jobs: &[Accepted]) -> Vec<Span> {
    let signed = |time: u64| i64::try_from(time).unwrap_or(i64::MAX);
    let mut difference: Option<(i64, i64)> = None;
    for job in jobs {
        let Some(created) = job.created_at else { continue };
        let (least, most) = (
            created.saturating_sub(signed(job.span.to)),
            created.saturating_sub(signed(job.span.from)),
        );
        let (low, high) = difference.unwrap_or((least, most));
        difference = Some((low.max(least), high.min(most)));
    }
    // The clocks do not run alike, or `created_at` is another moment.
    let difference = difference.filter(|(low, high)| low <= high);
    let narrowed = |job: &Accepted| {
        let (low, high) = difference?;
        let created = job.created_at?;
        let from = u64::try_from(created.saturating_sub(high)).unwrap_or(0);
        let to = u64::try_from(created.saturating_sub(low)).ok()?;
        job.span.intersection(Span { from, to })
    };
    jobs.iter().map(|job| narrowed(job).unwrap_or(job.span)).collect()
}

/// Returns whether a job cannot leave a state.
pub(crate) fn is_terminal(status: &str) -> bool {
    viseme_spec::Status::from_word(status).is_terminal()
}

#[cfg(test)]
mod tests;
