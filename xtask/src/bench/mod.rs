//! `cargo xtask bench`: measurements that are too slow or too noisy for the tests. A report names the
//! machine, which must do nothing else.

mod bare;
mod compare;
mod core;
mod http;
mod load;
mod mock;
mod node;
mod pacing;
mod prism;
mod python;
mod release;
mod report;
mod rounds;
mod server;
mod watchers;

use anyhow::Result;
use clap::Subcommand;

use crate::process::{program, run};

/// Runs this command again in a build with optimisations: the load program in it must be quicker than the servers that
/// it loads.
fn optimised() -> Result<()> {
    let mut command = program(
        "cargo",
        &["run", "--locked", "--quiet", "--profile", "quick", "-p", "xtask", "--"],
    );
    command.args(std::env::args_os().skip(1));
    run(command)
}

/// What is measured.
#[derive(Subcommand)]
pub(crate) enum Bench {
    /// Compare the mock server with Prism under the same load
    Mock(compare::Options),
    /// Compare the mock server with hyper alone, which answers the same bytes, under the same load
    MockBare(bare::Options),
    /// Measure what clients that read the events of a world cost the mock server
    Watchers(watchers::Options),
    /// Measure the core with many jobs at once and with large files, compared with reqwest alone
    /// (Linux only)
    Core(core::Options),
    /// Measure how soon after a job's end its result is in hand, with learned pacing and with fixed and growing
    /// pauses (Linux only)
    Pacing(pacing::Options),
    /// Measure the npm package with many jobs at once, compared with the official client and undici
    /// (Linux only)
    Node(node::Options),
    /// Measure the Python client, compared with the official package and aiohttp (installs both)
    Python(python::Options),
}

impl Bench {
    pub(crate) fn run(self) -> Result<()> {
        if cfg!(debug_assertions) {
            return optimised();
        }
        match self {
            Self::Mock(options) => compare::run(&options),
            Self::MockBare(options) => bare::run(&options),
            Self::Watchers(options) => watchers::run(&options),
            Self::Core(options) => core::run(&options),
            Self::Pacing(options) => pacing::run(&options),
            Self::Node(options) => node::run(&options),
            Self::Python(options) => python::measure(&options),
        }
    }
}
