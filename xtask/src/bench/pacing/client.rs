//! One client with its world: a process that runs the jobs, and what the mock server recorded of them.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::Options;
use super::world_clock::WorldClock;
use crate::bench::core::load::cost;
use crate::bench::core::world::{World, date};
use crate::bench::server::Server;
use crate::process::{output, program};

pub(super) struct Client<'a> {
    pub(super) binary: &'a Path,
    pub(super) pacing: &'a str,
    pub(super) options: &'a Options,
    /// How long each job takes, in seconds, with those that are not measured.
    pub(super) durations: &'a [f64],
}

/// What one client achieved. Times are in seconds of the world.
pub(super) struct Outcome {
    /// From each job's end to its result in hand, sorted.
    pub(super) lateness: Vec<f64>,
    /// The part of it until the poll that saw the end arrived at the server, sorted: that is for the pacing to
    /// decide. The rest is the machine. Only of jobs whose polls the server still remembers.
    pub(super) until_poll: Vec<f64>,
    pub(super) polls_per_job: f64,
    pub(super) cpu_per_job: f64,
}

impl Client<'_> {
    /// Runs the jobs; an error if one fails, or if the charges are not one for each job.
    pub(super) fn measure(&self, server: &Server) -> Result<Outcome> {
        let (jobs, seen) =
            (usize::try_from(self.options.jobs)?, usize::try_from(self.options.seen)?);
        let world = World::with_durations(server, self.durations.to_vec(), self.options.scale())?;
        let clock = WorldClock::read(&world, self.options.scale())?;
        let measured = self.run(server, &world.key)?;
        let errors = measured.get("errors").and_then(Value::as_u64).unwrap_or(u64::MAX);
        ensure!(errors == 0, "{errors} jobs failed: {:?}", measured.get("first_errors"));

        let audit = world.audit(seen + jobs)?;
        let ends: HashMap<&str, f64> =
            audit.ends.iter().skip(seen).map(|(id, end)| (id.as_str(), *end)).collect();
        let in_hand = measured.get("ended").and_then(Value::as_array).context("no job ended")?;
        ensure!(in_hand.len() == jobs, "{} results for {jobs} jobs", in_hand.len());
        let mut lateness = Vec::new();
        for job in in_hand {
            let id = job.get(0).and_then(Value::as_str).context("a result without an id")?;
            let at = job.get(1).and_then(Value::as_f64).context("a result without a time")?;
            let end = ends.get(id).context("a job that was not measured has a result")?;
            lateness.push(clock.at(at) - end);
        }
        lateness.sort_by(f64::total_cmp);
        Ok(Outcome {
            lateness,
            until_poll: until_poll(&world, &ends)?,
            polls_per_job: polls(&world, &ends)? / jobs as f64,
            cpu_per_job: cost(&measured)?.cpu / jobs as f64,
        })
    }

    fn run(&self, server: &Server, key: &str) -> Result<Value> {
        let options = self.options;
        let url = format!("http://{}", server.address);
        let mut command = program(&self.binary.display().to_string(), &["pacing"]);
        command.args(["--url", &url, "--key", key, "--pacing", self.pacing]);
        command.args(["--jobs", &options.jobs.to_string(), "--seen", &options.seen.to_string()]);
        command.args(["--limit", &options.at_once.to_string()]);
        if let Some(scale) = options.time_scale {
            command.args(["--time-scale", &scale.to_string()]);
        }
        if let (Some(polls), "learned") = (options.polls_per_job, self.pacing) {
            command.args(["--polls-per-job", &polls.to_string()]);
        }
        Ok(serde_json::from_str(&output(command)?)?)
    }
}

/// How many polls of these jobs the server counted.
fn polls(world: &World<'_>, ends: &HashMap<&str, f64>) -> Result<f64> {
    let jobs = world.read("jobs")?;
    let measured = jobs.as_array().context("no jobs")?.iter().filter(|job| {
        job.get("id").and_then(Value::as_str).is_some_and(|id| ends.contains_key(id))
    });
    let polls = measured.map(|job| job.get("polls").and_then(Value::as_u64));
    Ok(polls.sum::<Option<u64>>().context("a job without polls")? as f64)
}

/// For each of these jobs, from its end to its last poll, sorted.
fn until_poll(world: &World<'_>, ends: &HashMap<&str, f64>) -> Result<Vec<f64>> {
    let journal = world.read("journal?kind=poll")?;
    let mut last: HashMap<&str, f64> = HashMap::new();
    for exchange in journal.as_array().context("no journal")? {
        let id = exchange.get("job_id").and_then(Value::as_str);
        if let Some(id) = id.filter(|id| ends.contains_key(id)) {
            last.insert(id, date(exchange, "at")?);
        }
    }
    let late = last.iter().filter_map(|(id, polled)| Some(polled - ends.get(id)?));
    let mut late: Vec<f64> = late.collect();
    late.sort_by(f64::total_cmp);
    Ok(late)
}

/// The value that this share of sorted values does not exceed.
pub(super) fn percentile(sorted: &[f64], hundredths: usize) -> f64 {
    sorted.get(sorted.len() * hundredths / 100).copied().unwrap_or_default()
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (p50, p99) = (percentile(&self.lateness, 50), percentile(&self.lateness, 99));
        write!(f, "{p50:.3} s, 99 of 100 {p99:.3} s, {:.2} polls a job", self.polls_per_job)
    }
}
