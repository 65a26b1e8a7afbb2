//! One round of load: the same request, over and over, on several connections at once.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::http::Connection;

/// No connection sends more in a round, however quick the server is.
const MAX_REQUESTS: usize = 1_000_000;

pub(super) struct Load<'a> {
    pub(super) request: &'a [u8],
    pub(super) connections: usize,
    pub(super) duration: Duration,
}

/// What a round brought.
pub(super) struct Round {
    pub(super) per_second: f64,
    /// Half of the answers came within this time.
    pub(super) median: Duration,
    /// 99 of 100 answers came within this time.
    pub(super) slow: Duration,
}

/// Loads the server once; an error if a single answer is not a 200.
pub(super) fn round(address: SocketAddr, load: &Load<'_>) -> Result<Round> {
    let start = Instant::now();
    let mut times = Vec::new();
    std::thread::scope(|scope| -> Result<()> {
        let workers: Vec<_> =
            (0..load.connections).map(|_| scope.spawn(|| worker(address, load, start))).collect();
        for worker in workers {
            let mut own = worker.join().map_err(|_| anyhow::anyhow!("a worker died"))??;
            times.append(&mut own);
        }
        Ok(())
    })?;
    let elapsed = start.elapsed().as_secs_f64();
    times.sort_unstable();
    let share = |hundredths: usize| times.get(times.len() * hundredths / 100).copied();
    Ok(Round {
        per_second: times.len() as f64 / elapsed,
        median: share(50).context("no request was answered")?,
        slow: share(99).context("no request was answered")?,
    })
}

/// How long each answer took.
fn worker(address: SocketAddr, load: &Load<'_>, start: Instant) -> Result<Vec<Duration>> {
    let mut connection = Connection::open(address)?;
    let mut times = Vec::new();
    while start.elapsed() < load.duration && times.len() < MAX_REQUESTS {
        let sent = Instant::now();
        let answer = connection.exchange(load.request)?;
        ensure!(
            answer.status == 200,
            "{}: {}",
            answer.status,
            String::from_utf8_lossy(&answer.body)
        );
        times.push(sent.elapsed());
    }
    Ok(times)
}
