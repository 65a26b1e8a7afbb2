//! Compares what happened in a world with what was to happen.

mod schedule;

use std::fmt::Display;

use globset::Glob;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

pub use schedule::{ExpectedElapsed, ExpectedTime, ExpectedTimes};

use crate::fault_table::FaultCount;
use crate::journal::Exchange;
use crate::ledger::Ledger;
use crate::scenario::RequestKind;

/// How many near misses are told for one expectation.
const NEAR_MISSES: usize = 5;

/// What is to have happened in a world.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// How many requests of certain kinds.
    pub requests: Vec<ExpectedRequests>,
    /// What was charged.
    pub ledger: Option<ExpectedLedger>,
    /// What became of the faults.
    pub faults: Option<ExpectedFaults>,
    /// When the polls came.
    pub polls: Option<ExpectedTimes>,
    /// When the submits came.
    pub submits: Option<ExpectedTimes>,
    /// Kinds of requests in the order in which they first came; others may come between.
    pub order: Vec<RequestKind>,
    /// How much time passed between the first and the last request.
    pub elapsed: Option<ExpectedElapsed>,
    /// By which time.
    pub time: ExpectedTime,
}

/// How many requests there were with this method and path: `{POST: "*/audio-to-video", count: 1}`.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectedRequests {
    method: String,
    path: String,
    count: Option<u64>,
    at_least: Option<u64>,
    at_most: Option<u64>,
}

/// The ledger's numbers, as far as they matter.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExpectedLedger {
    /// How many charges.
    pub charges: Option<usize>,
    /// How many results that reached the client.
    pub delivered: Option<usize>,
    /// How many jobs whose id never did.
    pub orphaned: Option<usize>,
    /// How many charges that repeat another.
    pub duplicates: Option<usize>,
}

/// What is to have become of the faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpectedFaults {
    /// Each struck as often as it was to; one without a number, at least once.
    AllConsumed,
}

/// Whether all was as expected, and what was not.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct VerifyResult {
    /// Whether nothing differs.
    pub pass: bool,
    /// A sentence for each difference.
    pub differences: Vec<String>,
    /// Requests that nearly were the ones expected: the method alone differs, or the path.
    pub near_misses: Vec<NearMiss>,
}

/// A request that nearly was one that was expected.
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
            None => Ok(None),
            Some(value) => match value.as_u64() {
                Some(number) => Ok(Some(number)),
                None => Err(D::Error::custom(format!("`{name}` is a number"))),
            },
        };
        let (count, at_least, at_most) =
            (number("count")?, number("at_least")?, number("at_most")?);
        let mut rest = fields.into_iter();
        match (rest.next(), rest.next()) {
            (Some((method, Value::String(path))), None)
                if method.bytes().all(|byte| byte.is_ascii_uppercase()) =>
            {
                Glob::new(&path).map_err(D::Error::custom)?;
                Ok(Self { method, path, count, at_least, at_most })
            }
            _ => Err(D::Error::custom(
                "a request is expected as {POST: \"*/path\"} with count, at_least or at_most",
            )),
        }
    }
}

/// Compares.
pub(crate) fn verify<'j>(
    expect: &Expect,
    journal: impl Iterator<Item = &'j Exchange>,
    ledger: &Ledger,
    faults: &[FaultCount],
) -> VerifyResult {
    let journal: Vec<_> = journal.collect();
    let mut verdict = VerifyResult::default();
    for requests in &expect.requests {
        requests.compare(&journal, &mut verdict);
    }
    if let Some(expected) = &expect.ledger {
        for (name, expected, found) in [
            ("charges", expected.charges, ledger.charges.len()),
            ("delivered", expected.delivered, ledger.delivered),
            ("orphaned", expected.orphaned, ledger.orphaned),
            ("duplicates", expected.duplicates, ledger.duplicates),
        ] {
            if let Some(expected) = expected.filter(|expected| *expected != found) {
                verdict.differs(&format!("ledger: {name}"), expected, found);
            }
        }
    }
    if expect.faults == Some(ExpectedFaults::AllConsumed) {
        for (number, count) in faults.iter().enumerate() {
            let consumed = count.remaining.map_or(count.triggered > 0, |left| left == 0);
            if !consumed {
                let what = format!("fault {number}: strikes");
                let wanted = count.remaining.map_or(1, |left| left + count.triggered);
                verdict.differs(&what, wanted, count.triggered);
            }
        }
    }
    let time = expect.time;
    let polls = expect.polls.as_ref().map(|polls| schedule::polls(polls, &journal, time));
    let submits = expect.submits.as_ref().map(|it| schedule::submits(it, &journal, time));
    let elapsed = expect.elapsed.as_ref().map(|it| schedule::elapsed(it, &journal, time));
    verdict.differences.extend([polls, submits, elapsed].into_iter().flatten().flatten());
    verdict.differences.extend(schedule::order(&expect.order, &journal));
    verdict.pass = verdict.differences.is_empty();
    verdict
}

impl VerifyResult {
    fn differs(&mut self, what: &str, expected: impl Display, found: impl Display) {
        self.differences.push(format!("{what}: expected {expected}, found {found}"));
    }
}

impl ExpectedRequests {
    fn compare(&self, journal: &[&Exchange], verdict: &mut VerifyResult) {
        let Ok(glob) = Glob::new(&self.path) else { return };
        let path = glob.compile_matcher();
        let fits = |entry: &&&Exchange| entry.method == self.method && path.is_match(&entry.path);
        let found = journal.iter().filter(fits).count() as u64;
        let (least, most) = match self.count {
            Some(count) => (count, count),
            // Without a number, there is to be one.
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
        verdict.differs(&format!("{} {}", self.method, self.path), expected, found);
        let near = journal
            .iter()
            .filter(|entry| (entry.method == self.method) != path.is_match(&entry.path));
        verdict.near_misses.extend(near.take(NEAR_MISSES).map(|entry| NearMiss {
            sequence: entry.sequence,
            method: entry.method.clone(),
            path: entry.path.clone(),
        }));
    }
}
