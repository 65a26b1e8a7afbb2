//! How soon after a job's end its result is in hand, with learned pacing and with others, end to end: a real client
//! and the mock server, each in its own process.

mod client;
mod report;
mod world_clock;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use self::client::{Client, Outcome};
use super::server::Server;
use super::{mock, release};

/// How to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// How many jobs are measured
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    jobs: u32,
    /// How many jobs run before them
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(0..=1000))]
    seen: u32,
    /// How many jobs run at the same time
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    at_once: u32,
    /// The shortest job, in seconds
    #[arg(long, default_value_t = 2.0)]
    from: f64,
    /// The longest job, in seconds; durations are random and spread evenly
    #[arg(long, default_value_t = 3.0)]
    to: f64,
    /// What is compared: learned, default (without learning), exponential (1 s, doubling to 30 s), or the seconds between
    /// two polls
    #[arg(long, value_delimiter = ',', default_value = "learned,default,1,2,5,exponential")]
    pacings: Vec<String>,
    /// How many polls a job may take with learned pacing; by default what a client takes by itself
    #[arg(long)]
    polls_per_job: Option<f64>,
    /// Let time pass this many times as fast for the clients and the server. All that the machine takes counts that
    /// many times: real lateness is smaller
    #[arg(long)]
    time_scale: Option<f64>,
    /// Measure one client after the other, instead of all at the same time
    #[arg(long)]
    in_turn: bool,
    /// Rounds, each with other durations
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Other random durations
    #[arg(long, default_value_t = 0)]
    seed: u32,
    /// Print JSON with the lateness of every job instead of a table
    #[arg(long)]
    json: bool,
    /// The build profile of the client and the server: release, quick or dev
    #[arg(long, default_value = "release")]
    profile: String,
    /// A mock server, already built
    #[arg(long)]
    mock: Option<PathBuf>,
    /// The measured program, already built
    #[arg(long)]
    load: Option<PathBuf>,
}

impl Options {
    /// How many times as fast as real time the time of the clients and the server passes.
    fn scale(&self) -> f64 {
        self.time_scale.unwrap_or(1.0)
    }
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let Options { from, to, .. } = *options;
    ensure!(0.0 < from && from <= to && to <= 3600.0, "--from must be above 0 and at most --to");
    ensure!((1.0..=1000.0).contains(&options.scale()), "--time-scale must be from 1 to 1000");
    let [server, load] = programs(options)?;
    let (server, version) = mock::start(&server)?;
    eprintln!("bench: viseme-mock {version}, {} profile", options.profile);
    let mut rounds: Vec<Vec<Outcome>> = Vec::new();
    for number in 1..=options.rounds {
        let round = measure(&server, &load, options, number)?;
        for (pacing, outcome) in options.pacings.iter().zip(&round) {
            eprintln!("bench: round {number} of {}: {pacing}: {outcome}", options.rounds);
        }
        rounds.push(round);
    }
    if options.json {
        println!("{}", report::json(&options.pacings, &rounds));
        return Ok(());
    }
    println!(
        "\n{} jobs of {from} to {to} s, {} at the same time, after {} jobs; {} profile; medians of the rounds.",
        options.jobs, options.at_once, options.seen, options.profile
    );
    report::print(&options.pacings, &rounds);
    Ok(())
}

/// The mock server and the measured program.
fn programs(options: &Options) -> Result<[PathBuf; 2]> {
    let built = if options.mock.is_none() || options.load.is_none() {
        release::build_profile(&options.profile, &["viseme-mock", "viseme-benchmarks"])?
    } else {
        PathBuf::new()
    };
    let given = |path: &Option<PathBuf>, name: &str| {
        let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        path.clone().unwrap_or_else(|| built.join(name))
    };
    let programs = [given(&options.mock, "viseme-mock"), given(&options.load, "viseme-load")];
    for binary in &programs {
        ensure!(binary.is_file(), "there is no program {}", binary.display());
    }
    Ok(programs)
}

/// All clients, each in its own world with the same durations.
fn measure(server: &Server, load: &Path, options: &Options, round: u32) -> Result<Vec<Outcome>> {
    let durations = durations(options, round);
    let clients: Vec<Client<'_>> = options
        .pacings
        .iter()
        .map(|pacing| Client { binary: load, pacing, options, durations: &durations })
        .collect();
    if options.in_turn {
        return clients.iter().map(|client| client.measure(server)).collect();
    }
    std::thread::scope(|scope| {
        let running: Vec<_> =
            clients.iter().map(|client| scope.spawn(|| client.measure(server))).collect();
        let outcomes = running.into_iter().map(|thread| thread.join().ok());
        outcomes.map(|outcome| outcome.context("a measurement ended early")?).collect()
    })
}

/// Random durations in whole milliseconds; the same in each run of the benchmark.
fn durations(options: &Options, round: u32) -> Vec<f64> {
    let mut random = fastrand::Rng::with_seed(u64::from(options.seed) + u64::from(round));
    let mut duration = || options.from + (options.to - options.from) * random.f64();
    let jobs = options.seen + options.jobs;
    (0..jobs).map(|_| (1000.0 * duration()).round() / 1000.0).collect()
}
