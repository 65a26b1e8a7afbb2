//! When the states of a played job begin.

use std::collections::BTreeMap;

use viseme_mock::scenario::Span;

use crate::recording::{RecordedJob, RecordedState};

/// The earliest and the latest time of a state, in milliseconds after the submit.
type Interval = (u64, u64);

/// Returns the states of a job and when each begins: within its recorded interval, and after the state
/// before it.
pub(super) fn entries(job: &RecordedJob) -> Vec<BTreeMap<String, Span>> {
    let times = times(&job.states, processing_time(job));
    let states = job.states.iter().zip(times);
    states
        .map(|(state, at)| BTreeMap::from([(state.status.replace('\0', ""), Span::millis(at))]))
        .collect()
}

/// Returns the time from `processing` to the end, as the service says.
fn processing_time(job: &RecordedJob) -> Option<u64> {
    let inference = job.timings.as_ref().and_then(|timings| timings.get("inference")?.as_u64());
    inference.or(job.execution_time_ms).filter(|time| *time > 0)
}

/// Returns when each state begins.
///
/// The first one begins with the submit: its response reports it. The others begin in the middle of
/// their intervals, after these are narrowed by their order. If the time from `processing` to the end
/// is known and fits into the intervals, it is exact: the mock reports it as `timings`.
fn times(states: &[RecordedState], processing_time: Option<u64>) -> Vec<u64> {
    let mut intervals: Vec<Interval> =
        states.iter().map(|state| (state.not_before_ms, state.not_after_ms)).collect();
    if let Some(first) = intervals.first_mut() {
        *first = (0, 0);
    }
    // A state that was seen lasted for some time, even if it is shorter than a millisecond.
    let gap = if narrowed(&intervals, 1).is_some() { 1 } else { 0 };
    let Some(narrowed) = narrowed(&intervals, gap) else { return in_order(&intervals) };
    processing_time
        .and_then(|time| exact(states, &narrowed, gap, time))
        .unwrap_or_else(|| narrowed.iter().copied().map(middle).collect())
}

fn middle((earliest, latest): Interval) -> u64 {
    earliest + (latest - earliest) / 2
}

/// Returns the intervals without the times at which a state would begin less than `gap` after the one
/// before it, or before the one after it. Returns `None` if nothing is left of one.
fn narrowed(intervals: &[Interval], gap: u64) -> Option<Vec<Interval>> {
    let mut narrowed = intervals.to_vec();
    let mut earliest = None::<u64>;
    for interval in &mut narrowed {
        interval.0 = earliest.map_or(interval.0, |earliest| interval.0.max(earliest));
        earliest = Some(interval.0.checked_add(gap)?);
    }
    let mut latest = u64::MAX;
    for interval in narrowed.iter_mut().rev() {
        interval.1 = interval.1.min(latest);
        if interval.0 > interval.1 {
            return None;
        }
        latest = interval.1.saturating_sub(gap);
    }
    Some(narrowed)
}

/// Returns times with exactly this time from `processing` to the last state, if that is possible.
fn exact(
    states: &[RecordedState],
    intervals: &[Interval],
    gap: u64,
    time: u64,
) -> Option<Vec<u64>> {
    let processing = states.iter().position(|state| state.status == "processing")?;
    let last = intervals.len().checked_sub(1).filter(|last| *last > processing)?;
    let (begin, end) = (*intervals.get(processing)?, *intervals.get(last)?);
    let earliest = begin.0.max(end.0.saturating_sub(time));
    let latest = begin.1.min(end.1.checked_sub(time)?);
    let at = (earliest <= latest).then(|| middle((earliest, latest)))?;
    let mut fixed = intervals.to_vec();
    *fixed.get_mut(processing)? = (at, at);
    *fixed.get_mut(last)? = (at.checked_add(time)?, at.checked_add(time)?);
    Some(narrowed(&fixed, gap)?.into_iter().map(middle).collect())
}

/// Returns times in order for intervals that contradict each other.
fn in_order(intervals: &[Interval]) -> Vec<u64> {
    let mut at = 0;
    let time = |interval: &Interval| {
        let latest = interval.1.max(interval.0);
        at = middle((interval.0, latest)).max(at);
        at
    };
    intervals.iter().map(time).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times_of(states: &[(&str, u64, u64)], processing_time: Option<u64>) -> Vec<u64> {
        let state = |(status, not_before_ms, not_after_ms): &(&str, u64, u64)| RecordedState {
            status: (*status).to_owned(),
            not_before_ms: *not_before_ms,
            not_after_ms: *not_after_ms,
            narrowed_by: None,
        };
        times(&states.iter().map(state).collect::<Vec<_>>(), processing_time)
    }

    #[test]
    fn states_begin_in_the_middle_of_what_their_order_leaves() {
        for (states, expected) in [
            (
                vec![("created", 0, 0), ("processing", 100, 200), ("completed", 900, 1000)],
                vec![0, 150, 950],
            ),
            // The first state is that of the submit's response.
            (vec![("processing", 0, 40), ("completed", 0, 100)], vec![0, 50]),
            // `processing` cannot begin after the end.
            (
                vec![("created", 0, 0), ("processing", 0, 1000), ("completed", 10, 21)],
                vec![0, 10, 15],
            ),
            // Each lasts for a millisecond, if there is one.
            (vec![("created", 0, 0), ("processing", 0, 5), ("completed", 1, 2)], vec![0, 1, 2]),
            (vec![("created", 0, 0), ("processing", 0, 0), ("completed", 0, 0)], vec![0, 0, 0]),
            // Intervals that contradict each other.
            (
                vec![("created", 0, 0), ("processing", 50, 60), ("completed", 10, 20)],
                vec![0, 55, 55],
            ),
            (
                vec![("created", 0, 0), ("processing", 60, 50), ("completed", 70, 80)],
                vec![0, 60, 75],
            ),
            (vec![], vec![]),
        ] {
            assert_eq!(times_of(&states, None), expected, "{states:?}");
        }
    }

    #[test]
    fn the_processing_time_is_exact_if_it_fits() {
        let states = [("created", 0, 0), ("processing", 100, 200), ("completed", 900, 1000)];
        for (time, expected) in [
            (750, vec![0, 175, 925]),
            (900, vec![0, 100, 1000]),
            (700, vec![0, 200, 900]),
            (901, vec![0, 150, 950]),
            (5000, vec![0, 150, 950]),
            (1, vec![0, 150, 950]),
        ] {
            assert_eq!(times_of(&states, Some(time)), expected, "{time}");
        }
        let without = [("created", 0, 0), ("completed", 900, 1000)];
        assert_eq!(times_of(&without, Some(800)), [0, 950]);
    }
}
