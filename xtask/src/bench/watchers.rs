//! The mock server with clients that read the events of the world: what they cost.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;

use super::http::request;
use super::mock;
use super::report::mebibytes;
use super::rounds::{Measured, RoundOptions, percent};
use super::server::Server;

/// How to measure.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    rounds: RoundOptions,
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
    measured: Measured,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let binary = options.rounds.mock()?;
    let mut servers = Vec::new();
    for count in WATCHERS {
        let (server, _) = mock::start(&binary)?;
        let request = request("GET", &mock::submit(&server)?, mock::KEY, "");
        let watchers = (0..count).map(|_| Watcher::start(server.address)).collect::<Result<_>>()?;
        servers.push(Watched { server, request, watchers, measured: Measured::default() });
    }
    let (rounds, seconds) = (options.rounds.rounds, options.rounds.seconds);
    println!("bench: {rounds} rounds of {seconds} s with each number of watchers");
    // The first round of each warms it up and does not count.
    for number in 0..=rounds {
        for watched in &mut servers {
            let load = options.rounds.load(&watched.request)?;
            watched.measured.round(&watched.server, &load, number > 0)?;
        }
    }
    println!(
        "\nwatchers  requests/s, median  of the rate without  CPU of the server  memory, after the load  events read"
    );
    let alone = servers.first().map(|first| first.measured.rates.clone()).unwrap_or_default();
    for (count, watched) in WATCHERS.into_iter().zip(servers) {
        let memory = watched.server.memory();
        let ratio = percent(&watched.measured.rates, &alone);
        let (rate, cost) = (watched.measured.rate(), watched.measured.cost());
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
