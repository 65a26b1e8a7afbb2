//! Compares the times and the order of requests.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use crate::scenario::{RequestKind, Span};
use crate::world::exchange::Exchange;

/// Differences up to this are ignored.
const SLACK: Duration = Duration::from_millis(2);

/// The clock that times are compared by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpectedTime {
    /// The world's clock.
    #[default]
    World,
    /// Real time: for clients that sleep by themselves while the world's time is scaled.
    Real,
}

/// The expected times of requests of one kind. Times of polls are counted from the last submit, if
/// there is one.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExpectedTimes {
    /// The time of each.
    pub at: Vec<Span>,
    /// None is earlier. Counted like `at`.
    pub not_before: Option<Span>,
    /// None is later. Counted like `at`.
    pub not_after: Option<Span>,
    /// The pauses between them; the first is that before the first poll.
    pub gaps: Vec<Span>,
    /// No pause is shorter.
    pub no_gap_below: Option<Span>,
    /// No pause is longer.
    pub no_gap_above: Option<Span>,
    /// No pause between two of them is shorter. The pause before the first poll does not count.
    pub between_at_least: Option<Span>,
    /// Only the polls after the last submit count.
    pub after_last_submit: bool,
    /// The tolerance of `at` and `gaps`, such as `10%`; none by default.
    #[serde(deserialize_with = "percent")]
    pub tolerance: f64,
}

/// The expected time between the first and the last request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExpectedElapsed {
    /// The minimum.
    pub at_least: Option<Span>,
    /// The maximum.
    pub at_most: Option<Span>,
}

fn percent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let text = String::deserialize(deserializer)?;
    let number = text.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
    match number.filter(|number| (0.0..=1000.0).contains(number)) {
        Some(number) => Ok(number / 100.0),
        None => Err(serde::de::Error::custom("must be a percentage such as 10%")),
    }
}

/// Returns when an exchange began.
fn moment(exchange: &Exchange, time: ExpectedTime) -> Duration {
    match time {
        ExpectedTime::Real => Duration::from_millis(exchange.wall_ms),
        ExpectedTime::World => {
            let at: Timestamp = exchange.at.parse().unwrap_or(Timestamp::UNIX_EPOCH);
            Duration::try_from(at.duration_since(Timestamp::UNIX_EPOCH)).unwrap_or_default()
        }
    }
}

fn moments(journal: &[&Exchange], kind: RequestKind, time: ExpectedTime) -> Vec<Duration> {
    let of_kind = journal.iter().filter(|exchange| exchange.kind == kind);
    of_kind.map(|exchange| moment(exchange, time)).collect()
}

/// Returns the differences in the times of the polls.
pub(super) fn polls(
    expected: &ExpectedTimes,
    journal: &[&Exchange],
    time: ExpectedTime,
) -> Vec<String> {
    let start = moments(journal, RequestKind::Submit, time).last().copied();
    // By their order: a virtual clock need not move between the last poll of a job and the next submit.
    let last_submit = journal.iter().rposition(|exchange| exchange.kind == RequestKind::Submit);
    let counted = match last_submit {
        Some(last) if expected.after_last_submit => journal.get(last..).unwrap_or_default(),
        _ => journal,
    };
    times("polls", expected, start, &moments(counted, RequestKind::Poll, time))
}

/// Returns the differences in the times of the submits.
pub(super) fn submits(
    expected: &ExpectedTimes,
    journal: &[&Exchange],
    time: ExpectedTime,
) -> Vec<String> {
    times("submits", expected, None, &moments(journal, RequestKind::Submit, time))
}

fn times(
    what: &str,
    expected: &ExpectedTimes,
    start: Option<Duration>,
    found: &[Duration],
) -> Vec<String> {
    let mut differences = Vec::new();
    let origin = start.or(found.first().copied()).unwrap_or_default();
    let at: Vec<_> = found.iter().map(|moment| moment.saturating_sub(origin)).collect();
    if !expected.at.is_empty() {
        differences.extend(differ(what, &expected.at, &at, expected.tolerance));
    }
    differences.extend(outside(what, &at, expected));
    let between = pauses(found);
    let all: Vec<Duration> = pauses(&start.iter().chain(found).copied().collect::<Vec<_>>());
    if !expected.gaps.is_empty() {
        let what = format!("pauses of {what}");
        differences.extend(differ(&what, &expected.gaps, &all, expected.tolerance));
    }
    differences.extend(too_short(what, &all, expected.no_gap_below));
    differences.extend(too_short(what, &between, expected.between_at_least));
    if let Some(most) = expected.no_gap_above {
        let long = all.iter().enumerate().filter(|(_, gap)| **gap > most.0 + SLACK);
        differences.extend(long.map(|(number, gap)| {
            format!("{what}: pause {} was {gap:?}, expected at most {:?}", number + 1, most.0)
        }));
    }
    differences
}

fn pauses(moments: &[Duration]) -> Vec<Duration> {
    moments
        .iter()
        .zip(moments.iter().skip(1))
        .map(|(one, next)| next.saturating_sub(*one))
        .collect()
}

fn too_short(what: &str, gaps: &[Duration], least: Option<Span>) -> Vec<String> {
    let Some(least) = least else { return Vec::new() };
    let short = gaps.iter().enumerate().filter(|(_, gap)| **gap + SLACK < least.0);
    let describe = |(number, gap): (usize, &Duration)| {
        format!("{what}: pause {} was {gap:?}, expected at least {:?}", number + 1, least.0)
    };
    short.map(describe).collect()
}

/// Returns the differences of times that are too early or too late.
fn outside(what: &str, at: &[Duration], expected: &ExpectedTimes) -> Vec<String> {
    let early = |time: Duration| expected.not_before.filter(|least| time + SLACK < least.0);
    let late = |time: Duration| expected.not_after.filter(|most| time > most.0 + SLACK);
    let describe = |(number, time): (usize, &Duration)| {
        let place = format!("{what}: number {} was at {time:?}, expected", number + 1);
        match (early(*time), late(*time)) {
            (Some(least), _) => Some(format!("{place} at least {:?}", least.0)),
            (_, Some(most)) => Some(format!("{place} at most {:?}", most.0)),
            (None, None) => None,
        }
    };
    at.iter().enumerate().filter_map(describe).collect()
}

fn differ(what: &str, expected: &[Span], found: &[Duration], tolerance: f64) -> Option<String> {
    let matches = |(expected, found): (&Span, &Duration)| {
        found.abs_diff(expected.0) <= expected.0.mul_f64(tolerance).max(SLACK)
    };
    let same = expected.len() == found.len() && expected.iter().zip(found).all(matches);
    let list = |times: &mut dyn Iterator<Item = Duration>| {
        let times: Vec<_> = times.map(|time| format!("{:.3} s", time.as_secs_f64())).collect();
        times.join(", ")
    };
    (!same).then(|| {
        let expected = list(&mut expected.iter().map(|span| span.0));
        format!("{what}: expected {expected}, found {}", list(&mut found.iter().copied()))
    })
}

/// Returns the name of a kind of request as scenarios write it.
fn name(kind: RequestKind) -> String {
    serde_json::to_string(&kind).unwrap_or_default().replace('"', "`")
}

/// Returns the differences in the order of requests.
pub(super) fn order(kinds: &[RequestKind], journal: &[&Exchange]) -> Vec<String> {
    let mut differences = Vec::new();
    let mut after = 0;
    for kind in kinds {
        match journal.iter().position(|exchange| exchange.kind == *kind) {
            Some(position) if position >= after => after = position,
            Some(_) => differences.push(format!("order: {} came too early", name(*kind))),
            None => differences.push(format!("order: {} did not come", name(*kind))),
        }
    }
    differences
}

/// Returns the differences in the elapsed time.
pub(super) fn elapsed(
    expected: &ExpectedElapsed,
    journal: &[&Exchange],
    time: ExpectedTime,
) -> Vec<String> {
    let all = || journal.iter().map(|exchange| moment(exchange, time));
    let passed = all().max().unwrap_or_default().saturating_sub(all().min().unwrap_or_default());
    let mut differences = Vec::new();
    if let Some(least) = expected.at_least.filter(|least| passed + SLACK < least.0) {
        differences.push(format!("elapsed: expected at least {:?}, found {passed:?}", least.0));
    }
    if let Some(most) = expected.at_most.filter(|most| passed > most.0 + SLACK) {
        differences.push(format!("elapsed: expected at most {:?}, found {passed:?}", most.0));
    }
    differences
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(times: &[u64]) -> Vec<Duration> {
        times.iter().map(|secs| Duration::from_secs(*secs)).collect()
    }

    fn differences(expected: &str, start: Option<u64>, found: &[u64]) -> Vec<String> {
        let expected: ExpectedTimes = serde_json::from_str(expected).unwrap();
        times("polls", &expected, start.map(Duration::from_secs), &secs(found))
    }

    #[test]
    fn times_and_pauses() {
        for (expected, start, found, matches) in [
            (r#"{"at": ["5s", "10s"]}"#, Some(100), &[105, 110][..], true),
            (r#"{"at": ["5s", "10s"], "tolerance": "10%"}"#, Some(100), &[105, 111], true),
            (r#"{"at": ["5s", "10s"], "tolerance": "10%"}"#, Some(100), &[105, 112], false),
            (r#"{"at": ["5s", "10s"]}"#, Some(100), &[105], false),
            (r#"{"gaps": ["5s", "5s"]}"#, Some(100), &[105, 110], true),
            (r#"{"gaps": ["5s"]}"#, None, &[105, 110], true),
            (r#"{"no_gap_below": "3s"}"#, Some(0), &[2, 6], false),
            (r#"{"between_at_least": "3s"}"#, Some(0), &[2, 6], true),
            (r#"{"between_at_least": "3s"}"#, Some(0), &[2, 4], false),
            (r#"{"no_gap_above": "3s"}"#, Some(0), &[2, 6], false),
            (r#"{"not_before": "5s", "not_after": "10s"}"#, Some(100), &[105, 110], true),
            (r#"{"not_before": "6s"}"#, Some(100), &[105, 110], false),
            (r#"{"not_after": "9s"}"#, Some(100), &[105, 110], false),
        ] {
            let differences = differences(expected, start, found);
            assert_eq!(differences.is_empty(), matches, "{expected} {found:?}: {differences:?}");
        }
        let short = differences(r#"{"no_gap_below": "3s"}"#, None, &[0, 3, 5]);
        assert_eq!(short, ["polls: pause 2 was 2s, expected at least 3s"]);
        assert!(serde_json::from_str::<ExpectedTimes>(r#"{"tolerance": "much"}"#).is_err());
        assert!(serde_json::from_str::<ExpectedTimes>(r#"{"att": []}"#).is_err());
    }
}
