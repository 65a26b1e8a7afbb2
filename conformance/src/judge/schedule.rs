//! Judges when requests came, and what submits held.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use viseme_mock::scenario::Span;
use viseme_mock::{Exchange, Point};

use crate::case::{Case, Gaps, matcher, resolve};
use crate::contract::{ClockKind, Profile};
use crate::drive::Evidence;

/// What one millisecond here or there may not decide.
const SLACK: Duration = Duration::from_millis(2);

pub(super) fn differences(case: &Case, profile: &Profile, evidence: &Evidence) -> Vec<String> {
    let mut found = Vec::new();
    // A client that cannot keep the world's time sleeps by its own.
    let clock = if profile.clock == ClockKind::Lockstep { world_time } else { real_time };
    let of = |point| evidence.journal.iter().filter(move |exchange| exchange.point == point);
    let submits: Vec<Duration> = of(Point::Submit).map(clock).collect();
    if let Some(check) = &case.then.polls {
        let polls: Vec<Duration> = of(Point::Poll).map(clock).collect();
        let start = submits.last().copied().or(polls.first().copied()).unwrap_or_default();
        if !check.at.is_empty() {
            let times: Vec<_> = polls.iter().map(|at| at.saturating_sub(start)).collect();
            found.extend(times_differ(
                "polls",
                &check.at,
                &times,
                tolerance(check.tolerance.as_deref()),
            ));
        }
        let between = Gaps { no_gap_below: check.between_at_least, ..Gaps::default() };
        found.extend(gaps_differ("polls", &between, &polls));
        let mut moments = submits.last().copied().into_iter().collect::<Vec<_>>();
        moments.extend(polls);
        found.extend(gaps_differ("polls", &check.pauses(), &moments));
    }
    if let Some(check) = &case.then.submits {
        found.extend(gaps_differ("submits", &check.pauses(), &submits));
        let bodies = of(Point::Submit).map(|it| it.body.clone().unwrap_or_default()).collect();
        let queries = of(Point::Submit).map(|it| Value::from(it.query.as_str())).collect();
        found.extend(matched("submits' bodies", check.bodies.as_ref(), bodies, evidence));
        found.extend(matched("submits' queries", check.queries.as_ref(), queries, evidence));
    }
    if let Some(check) = &case.then.elapsed {
        let times: Vec<Duration> = evidence.journal.iter().map(clock).collect();
        let (first, last) = (times.iter().min(), times.iter().max());
        let elapsed =
            last.copied().unwrap_or_default().saturating_sub(first.copied().unwrap_or_default());
        if check.at_least.is_some_and(|least| elapsed + SLACK < least.0) {
            found.push(format!("only {elapsed:?} passed"));
        }
        if check.at_most.is_some_and(|most| elapsed > most.0 + SLACK) {
            found.push(format!("{elapsed:?} passed"));
        }
    }
    found
}

fn matched(
    what: &str,
    expected: Option<&Value>,
    found: Vec<Value>,
    evidence: &Evidence,
) -> Vec<String> {
    let Some(expected) = expected else { return Vec::new() };
    match resolve(expected, &evidence.facts) {
        Ok(expected) => matcher::differences(&expected, &Value::Array(found))
            .into_iter()
            .map(|difference| format!("{what}: {difference}"))
            .collect(),
        Err(error) => vec![format!("{what}: {error}")],
    }
}

fn world_time(exchange: &Exchange) -> Duration {
    let at: Timestamp = exchange.at.parse().unwrap_or(Timestamp::UNIX_EPOCH);
    Duration::try_from(at.duration_since(Timestamp::UNIX_EPOCH)).unwrap_or_default()
}

fn real_time(exchange: &Exchange) -> Duration {
    Duration::from_millis(exchange.wall_ms)
}

/// The share that times may be off.
fn tolerance(text: Option<&str>) -> f64 {
    let percent =
        text.and_then(|text| text.strip_suffix('%')).and_then(|text| text.parse::<f64>().ok());
    percent.unwrap_or(0.0) / 100.0
}

fn times_differ(
    what: &str,
    expected: &[Span],
    found: &[Duration],
    tolerance: f64,
) -> Option<String> {
    let fits = |(expected, found): (&Span, &Duration)| {
        let slack = expected.0.mul_f64(tolerance).max(SLACK);
        found.abs_diff(expected.0) <= slack
    };
    let same = expected.len() == found.len() && expected.iter().zip(found).all(fits);
    let list = |times: Vec<Duration>| {
        let times: Vec<_> =
            times.iter().map(|time| format!("{:.3} s", time.as_secs_f64())).collect();
        times.join(", ")
    };
    (!same).then(|| {
        let expected = list(expected.iter().map(|span| span.0).collect());
        format!("{what}: expected at {expected}; found {}", list(found.to_vec()))
    })
}

fn gaps_differ(what: &str, check: &Gaps, moments: &[Duration]) -> Vec<String> {
    let gaps: Vec<Duration> = moments
        .windows(2)
        .filter_map(|pair| Some(pair.get(1)?.saturating_sub(*pair.first()?)))
        .collect();
    let mut found = Vec::new();
    if !check.gaps.is_empty() {
        let what = format!("pauses of {what}");
        found.extend(times_differ(
            &what,
            &check.gaps,
            &gaps,
            tolerance(check.tolerance.as_deref()),
        ));
    }
    for (number, gap) in gaps.iter().enumerate() {
        let pause = format!("{what}: pause {} was", number + 1);
        if let Some(least) = check.no_gap_below.filter(|least| *gap + SLACK < least.0) {
            found.push(format!("{pause} only {gap:?}; at least {:?} was asked for", least.0));
        }
        if let Some(most) = check.no_gap_above.filter(|most| *gap > most.0 + SLACK) {
            found.push(format!("{pause} {gap:?}; at most {:?} is right", most.0));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(times: &[u64]) -> Vec<Duration> {
        times.iter().map(|secs| Duration::from_secs(*secs)).collect()
    }

    #[test]
    fn times_and_pauses() {
        let at = [Span::secs(5), Span::secs(10)];
        assert_eq!(times_differ("polls", &at, &secs(&[5, 10]), 0.0), None);
        assert_eq!(times_differ("polls", &at, &secs(&[5, 11]), 0.1), None);
        assert!(times_differ("polls", &at, &secs(&[5, 12]), 0.1).is_some());
        assert!(times_differ("polls", &at, &secs(&[5]), 0.1).is_some());

        let check = Gaps { no_gap_below: Some(Span::secs(3)), ..Gaps::default() };
        assert!(gaps_differ("polls", &check, &secs(&[0, 3, 6])).is_empty());
        let differences = gaps_differ("polls", &check, &secs(&[0, 3, 5]));
        assert_eq!(differences, ["polls: pause 2 was only 2s; at least 3s was asked for"]);
        assert!((tolerance(Some("20%")) - 0.2).abs() < 1e-9);
    }
}
