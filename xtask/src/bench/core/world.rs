//! A world of the mock server for one round, and the audit of its ledger.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::bench::http::{Connection, request};
use crate::bench::mock::KEY;
use crate::bench::server::Server;

pub(in crate::bench) struct World<'a> {
    server: &'a Server,
    id: String,
    pub(in crate::bench) key: String,
    /// How long each job takes, in seconds, in the order of their submits.
    durations: Vec<f64>,
}

/// The server's record of a round.
pub(in crate::bench) struct Audit {
    /// The jobs' ids, and when each ended, in seconds since 1970 by the world's clock, in the order of their
    /// submits.
    pub(in crate::bench) ends: Vec<(String, f64)>,
    /// How many polls there were.
    pub(in crate::bench) polls: usize,
}

impl<'a> World<'a> {
    /// A world whose n-th job takes [`seconds`] of n.
    pub(in crate::bench) fn create(server: &'a Server, jobs: usize) -> Result<Self> {
        Self::with_durations(server, (0..jobs).map(seconds).collect(), 1.0)
    }

    /// A world whose n-th job takes the n-th of these times, in seconds. Its time passes `time_scale` times as fast.
    pub(in crate::bench) fn with_durations(
        server: &'a Server,
        durations: Vec<f64>,
        time_scale: f64,
    ) -> Result<Self> {
        let rules = durations.iter().enumerate().map(|(number, seconds)| rule(number, *seconds));
        let rules: Vec<Value> = rules.collect();
        let clock = json!({"mode": {"scaled": time_scale}});
        let scenario = json!({"jobs": rules, "balance_usd": 1e9, "clock": clock});
        let made = send(server, "POST", "worlds", &json!({"scenario": scenario}).to_string())?;
        let text = |name: &str| {
            let text = made.get(name).and_then(Value::as_str).map(str::to_owned);
            text.with_context(|| format!("no {name} in {made}"))
        };
        Ok(Self { server, id: text("id")?, key: text("key")?, durations })
    }

    /// The record; an error unless every job was charged exactly once and its client knows its id.
    pub(in crate::bench) fn audit(&self, jobs: usize) -> Result<Audit> {
        let ledger = self.read("ledger")?;
        let number = |name: &str| ledger.get(name).and_then(Value::as_u64).unwrap_or(u64::MAX);
        let charges = ledger.get("charges").and_then(Value::as_array).context("no charges")?;
        let (duplicates, orphaned) = (number("duplicates"), number("orphaned"));
        ensure!(
            (charges.len(), duplicates, orphaned) == (jobs, 0, 0),
            "{} charges for {jobs} jobs, {duplicates} duplicates, {orphaned} orphaned",
            charges.len()
        );
        let jobs = self.read("jobs")?;
        let jobs = jobs.as_array().context("no jobs")?;
        // Listed in the order of their submits, as the rules count them.
        let ends = jobs.iter().zip(&self.durations).map(|(job, seconds)| end(job, *seconds));
        let ends = ends.collect::<Result<Vec<_>>>()?;
        let polls = jobs.iter().filter_map(|job| job.get("polls")?.as_u64()).sum::<u64>();
        Ok(Audit { ends, polls: usize::try_from(polls)? })
    }

    /// Reads a part of the world over the control API.
    pub(in crate::bench) fn read(&self, what: &str) -> Result<Value> {
        send(self.server, "GET", &format!("worlds/{}/{what}", self.id), "")
    }
}

impl Drop for World<'_> {
    fn drop(&mut self) {
        // It ends with the server at the latest.
        let _ = send(self.server, "DELETE", &format!("worlds/{}", self.id), "");
    }
}

fn rule(number: usize, seconds: f64) -> Value {
    let end = format!("{}ms", (seconds * 1000.0).round());
    json!({
        "match": {"nth": number + 1},
        "timeline": [{"created": "0s"}, {"processing": "500ms"}, {"completed": end}],
    })
}

/// The job's id, and when it ends, in seconds since 1970.
fn end(job: &Value, seconds: f64) -> Result<(String, f64)> {
    let id = job.get("id").and_then(Value::as_str).context("a job without an id")?;
    Ok((id.to_owned(), date(job, "created_at")? + seconds))
}

/// A date of a response, in seconds since 1970.
pub(in crate::bench) fn date(object: &Value, name: &str) -> Result<f64> {
    let text = object.get(name).and_then(Value::as_str);
    let date: jiff::Timestamp = text.with_context(|| format!("no {name} in {object}"))?.parse()?;
    Ok(date.as_duration().as_secs_f64())
}

/// How long the job with this number (from 0) takes: 2 to 3 seconds, evenly spread.
pub(in crate::bench) fn seconds(number: usize) -> f64 {
    // Steps of the golden ratio: neighbours are far apart, so that jobs do not end in order.
    let millis = (number % 1000) * 618 % 1000;
    2.0 + millis as f64 / 1000.0
}

fn send(server: &Server, method: &str, path: &str, body: &str) -> Result<Value> {
    let request = request(method, &format!("/_mock/v1/{path}"), KEY, body);
    let response = Connection::open(server.address)?.exchange(&request)?;
    let text = String::from_utf8_lossy(&response.body);
    ensure!(response.status == 200, "{method} {path}: {}: {text}", response.status);
    Ok(serde_json::from_slice(&response.body)?)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn durations_are_spread_evenly() {
        let mut all: Vec<f64> = (0..500).map(seconds).collect();
        assert!(all.iter().all(|seconds| (2.0..3.0).contains(seconds)));
        let mean = all.iter().sum::<f64>() / 500.0;
        assert!((2.45..2.55).contains(&mean), "{mean}");
        all.sort_by(f64::total_cmp);
        all.dedup();
        assert_eq!(all.len(), 500, "as many different ones");
    }
}
