//! A server under measurement: a process of our own that is ended with its measurement.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::http::{Connection, request};
use crate::process::line;

/// A server that takes longer to start is taken for broken.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Server {
    pub(super) address: SocketAddr,
    /// From the start of the process to its first response over HTTP.
    pub(super) ready: Duration,
    process: Process,
}

/// Ends its process when it goes out of scope.
pub(super) struct Process(pub(super) Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    pub(super) fn start(command: &mut Command) -> Result<Self> {
        let child = command.spawn();
        Ok(Self(child.with_context(|| format!("`{}` could not be started", line(command)))?))
    }
}

impl Server {
    /// Waits for the first response, whatever its status, of a process that was started then.
    pub(super) fn await_answer(mut process: Process, port: u16, started: Instant) -> Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let request = request("GET", "/", "mock-key", "");
        while started.elapsed() < PATIENCE {
            if Connection::open(address).and_then(|mut open| open.exchange(&request)).is_ok() {
                return Ok(Self { address, ready: started.elapsed(), process });
            }
            if let Some(status) = process.0.try_wait()? {
                bail!("the server ended before its first response ({status})");
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        bail!("the server did not respond within {PATIENCE:?}");
    }

    /// The time of processors that the process has used; `None` if the system does not report it.
    pub(super) fn cpu(&self) -> Option<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.0.id()));
        cpu_time(&stat.ok()?)
    }

    /// The memory the process holds right now, in bytes; `None` if the system does not report it.
    pub(super) fn memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.0.id()));
        resident(&status.ok()?)
    }
}

/// The fields 14 and 15 of `PID (NAME) STATE …`, in ticks, of which Linux counts 100 a second.
fn cpu_time(stat: &str) -> Option<Duration> {
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
    let ticks = ticks.sum::<Result<u64, _>>().ok()?;
    Some(Duration::from_millis(ticks * 10))
}

/// `VmRSS:      9876 kB`
fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{cpu_time, resident};

    #[test]
    fn reads_the_time_of_processors() {
        let stat = "7 (a (b) c) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 3 0 1 2 3";
        assert_eq!(cpu_time(stat), Some(Duration::from_secs(3)));
        assert_eq!(cpu_time("7 (x) S"), Some(Duration::ZERO));
        assert_eq!(cpu_time(""), None);
    }

    #[test]
    fn reads_resident_memory() {
        assert_eq!(resident("Name:\tx\nVmRSS:\t    12 kB\nThreads:\t1\n"), Some(12 * 1024));
        assert_eq!(resident("Name:\tx\n"), None);
    }
}
