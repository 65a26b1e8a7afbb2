//! The npm package with many jobs at once, compared with the official client and with a plain loop
//! over a pool of undici.

mod report;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use serde_json::Value;

use self::report::Size;
use super::core::load::{Cost, cost, overshoot};
use super::core::world::World;
use super::server::Server;
use super::{mock, release};
use crate::process::{output, program, run as run_program, target};

/// The clients that are compared, and the packages they need.
pub(super) const CLIENTS: [&str; 3] = ["viseme", "wavespeed", "undici"];
const PACKAGES: [&str; 2] = ["wavespeed@0.3.2", "undici@7.30.2"];

/// How to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// Numbers of jobs at once, each measured by itself
    #[arg(long, value_delimiter = ',', default_values_t = [1, 100, 1000, 10_000])]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=20_000))]
    jobs: Vec<u32>,
    /// Rounds for each number of jobs; the clients take turns
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
}

/// One round of one client.
pub(super) struct Round {
    pub(super) cost: Cost,
    pub(super) load: f64,
    pub(super) polls: usize,
    pub(super) errors: u64,
    /// For each job, how long after its end the result was known, in seconds; empty if jobs
    /// failed.
    pub(super) overshoot: Vec<f64>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    crate::node::release(&addon())?;
    release::build(&["viseme-mock"])?;
    let packages = target().join("bench/node");
    install(&packages)?;
    let (server, version) = mock::start(&release::binary("viseme-mock"))?;
    eprintln!("bench: viseme-mock {version}");
    let mut sizes = Vec::new();
    for jobs in &options.jobs {
        let jobs = usize::try_from(*jobs)?;
        let mut size = Size::new(jobs);
        // The first round warms the machine up and does not count.
        for number in 0..=options.rounds {
            for (client, rounds) in CLIENTS.iter().zip(&mut size.rounds) {
                let round = measure(&server, client, jobs, &packages)?;
                let micros = 1e6 * round.cost.cpu / jobs as f64;
                eprintln!("bench: {jobs} jobs, round {number}: {client} {micros:.0} µs a job");
                if number > 0 {
                    rounds.push(round);
                }
            }
        }
        sizes.push(size);
    }
    report::print(&sizes);
    Ok(())
}

fn measure(server: &Server, client: &str, jobs: usize, packages: &Path) -> Result<Round> {
    let world = World::create(server, jobs)?;
    let (url, count) = (format!("http://{}", server.address), jobs.to_string());
    let folder = packages.to_string_lossy();
    let words = ["bindings-node/bench/load.mjs", client, &count, &url, &world.key, &folder];
    let mut command = program("node", &words);
    command.env("VISEME_NATIVE_ADDON", addon());
    let measured: Value = serde_json::from_str(&output(command)?)?;
    let errors = measured.get("errors").and_then(Value::as_u64).context("no number of errors")?;
    let errors_shown = measured.get("first_errors");
    ensure!(client != "viseme" || errors == 0, "{errors} jobs failed: {errors_shown:?}");
    if errors > 0 {
        eprintln!("bench: {client}: {errors} of {jobs} jobs failed: {errors_shown:?}");
    }
    let load = measured.get("load_seconds").and_then(Value::as_f64).unwrap_or_default();
    // A client that loses jobs fails the audit.
    let (polls, overshoot) = match errors {
        0 => {
            let audit = world.audit(jobs)?;
            (audit.polls, overshoot(&measured, &audit)?)
        }
        _ => (0, Vec::new()),
    };
    Ok(Round { cost: cost(&measured)?, load, polls, errors, overshoot })
}

/// The native addon that is measured.
fn addon() -> PathBuf {
    target().join("bench/node/viseme.node")
}

/// Installs the other clients outside of the repository's own files.
fn install(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("package.json"), r#"{"private": true}"#)?;
    let mut command = program("npm", &["install", "--no-audit", "--no-fund", "--save-exact"]);
    command.args(PACKAGES).current_dir(folder);
    run_program(command)
}
