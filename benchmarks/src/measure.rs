//! The cost of a piece of work to this process: CPU time of all its threads, and memory.
//!
//! Memory is resident memory as Linux counts it: `VmRSS` before the work, and its peak
//! (`VmHWM`) after it. The peak is reset before the work if the system allows it; otherwise
//! an earlier peak can only make the growth larger. Code and mapped files are part of both; `RssFile`
//! shows how much of the growth is code that ran for the first time.

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

pub(crate) struct Cost {
    wall: Duration,
    cpu: Duration,
    before: u64,
    peak: u64,
    /// How much more of the program's file is in memory than before.
    code: u64,
}

/// Does the work and returns its outcome and its cost.
pub(crate) fn measure<T>(runtime: &Runtime, work: impl Future<Output = T>) -> Result<(T, Cost)> {
    // Resets VmHWM; not allowed in some containers.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let (before, code_before) = (memory("VmRSS:")?, memory("RssFile:")?);
    let (started, cpu) = (Instant::now(), cpu_time());
    let outcome = runtime.block_on(work);
    let cost = Cost {
        wall: started.elapsed(),
        cpu: cpu_time().saturating_sub(cpu),
        before,
        peak: memory("VmHWM:")?,
        code: memory("RssFile:")?.saturating_sub(code_before),
    };
    Ok((outcome, cost))
}

impl Cost {
    pub(crate) fn json(&self) -> Value {
        json!({
            "wall_seconds": self.wall.as_secs_f64(),
            "cpu_seconds": self.cpu.as_secs_f64(),
            "memory_before": self.before,
            "memory_peak": self.peak,
            "memory_code": self.code,
        })
    }
}

/// User and system time of the whole process, ended threads included.
fn cpu_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}

fn memory(name: &str) -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").context("Linux is needed")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix("kB"));
    let kibibytes: Option<u64> = kibibytes.and_then(|number| number.trim().parse().ok());
    Ok(1024 * kibibytes.with_context(|| format!("{name} is not in /proc/self/status"))?)
}
