//! Compares what happened in a world with expectations.

mod schedule;

use std::fmt::Display;

use globset::Glob;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

pub use schedule::{ExpectedElapsed, ExpectedTime, ExpectedTimes};

use crate::scenario::RequestKind;
use crate::world::World;
use crate::world::exchange::Exchange;
use crate::world::fault_table::FaultCount;
use crate::world::ledger::Ledger;

/// How many near misses are reported per expectation.
const NEAR_MISSES: usize = 5;

/// What is expected to have happened in a world.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// How many requests there are, by method and path.
    pub requests: Vec<ExpectedRequests>,
    /// The charges.
    pub ledger: Option<ExpectedLedger>,
    /// The faults.
    pub faults: Option<ExpectedFaults>,
    /// The times of the polls.
    pub polls: Option<ExpectedTimes>,
    /// The times of the submits.
    pub submits: Option<ExpectedTimes>,
    /// Kinds of requests in the order of their first ones. Others may be between them.
    pub order: Vec<RequestKind>,
    /// The time between the first and the last request.
    pub elapsed: Option<ExpectedElapsed>,
    /// The clock that times are compared by.
    pub time: ExpectedTime,
}

/// How many requests are expected with a method and path: `{POST: "*/audio-to-video", count: 1}`.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectedRequests {
    method: String,
    path: String,
    count: Option<u64>,
    at_least: Option<u64>,
    at_most: Option<u64>,
}

/// The expected numbers of the ledger. Absent ones are not compared.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExpectedLedger {
    /// The number of charges.
    pub charges: Option<usize>,
    /// The number of results that reached the client.
    pub delivered: Option<usize>,
    /// The number of jobs whose id never reached the client.
    pub orphaned: Option<usize>,
    /// The number of charges that repeat another.
    pub duplicates: Option<usize>,
}

/// What is expected of the faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpectedFaults {
    /// Each was triggered as often as it says; one without a number, at least once.
    AllConsumed,
}

/// The result of a comparison.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct VerifyResult {
    /// Whether there is no difference.
    pub pass: bool,
    /// One sentence per difference.
    pub differences: Vec<String>,
    /// Requests that differ from an expected one in the method or the path alone.
    pub near_misses: Vec<NearMiss>,
}

/// A request that differs from an expected one in the method or the path alone.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NearMiss {
    /// Its number in the journal.
    pub sequence: u64,
    /// Its method.
    pub method: String,
    /// Its path.
    pub path: String,
}

impl<'de> Deserialize<'de> for ExpectedRequests {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Map::<String, Value>::deserialize(deserializer)?;
        let mut number = |name: &str| match fields.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_u64() {
                Some(number) => Ok(Some(number)),
                None => {
                    Err(D::Error::custom(format!("`{name}` must be a whole number, got {value}")))
                }
            },
        };
        let (count, at_least, at_most) =
            (number("count")?, number("at_least")?, number("at_most")?);
        let mut others = fields.into_iter();
        match (others.next(), others.next()) {
            (Some((method, Value::String(path))), None)
                if method.bytes().all(|byte| byte.is_ascii_uppercase()) =>
            {
                check_path(&path).map_err(D::Error::custom)?;
                Ok(Self { method, path, count, at_least, at_most })
            }
            _ => Err(D::Error::custom(
                "`requests` must have entries such as {POST: \"*/path\", count: 1}, with `count`, `at_least` or \
                 `at_most`",
            )),
        }
    }
}

/// Returns an error if a pattern has characters that no path has.
fn check_path(path: &str) -> Result<(), String> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~%/*?".contains(&byte);
    if path.bytes().all(is_allowed) && Glob::new(path).is_ok() {
        return Ok(());
    }
    Err(format!(
        "a path in `requests` can have letters, digits, `-_.~%/` and the wildcards `*`, `**` and `?`, \
         got {path:?}"
    ))
}

/// Compares a journal, a ledger and faults with expectations.
fn verify<'j>(
    expect: &Expect,
    journal: impl Iterator<Item = &'j Exchange>,
    ledger: &Ledger,
    faults: &[FaultCount],
) -> VerifyResult {
    let journal: Vec<_> = journal.collect();
    let mut result = VerifyResult::default();
    for requests in &expect.requests {
        requests.compare(&journal, &mut result);
    }
    if let Some(expected) = &expect.ledger {
        for (name, expected, found) in [
            ("charges", expected.charges, ledger.charges.len()),
            ("delivered", expected.delivered, ledger.delivered),
            ("orphaned", expected.orphaned, ledger.orphaned),
            ("duplicates", expected.duplicates, ledger.duplicates),
        ] {
            if let Some(expected) = expected.filter(|expected| *expected != found) {
                result.add_difference(&format!("ledger: {name}"), expected, found);
            }
        }
    }
    if expect.faults == Some(ExpectedFaults::AllConsumed) {
        for (number, count) in faults.iter().enumerate() {
            let consumed = count.remaining.map_or(count.triggered > 0, |left| left == 0);
            if !consumed {
                let what = format!("fault {number}: times triggered");
                let wanted = count.remaining.map_or(1, |left| left + count.triggered);
                result.add_difference(&what, wanted, count.triggered);
            }
        }
    }
    let time = expect.time;
    let polls = expect.polls.as_ref().map(|polls| schedule::polls(polls, &journal, time));
    let submits = expect.submits.as_ref().map(|it| schedule::submits(it, &journal, time));
    let elapsed = expect.elapsed.as_ref().map(|it| schedule::elapsed(it, &journal, time));
    result.differences.extend([polls, submits, elapsed].into_iter().flatten().flatten());
    result.differences.extend(schedule::order(&expect.order, &journal));
    result.pass = result.differences.is_empty();
    result
}

impl World {
    /// Compares what happened with expectations.
    #[must_use]
    pub fn verify(&self, expect: &Expect) -> VerifyResult {
        let ledger = self.ledger();
        let (journal, faults) = (self.journal(), self.faults());
        verify(expect, journal.iter(), &ledger, &faults)
    }
}

impl VerifyResult {
    fn add_difference(&mut self, what: &str, expected: impl Display, found: impl Display) {
        self.differences.push(format!("{what}: expected {expected}, found {found}"));
    }
}

impl ExpectedRequests {
    fn compare(&self, journal: &[&Exchange], result: &mut VerifyResult) {
        let Ok(glob) = Glob::new(&self.path) else { return };
        let path = glob.compile_matcher();
        let matches =
            |entry: &&&Exchange| entry.method == self.method && path.is_match(&entry.path);
        let found = journal.iter().filter(matches).count() as u64;
        let (least, most) = match self.count {
            Some(count) => (count, count),
            // Without a number, at least one is expected.
            None => (self.at_least.unwrap_or(u64::from(self.at_most.is_none())), u64::MAX),
        };
        let most = most.min(self.at_most.unwrap_or(u64::MAX));
        if (least..=most).contains(&found) {
            return;
        }
        let expected = match (least, most) {
            (least, most) if least == most => least.to_string(),
            (least, u64::MAX) => format!("at least {least}"),
            (least, most) => format!("{least} to {most}"),
        };
        result.add_difference(&format!("{} {}", self.method, self.path), expected, found);
        let near = journal
            .iter()
            .filter(|entry| (entry.method == self.method) != path.is_match(&entry.path));
        result.near_misses.extend(near.take(NEAR_MISSES).map(|entry| NearMiss {
            sequence: entry.sequence,
            method: entry.method.clone(),
            path: entry.path.clone(),
        }));
    }
}
