//! The mock server and hyper alone, in turns under the same load: what the mock server adds.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;

use super::http::{Connection, request};
use super::mock;
use super::release;
use super::rounds::{Measured, RoundOptions, percent};

/// How to measure.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    rounds: RoundOptions,
    /// `viseme-bare`, already built; built in release mode by default
    #[arg(long)]
    bare: Option<PathBuf>,
}

/// A server that sends no response for so long counts as broken.
const PATIENCE: Duration = Duration::from_secs(10);
/// What hyper adds to a response by itself, and what only the request for one response causes.
const ADDED: [&str; 3] = ["date", "content-length", "connection"];

pub(crate) fn run(options: &Options) -> Result<()> {
    let mock = options.rounds.mock()?;
    let bare = options.bare.clone().map_or_else(build_bare, Ok)?;

    let (mock, version) = mock::start(&mock)?;
    let request = request("GET", &mock::submit(&mock)?, mock::KEY, "");
    await_completion(mock.address, &request)?;
    let response = Raw::of(mock.address, &request)?;
    let (bare, _) = mock::start_program(&bare, &response.arguments())?;
    let bare_response = Raw::of(bare.address, &request)?;
    let same = response.comparable() == bare_response.comparable();
    ensure!(same, "the servers answer differently: {response:?} and {bare_response:?}");

    let name = format!("viseme-mock {version}");
    let mut servers =
        [("hyper alone".to_owned(), bare, Measured::default()), (name, mock, Measured::default())];
    let (rounds, seconds) = (options.rounds.rounds, options.rounds.seconds);
    println!("bench: {rounds} rounds of {seconds} s for each");
    let load = options.rounds.load(&request)?;
    // The first round of each warms it up and does not count.
    for number in 0..=rounds {
        for (_, server, measured) in &mut servers {
            measured.round(server, &load, number > 0)?;
        }
    }
    println!("\nA response has {} bytes.", response.bytes());
    let servers = servers.map(|(name, _, measured)| (name, measured));
    print(&servers);
    Ok(())
}

fn build_bare() -> Result<PathBuf> {
    release::build_programs(&[("viseme-benchmarks", "viseme-bare")])?;
    Ok(release::binary("viseme-bare"))
}

/// Waits for the end of the job: from then on, all responses have the same length.
fn await_completion(address: SocketAddr, request: &[u8]) -> Result<()> {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        let response = Connection::open(address)?.exchange(request)?;
        if String::from_utf8_lossy(&response.body).contains("\"completed\"") {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    bail!("the job does not complete");
}

fn print(servers: &[(String, Measured); 2]) {
    println!(
        "{:<20}  {:>18}  {:>20}  {:>17}  {:>6}",
        "", "requests/s, median", "lowest to highest", "CPU of the server", "busy"
    );
    for (name, measured) in servers {
        println!(
            "{name:<20}  {:>18.0}  {:>20}  {:>14.2} µs  {:>4.0} %",
            measured.rate(),
            measured.range(),
            measured.cost(),
            measured.busy(),
        );
    }
    let [(_, bare), (_, mock)] = servers;
    println!(
        "\nof hyper alone, median of the pairs: {:.1} % of the requests/s, {:.1} % of the CPU",
        percent(&mock.rates, &bare.rates),
        percent(&mock.costs, &bare.costs),
    );
    println!(
        "A server that is not busy all the time waits for the load program, which limits the rate."
    );
}

/// A response as it is on the wire.
#[derive(Debug)]
struct Raw {
    headers: Vec<(String, String)>,
    body: String,
    head_bytes: usize,
}

impl Raw {
    fn of(address: SocketAddr, request: &[u8]) -> Result<Self> {
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let request = String::from_utf8(request.to_vec())?;
        stream.write_all(request.replacen("\r\n", "\r\nConnection: close\r\n", 1).as_bytes())?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        let (head, body) = text.split_once("\r\n\r\n").context("no end of the head")?;
        let lines = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        let headers = lines.map(|(name, value)| (name.to_lowercase(), value.to_owned()));
        Ok(Self { headers: headers.collect(), body: body.to_owned(), head_bytes: head.len() + 4 })
    }

    /// Returns the arguments that make `viseme-bare` answer the same.
    fn arguments(&self) -> Vec<String> {
        let own = self.headers.iter().filter(|(name, _)| !ADDED.contains(&name.as_str()));
        own.flat_map(|(name, value)| ["--header".to_owned(), format!("{name}: {value}")])
            .chain(["--body".to_owned(), self.body.clone()])
            .collect()
    }

    /// Returns what must be equal: the id of the request and the date differ.
    fn comparable(&self) -> (Vec<&str>, usize) {
        let mut names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        (names, self.bytes())
    }

    fn bytes(&self) -> usize {
        self.head_bytes + self.body.len()
    }
}
