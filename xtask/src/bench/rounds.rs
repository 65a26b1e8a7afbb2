//! The rounds of load that a server has: their options, and what they measure.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Args;

use super::load::{Load, round};
use super::mock;
use super::report::median;
use super::server::Server;

/// Options of the measurements that load servers in turn.
#[derive(Args)]
pub(super) struct RoundOptions {
    /// Rounds of load for each server; they take turns
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(super) rounds: u32,
    /// Seconds a round lasts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub(super) seconds: u64,
    /// Connections of the load at once
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=256))]
    connections: u32,
    /// A mock server, already built; built in release mode by default
    #[arg(long)]
    mock: Option<PathBuf>,
}

impl RoundOptions {
    /// Returns the mock server, which is built unless it is given.
    pub(super) fn mock(&self) -> Result<PathBuf> {
        let binary = self.mock.clone().map_or_else(mock::build, Ok)?;
        ensure!(binary.is_file(), "there is no mock server at {}", binary.display());
        Ok(binary)
    }

    /// Returns the load of one round.
    pub(super) fn load<'r>(&self, request: &'r [u8]) -> Result<Load<'r>> {
        let connections = usize::try_from(self.connections)?;
        Ok(Load { request, connections, duration: Duration::from_secs(self.seconds) })
    }
}

/// What the rounds of one server measured, a value for each round.
#[derive(Default)]
pub(super) struct Measured {
    /// Requests in a second.
    pub(super) rates: Vec<f64>,
    /// The processor time of the server for one request, in microseconds.
    pub(super) costs: Vec<f64>,
    /// The share of the time that the server was busy. At 1 it is the server that limits the rate.
    busy: Vec<f64>,
}

impl Measured {
    /// Loads the server once. A round that only warms up does not count.
    pub(super) fn round(&mut self, server: &Server, load: &Load<'_>, counts: bool) -> Result<()> {
        let before = server.cpu().unwrap_or_default();
        let round = round(server.address, load)?;
        let used = server.cpu().unwrap_or_default().saturating_sub(before).as_secs_f64();
        if counts {
            self.rates.push(round.per_second);
            self.costs.push(used * 1e6 / round.requests as f64);
            self.busy.push(used * round.per_second / round.requests as f64);
        }
        Ok(())
    }

    pub(super) fn rate(&self) -> f64 {
        median(self.rates.clone())
    }

    pub(super) fn cost(&self) -> f64 {
        median(self.costs.clone())
    }

    /// Returns how busy the server was, in percent.
    pub(super) fn busy(&self) -> f64 {
        median(self.busy.clone()) * 100.0
    }

    /// Returns the lowest and the highest rate.
    pub(super) fn range(&self) -> String {
        let lowest = self.rates.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = self.rates.iter().copied().fold(0.0, f64::max);
        format!("{lowest:.0} to {highest:.0}")
    }
}

/// Returns the median of the ratios of values from the same rounds, in percent.
pub(super) fn percent(of: &[f64], to: &[f64]) -> f64 {
    let ratios = of.iter().zip(to).map(|(of, to)| 100.0 * of / to);
    median(ratios.collect())
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn a_ratio_is_of_the_same_round() {
        assert!((percent(&[1.0, 9.0, 5.0], &[2.0, 10.0, 5.0]) - 90.0).abs() < 1e-9);
    }
}
