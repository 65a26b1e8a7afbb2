//! `cargo xtask bench …`: measurements that are too slow or too noisy for the tests.

mod compare;
mod core;
mod http;
mod load;
mod mock;
mod node;
mod prism;
mod python;
mod release;
mod report;
mod server;

use anyhow::Result;
use clap::Subcommand;

pub(crate) use self::node::addon as node_addon;

/// What to measure.
#[derive(Subcommand)]
pub(crate) enum Bench {
    /// Compare the mock server with Prism under the same load, on this machine (needs npm)
    Mock(compare::Options),
    /// Measure the core with many jobs at once, and with large files; reqwest alone beside it
    /// (Linux only)
    Core(core::Options),
    /// Measure the npm package with many jobs at once, beside the official client and undici (Linux
    /// only; needs npm)
    Node(node::Options),
    /// Measure the Python client beside the official package and aiohttp (installs both from PyPI)
    Python(python::Options),
}

impl Bench {
    pub(crate) fn run(self) -> Result<()> {
        match self {
            Self::Mock(options) => compare::run(&options),
            Self::Core(options) => core::run(&options),
            Self::Node(options) => node::run(&options),
            Self::Python(options) => python::measure(&options),
        }
    }
}
