//! The clock of a world of the mock server beside this machine's.

use std::time::SystemTime;

use anyhow::Result;

use crate::bench::core::world::{World, date};

/// How often the clock is read: the quickest response has the smallest error.
const READS: u32 = 20;

pub(super) struct WorldClock {
    /// A time of this machine, in seconds since 1970.
    real: f64,
    /// The time of the world then.
    world: f64,
    scale: f64,
}

impl WorldClock {
    /// Reads the clock of a world whose time passes `scale` times as fast as real time.
    pub(super) fn read(world: &World<'_>, scale: f64) -> Result<Self> {
        let mut best: Option<(f64, Self)> = None;
        for _ in 0..READS {
            let before = now();
            let clock = world.read("clock")?;
            let after = now();
            let (took, real) = (after - before, f64::midpoint(before, after));
            if best.as_ref().is_none_or(|(quickest, _)| took < *quickest) {
                best = Some((took, Self { real, world: date(&clock, "now")?, scale }));
            }
        }
        best.map(|(_, clock)| clock).ok_or_else(|| anyhow::anyhow!("the clock was not read"))
    }

    /// Returns the time of the world at a time of this machine.
    pub(super) fn at(&self, real: f64) -> f64 {
        self.world + self.scale * (real - self.real)
    }
}

fn now() -> f64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs_f64()
}
