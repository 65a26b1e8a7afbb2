//! The core with many jobs at once through one client, and with large files. Each round of the core
//! is followed by a round of the same requests by reqwest alone, the baseline.

pub(super) mod load;
mod report;
mod transfer;
pub(super) mod world;

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;

use self::load::{Load, Round};
use self::report::Size;
use super::server::Server;
use super::{mock, release};

/// How to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// Numbers of jobs at once, each measured by itself
    #[arg(long, value_delimiter = ',', default_values_t = [1, 100, 1000, 10_000])]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=20_000))]
    jobs: Vec<u32>,
    /// Rounds for each number of jobs; the core and reqwest take turns
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Threads that drive the client; 0 for the calling thread alone
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(0..=64))]
    threads: u32,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
    /// A mock server, already built; built in release mode by default
    #[arg(long)]
    mock: Option<PathBuf>,
    /// The measured program, already built; built in release mode by default
    #[arg(long)]
    load: Option<PathBuf>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    if options.mock.is_none() || options.load.is_none() {
        release::build(&["viseme-mock", "viseme-benchmarks"])?;
    }
    let given =
        |path: &Option<PathBuf>, name| path.clone().unwrap_or_else(|| release::binary(name));
    let server = given(&options.mock, "viseme-mock");
    let load = Load { binary: given(&options.load, "viseme-load"), threads: options.threads };
    for binary in [&server, &load.binary] {
        ensure!(binary.is_file(), "there is no program {}", binary.display());
    }
    let (server, version) = mock::start(&server)?;
    eprintln!("bench: viseme-mock {version}");
    let sizes: Result<Vec<Size>> = options
        .jobs
        .iter()
        .map(|jobs| alternate(&server, &load, usize::try_from(*jobs)?, options.rounds))
        .collect();
    let sizes = sizes?;
    let transfers = transfer::measure(&server, &load)?;
    if options.json {
        println!("{}", report::json(&sizes, &transfers));
    } else {
        report::print(&sizes, &transfers);
    }
    Ok(())
}

/// The core, then reqwest with as many requests, and so on, so that what slows the machine for a
/// while slows both. The first round of each warms the machine up and does not count.
fn alternate(server: &Server, load: &Load, jobs: usize, rounds: u32) -> Result<Size> {
    let mut size = Size { jobs, core: Vec::new(), baseline: Vec::new() };
    for round in 0..=rounds {
        let core: Round = load.runs(server, jobs)?;
        let baseline: Round = load.baseline(server, jobs, core.polls)?;
        eprintln!("bench: {jobs} jobs, round {round} of {rounds}: {core}; reqwest: {baseline}");
        if round > 0 {
            size.core.push(core);
            size.baseline.push(baseline);
        }
    }
    Ok(size)
}
