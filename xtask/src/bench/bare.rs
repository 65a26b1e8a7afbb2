//! The mock server and hyper alone, in turns under the same load: what the mock server adds.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;

use super::http::{Connection, request};
use super::load::{Load, round};
use super::mock;
use super::release;
use super::report::median;
use super::server::Server;

/// How to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// Rounds of load for each server; they take turns
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Seconds a round lasts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// Connections at once
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=256))]
    connections: u32,
    /// A mock server, already built; built in release mode by default
    #[arg(long)]
    mock: Option<PathBuf>,
    /// `viseme-bare`, already built; built in release mode by default
    #[arg(long)]
    bare: Option<PathBuf>,
}

/// A server that sends no response for so long counts as broken.
const PATIENCE: Duration = Duration::from_secs(10);
/// What hyper adds to a response by itself, and what only the request for one response causes.
const ADDED: [&str; 3] = ["date", "content-length", "connection"];

/// One of the two servers, and what was measured.
struct Measured {
    name: String,
    server: Server,
    rates: Vec<f64>,
    /// The processor time of the server for one request in each round, in microseconds.
    costs: Vec<f64>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let mut programs = Vec::new();
    programs.extend(options.mock.is_none().then_some(("viseme-mock", "viseme-mock")));
    programs.extend(options.bare.is_none().then_some(("viseme-benchmarks", "viseme-bare")));
    if !programs.is_empty() {
        release::build_programs(&programs)?;
    }
    let mock = options.mock.clone().unwrap_or_else(|| release::binary("viseme-mock"));
    let bare = options.bare.clone().unwrap_or_else(|| release::binary("viseme-bare"));

    let (mock, version) = mock::start(&mock)?;
    let request = request("GET", &mock::submit(&mock)?, mock::KEY, "");
    await_completion(mock.address, &request)?;
    let response = Raw::of(mock.address, &request)?;
    let (bare, _) = mock::start_program(&bare, &response.arguments())?;
    let bare_response = Raw::of(bare.address, &request)?;
    let same = response.comparable() == bare_response.comparable();
    ensure!(same, "the servers answer differently: {response:?} and {bare_response:?}");

    let new = |name: String, server| Measured { name, server, rates: vec![], costs: vec![] };
    let mut servers =
        [new("hyper alone".to_owned(), bare), new(format!("viseme-mock {version}"), mock)];
    let (rounds, seconds) = (options.rounds, options.seconds);
    println!("bench: {rounds} rounds of {seconds} s for each");
    let connections = usize::try_from(options.connections)?;
    let load = Load { request: &request, connections, duration: Duration::from_secs(seconds) };
    // The first round of each warms it up and does not count.
    for number in 0..=rounds {
        for measured in &mut servers {
            measured.round(&load, number > 0)?;
        }
    }
    print(&servers, response.bytes());
    Ok(())
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

impl Measured {
    fn round(&mut self, load: &Load<'_>, counts: bool) -> Result<()> {
        let before = self.server.cpu().unwrap_or_default();
        let round = round(self.server.address, load)?;
        let used = self.server.cpu().unwrap_or_default().saturating_sub(before);
        if counts {
            let requests = round.per_second * load.duration.as_secs_f64();
            self.costs.push(used.as_secs_f64() * 1e6 / requests);
            self.rates.push(round.per_second);
        }
        Ok(())
    }
}

fn print([bare, mock]: &[Measured; 2], bytes: usize) {
    println!("\nA response has {bytes} bytes.");
    println!(
        "{:<20}  {:>18}  {:>20}  {:>17}",
        "", "requests/s, median", "lowest to highest", "CPU of the server"
    );
    for measured in [bare, mock] {
        let lowest = measured.rates.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = measured.rates.iter().copied().fold(0.0, f64::max);
        println!(
            "{:<20}  {:>18.0}  {:>20}  {:>14.1} µs",
            measured.name,
            median(measured.rates.clone()),
            format!("{lowest:.0} to {highest:.0}"),
            median(measured.costs.clone()),
        );
    }
    let pairs = mock.rates.iter().zip(&bare.rates).map(|(mock, bare)| 100.0 * mock / bare);
    println!("\nthe mock's rate of hyper's, median of the pairs: {:.1} %", median(pairs.collect()));
    println!(
        "The load program shares the cores with the server, which slows the quicker one more."
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
