//! One round of load: the same request, over and over, on several connections at once.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::http::{Connection, Response};

/// No round sends more, however quick the server is.
const MAX_REQUESTS: usize = 1_000_000;

pub(super) struct Load<'a> {
    pub(super) request: &'a [u8],
    pub(super) connections: usize,
    pub(super) duration: Duration,
}

/// What a round brought.
pub(super) struct Round {
    pub(super) requests: usize,
    pub(super) per_second: f64,
    /// Half of the responses came within this time.
    pub(super) median: Duration,
    /// 99 of 100 responses came within this time.
    pub(super) slow: Duration,
}

/// Loads the server once; an error if a single response is not a 200.
///
/// One thread serves all connections in turn, and each has a request under way nearly all the
/// time: a thread for each would take more of the shared cores from a quick server than from a
/// slow one. It never sleeps, or a server that is quicker than the load program would also pay for
/// waking it, and one that is slower would not.
pub(super) fn round(address: SocketAddr, load: &Load<'_>) -> Result<Round> {
    let start = Instant::now();
    let mut times = Vec::new();
    let mut connections = Vec::with_capacity(load.connections);
    for _ in 0..load.connections {
        let mut connection = Connection::open(address)?.without_sleep()?;
        connection.send(load.request)?;
        connections.push((connection, Instant::now()));
    }
    while start.elapsed() < load.duration && times.len() < MAX_REQUESTS {
        for (connection, sent) in &mut connections {
            let response = connection.receive()?;
            times.push(sent.elapsed());
            check(&response)?;
            *sent = Instant::now();
            connection.send(load.request)?;
        }
    }
    let elapsed = start.elapsed().as_secs_f64();
    times.sort_unstable();
    let share = |hundredths: usize| times.get(times.len() * hundredths / 100).copied();
    Ok(Round {
        requests: times.len(),
        per_second: times.len() as f64 / elapsed,
        median: share(50).context("no response arrived")?,
        slow: share(99).context("no response arrived")?,
    })
}

fn check(response: &Response) -> Result<()> {
    let text = || String::from_utf8_lossy(&response.body);
    ensure!(response.status == 200, "{}: {}", response.status, text());
    Ok(())
}
