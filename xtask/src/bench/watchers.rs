//! The mock server with clients that read the events of the world: what they cost.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;

use super::http::request;
use super::load::{Load, round};
use super::mock;
use super::report::{mebibytes, median};
use super::server::Server;

/// How to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// Rounds of load with each number of watchers; they take turns
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Seconds a round lasts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// Connections at once, besides those of the watchers
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=256))]
    connections: u32,
    /// A mock server, already built; built in release mode by default
    #[arg(long)]
    mock: Option<PathBuf>,
}

/// How many clients read the events.
const WATCHERS: [usize; 3] = [0, 1, 5];
/// A server that sends nothing for so long counts as broken. It sends something every 15 seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server with its watchers, and what was measured.
struct Watched {
    server: Server,
    request: Vec<u8>,
    watchers: Vec<Watcher>,
    rates: Vec<f64>,
    /// The processor time of the server for one request, in each round.
    costs: Vec<f64>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let binary = options.mock.clone().map_or_else(mock::build, Ok)?;
    ensure!(binary.is_file(), "there is no mock server at {}", binary.display());
    let mut servers = Vec::new();
    for count in WATCHERS {
        let (server, _) = mock::start(&binary)?;
        let request = request("GET", &mock::submit(&server)?, mock::KEY, "");
        let watchers = (0..count).map(|_| Watcher::start(server.address)).collect::<Result<_>>()?;
        servers.push(Watched { server, request, watchers, rates: Vec::new(), costs: Vec::new() });
    }
    let (rounds, seconds) = (options.rounds, options.seconds);
    println!("bench: {rounds} rounds of {seconds} s with each number of watchers");
    let connections = usize::try_from(options.connections)?;
    let duration = Duration::from_secs(seconds);
    // The first round of each warms it up and does not count.
    for number in 0..=rounds {
        for watched in &mut servers {
            let load = Load { request: &watched.request, connections, duration };
            let before = watched.server.cpu().unwrap_or_default();
            let round = round(watched.server.address, &load)?;
            let used = watched.server.cpu().unwrap_or_default().saturating_sub(before);
            if number > 0 {
                let micros = used.as_secs_f64() * 1e6;
                watched.costs.push(micros / (round.per_second * duration.as_secs_f64()));
                watched.rates.push(round.per_second);
            }
        }
    }
    println!(
        "\nwatchers  requests/s, median  of the rate without  CPU of the server  memory, after the load  events read"
    );
    let alone: Vec<f64> = servers.iter().take(1).flat_map(|first| first.rates.clone()).collect();
    for (count, watched) in WATCHERS.into_iter().zip(servers) {
        let memory = watched.server.memory();
        let ratios = watched.rates.iter().zip(&alone).map(|(with, without)| with / without);
        let ratio = median(ratios.collect()) * 100.0;
        let (rate, cost) = (median(watched.rates), median(watched.costs));
        let mut bytes = Vec::new();
        for watcher in watched.watchers {
            bytes.push(watcher.stop()?);
        }
        ensure!(bytes.iter().all(|bytes| *bytes > 0), "a watcher received nothing");
        println!(
            "{count:>8}  {rate:>18.0}  {ratio:>18.1} %  {cost:>14.1} µs  {:>22}  {:>11}",
            mebibytes(memory),
            mebibytes(Some(bytes.iter().sum())),
        );
    }
    println!("The load program and the watchers share the cores with the server.");
    Ok(())
}

/// A client that reads events and drops them.
struct Watcher {
    stream: TcpStream,
    reading: JoinHandle<u64>,
}

impl Watcher {
    fn start(address: SocketAddr) -> Result<Self> {
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(
            b"GET /_mock/v1/worlds/default/events?since=latest HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        )?;
        let mut head = [0; 15];
        stream.read_exact(&mut head).context("the mock server sent no events")?;
        if head != *b"HTTP/1.1 200 OK" {
            bail!("the mock server refused a watcher: {}", String::from_utf8_lossy(&head));
        }
        let mut events = stream.try_clone()?;
        let reading = std::thread::spawn(move || {
            let (mut bytes, mut buffer) = (0, vec![0; 256 * 1024]);
            // The stream ends when it is shut down.
            while let Ok(count @ 1..) = events.read(&mut buffer) {
                bytes += count as u64;
            }
            bytes
        });
        Ok(Self { stream, reading })
    }

    /// Stops it. Returns how many bytes it read.
    fn stop(self) -> Result<u64> {
        self.stream.shutdown(Shutdown::Both)?;
        self.reading.join().ok().context("a watcher panicked")
    }
}
