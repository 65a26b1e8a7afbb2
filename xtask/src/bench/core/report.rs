//! The results as a table or as JSON.

use serde_json::{Value, json};

use super::load::{Cost, Round};
use super::transfer::{BYTES, Transfers};
use crate::bench::report::{mebibytes, median};

/// All rounds with one number of jobs.
pub(super) struct Size {
    pub(super) jobs: usize,
    pub(super) core: Vec<Round>,
    pub(super) baseline: Vec<Round>,
}

impl Size {
    /// How many times the CPU time of reqwest alone: the median over the pairs of rounds.
    fn ratio(&self) -> f64 {
        let pairs = self.core.iter().zip(&self.baseline);
        median(
            pairs
                .map(|(core, baseline)| core.cpu_per_request() / baseline.cpu_per_request())
                .collect(),
        )
    }

    /// The time after the job's end within which this share of all results was in hand.
    fn overshoot(&self, hundredths: usize) -> f64 {
        let mut all: Vec<f64> =
            self.core.iter().flat_map(|round| round.overshoot.iter().copied()).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() * hundredths / 100).copied().unwrap_or_default()
    }

    fn polls_per_job(&self) -> f64 {
        let polls: usize = self.core.iter().map(|round| round.polls).sum();
        polls as f64 / (self.core.len() * self.jobs).max(1) as f64
    }

    fn future_bytes(&self) -> u64 {
        self.core.first().map_or(0, |round| round.future_bytes)
    }
}

pub(super) fn print(sizes: &[Size], transfers: &Transfers) {
    println!("\nClient's process alone; median of the rounds. No errors, no job paid for twice.\n");
    row("jobs at once", sizes, |size| size.jobs.to_string());
    row("CPU per job, core", sizes, |size| micros(of(&size.core, Round::cpu_per_job)));
    row("CPU per job, reqwest alone", sizes, |size| micros(of(&size.baseline, Round::cpu_per_job)));
    row("CPU per request, core", sizes, |size| micros(of(&size.core, Round::cpu_per_request)));
    row("CPU per request, reqwest alone", sizes, |size| {
        micros(of(&size.baseline, Round::cpu_per_request))
    });
    row("ratio of the CPU times", sizes, |size| format!("{:.2}", size.ratio()));
    row("peak memory over start, core", sizes, |size| mebibytes(growth(&size.core)));
    row("peak memory over start, reqwest", sizes, |size| mebibytes(growth(&size.baseline)));
    row("the future of a run", sizes, |size| format!("{} B", size.future_bytes()));
    row("polls per job", sizes, |size| format!("{:.2}", size.polls_per_job()));
    row("result after the job's end, median", sizes, |size| millis(size.overshoot(50)));
    row("result after the job's end, 99 of 100", sizes, |size| millis(size.overshoot(99)));
    row("wall time of a round", sizes, |size| format!("{:.1} s", of(&size.core, wall)));
    println!("\n{} MiB, client construction included:", BYTES / (1024 * 1024));
    for (name, cost) in [("upload", &transfers.upload), ("download", &transfers.download)] {
        let (memory, cpu) = (mebibytes(Some(cost.growth)), millis(cost.cpu));
        println!("{name:<38}  memory {memory} over start, CPU {cpu}");
    }
}

pub(super) fn json(sizes: &[Size], transfers: &Transfers) -> Value {
    let sizes: Vec<Value> = sizes
        .iter()
        .map(|size| {
            json!({
                "jobs": size.jobs,
                "core": rounds(&size.core),
                "reqwest": rounds(&size.baseline),
                "cpu_ratio": size.ratio(),
                "future_bytes": size.future_bytes(),
                "polls_per_job": size.polls_per_job(),
                "overshoot_seconds": {"p50": size.overshoot(50), "p99": size.overshoot(99)},
            })
        })
        .collect();
    let transfer = |cost: &Cost| json!({"bytes": BYTES, "memory_growth": cost.growth, "cpu_seconds": cost.cpu});
    json!({
        "sizes": sizes,
        "upload": transfer(&transfers.upload),
        "download": transfer(&transfers.download),
    })
}

fn rounds(rounds: &[Round]) -> Vec<Value> {
    let round = |round: &Round| {
        json!({
            "cpu_seconds": round.cost.cpu,
            "wall_seconds": round.cost.wall,
            "memory_growth": round.cost.growth,
            "requests": round.requests(),
        })
    };
    rounds.iter().map(round).collect()
}

fn row(name: &str, sizes: &[Size], show: impl Fn(&Size) -> String) {
    let cells: Vec<String> = sizes.iter().map(|size| format!("{:>10}", show(size))).collect();
    println!("{name:<38}  {}", cells.join("  "));
}

fn of(rounds: &[Round], what: fn(&Round) -> f64) -> f64 {
    median(rounds.iter().map(what).collect())
}

fn growth(rounds: &[Round]) -> Option<u64> {
    Some(median(rounds.iter().map(|round| round.cost.growth).collect()))
}

fn wall(round: &Round) -> f64 {
    round.cost.wall
}

fn micros(seconds: f64) -> String {
    format!("{:.0} µs", 1e6 * seconds)
}

fn millis(seconds: f64) -> String {
    format!("{:.0} ms", 1e3 * seconds)
}
