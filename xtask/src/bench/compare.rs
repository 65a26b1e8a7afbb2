//! The mock server and Prism, in turns under the same load on the same machine.

use std::time::Duration;

use anyhow::Result;
use clap::Args;

use super::http::request;
use super::load::{Round, round};
use super::prism::Prism;
use super::report::{Measured, print};
use super::rounds::RoundOptions;
use super::server::Server;
use super::{mock, prism};

/// How to measure.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    rounds: RoundOptions,
    /// Starts of each server, for the time to ready
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    starts: u32,
}

/// How long a server is idle before its memory is read.
const IDLE_TIME: Duration = Duration::from_secs(1);

pub(crate) fn run(options: &Options) -> Result<()> {
    let prism = Prism::install()?;
    let binary = options.rounds.mock()?;

    println!("bench: {} starts of each", options.starts);
    let mut prism_ready = Vec::new();
    let mut mock_ready = Vec::new();
    for _ in 0..options.starts {
        prism_ready.push(prism.start()?.ready);
        mock_ready.push(mock::start(&binary)?.0.ready);
    }

    let prism_server = prism.start()?;
    let (mock_server, version) = mock::start(&binary)?;
    std::thread::sleep(IDLE_TIME);
    let idle = [prism_server.memory(), mock_server.memory()];

    let prism_request = request("GET", prism::PATH, mock::KEY, "");
    let mock_request = request("GET", &mock::submit(&mock_server)?, mock::KEY, "");
    let (prism_rounds, mock_rounds) =
        alternate(&options.rounds, (&prism_server, &prism_request), (&mock_server, &mock_request))?;

    let [prism_idle, mock_idle] = idle;
    print(
        &Measured {
            name: format!("Prism {} (Node {})", prism::VERSION, prism::NODE_VERSION),
            ready: prism_ready,
            idle: prism_idle,
            loaded: prism_server.memory(),
            rounds: prism_rounds,
        },
        &Measured {
            name: format!("viseme-mock {version}"),
            ready: mock_ready,
            idle: mock_idle,
            loaded: mock_server.memory(),
            rounds: mock_rounds,
        },
    );
    Ok(())
}

/// Loads one, then the other, and so on, so that what slows the machine for a while slows both.
/// The first round of each warms it up and does not count.
fn alternate(
    options: &RoundOptions,
    prism: (&Server, &[u8]),
    mock: (&Server, &[u8]),
) -> Result<(Vec<Round>, Vec<Round>)> {
    let once = |(server, request): (&Server, &[u8])| round(server.address, &options.load(request)?);
    println!("bench: {} rounds of {} s for each", options.rounds, options.seconds);
    once(prism)?;
    once(mock)?;
    let (mut prism_rounds, mut mock_rounds) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        prism_rounds.push(once(prism)?);
        mock_rounds.push(once(mock)?);
    }
    Ok((prism_rounds, mock_rounds))
}
