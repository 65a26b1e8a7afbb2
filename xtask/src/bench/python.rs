//! The Python client compared with the official package and a loop over aiohttp. A Python program
//! measures; this creates its environment and builds its programs.

use anyhow::Result;
use clap::Args;

use super::release;
use crate::process::run;
use crate::python;

/// How to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// Numbers of jobs at once, each measured by itself; the official package up to 1,000
    #[arg(long, default_value = "1,100,1000,10000")]
    jobs: String,
    /// Rounds for each client and number of jobs; the median counts
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Clients, of viseme-many, viseme-many-async, viseme-await, aiohttp, official
    #[arg(long)]
    clients: Option<String>,
}

pub(crate) fn measure(options: &Options) -> Result<()> {
    release::build(&["viseme-mock"])?;
    let rounds = options.rounds.to_string();
    let mock = release::binary("viseme-mock").display().to_string();
    let mut words = vec!["bench/compare.py", &mock, "--jobs", &options.jobs, "--rounds", &rounds];
    if let Some(clients) = &options.clients {
        words.extend(["--clients", clients]);
    }
    run(python::bench(&words)?)
}
