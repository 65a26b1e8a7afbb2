//! The program under measurement, once for each round.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::world::{Audit, World};
use crate::bench::server::Server;
use crate::process::{output, program};

pub(super) struct Load {
    pub(super) binary: PathBuf,
    pub(super) threads: u32,
}

/// What a round cost the client's process.
pub(in crate::bench) struct Cost {
    /// User and system time of all its threads, in seconds.
    pub(in crate::bench) cpu: f64,
    /// From the first job's start to the last one's end, in seconds.
    pub(in crate::bench) wall: f64,
    /// Peak of resident memory over the one before, in bytes.
    pub(in crate::bench) growth: u64,
}

/// One round of one client.
pub(super) struct Round {
    pub(super) cost: Cost,
    pub(super) jobs: usize,
    pub(super) polls: usize,
    /// For each job, how long after its end the result was known, in seconds; the baseline has none.
    pub(super) overshoot: Vec<f64>,
    /// The size of a job's future; the baseline has none.
    pub(super) future_bytes: u64,
}

impl Load {
    /// Jobs at once by the core.
    pub(super) fn runs(&self, server: &Server, jobs: usize) -> Result<Round> {
        let world = World::create(server, jobs)?;
        let measured = self.measure(server, &world.key, &["runs", "--jobs", &jobs.to_string()])?;
        let errors = measured.get("errors").and_then(Value::as_u64).unwrap_or(u64::MAX);
        ensure!(errors == 0, "{errors} jobs failed: {:?}", measured.get("first_errors"));
        let audit = world.audit(jobs)?;
        let overshoot = overshoot(&measured, &audit)?;
        ensure!(overshoot.len() == jobs, "{} results for {jobs} jobs", overshoot.len());
        let future_bytes = measured.get("future_bytes").and_then(Value::as_u64).unwrap_or_default();
        Ok(Round { cost: cost(&measured)?, jobs, polls: audit.polls, overshoot, future_bytes })
    }

    /// As many requests by reqwest alone.
    pub(super) fn baseline(&self, server: &Server, jobs: usize, polls: usize) -> Result<Round> {
        let world = World::create(server, jobs)?;
        let (count, total) = (jobs.to_string(), polls.to_string());
        let arguments = ["baseline", "--jobs", &count, "--polls", &total];
        let measured = self.measure(server, &world.key, &arguments)?;
        let audit = world.audit(jobs)?;
        ensure!(audit.polls == polls, "{} polls in place of {polls}", audit.polls);
        let cost = cost(&measured)?;
        Ok(Round { cost, jobs, polls, overshoot: Vec::new(), future_bytes: 0 })
    }

    pub(super) fn measure(&self, server: &Server, key: &str, arguments: &[&str]) -> Result<Value> {
        let (url, threads) = (format!("http://{}", server.address), self.threads.to_string());
        let mut command = program(&self.binary.display().to_string(), arguments);
        command.args(["--url", &url, "--key", key, "--threads", &threads]);
        Ok(serde_json::from_str(&output(command)?)?)
    }
}

impl Round {
    pub(super) fn requests(&self) -> usize {
        self.jobs + self.polls
    }

    pub(super) fn cpu_per_job(&self) -> f64 {
        self.cost.cpu / self.jobs as f64
    }

    pub(super) fn cpu_per_request(&self) -> f64 {
        self.cost.cpu / self.requests() as f64
    }
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (cpu, wall) = (1e6 * self.cpu_per_job(), self.cost.wall);
        write!(f, "{cpu:.0} µs a job, {} requests in {wall:.1} s", self.requests())
    }
}

pub(in crate::bench) fn cost(measured: &Value) -> Result<Cost> {
    let cost = measured.get("cost").context("no cost")?;
    let number = |name: &str| cost.get(name).and_then(Value::as_f64).context("a cost is missing");
    let bytes = |name: &str| cost.get(name).and_then(Value::as_u64).context("a cost is missing");
    Ok(Cost {
        cpu: number("cpu_seconds")?,
        wall: number("wall_seconds")?,
        growth: bytes("memory_peak")?.saturating_sub(bytes("memory_before")?),
    })
}

/// From when each job's result was known, in seconds since 1970, and when the job ended.
pub(in crate::bench) fn overshoot(measured: &Value, audit: &Audit) -> Result<Vec<f64>> {
    let ended = measured.get("ended").and_then(Value::as_array).context("no job ended")?;
    let seen: Option<HashMap<&str, f64>> =
        ended.iter().map(|job| Some((job.get(0)?.as_str()?, job.get(1)?.as_f64()?))).collect();
    let seen = seen.context("an end is not id and time")?;
    // Both clocks are this machine's.
    let over = audit.ends.iter().map(|(id, end)| Some(seen.get(id.as_str())? - end));
    over.collect::<Option<Vec<_>>>().context("a job was charged that did not end")
}
