//! The results as a table.

use super::{CLIENTS, Round};
use crate::bench::report::{mebibytes, median};

/// All rounds with one number of jobs, by client.
pub(super) struct Size {
    pub(super) jobs: usize,
    pub(super) rounds: [Vec<Round>; CLIENTS.len()],
}

impl Size {
    pub(super) fn new(jobs: usize) -> Self {
        Self { jobs, rounds: Default::default() }
    }
}

pub(super) fn print(sizes: &[Size]) {
    println!("\nThe client's process alone; median of the rounds.");
    for size in sizes {
        println!("\n{} jobs at once", size.jobs);
        println!(
            "{:<10}  {:>12}  {:>9}  {:>14}  {:>9}  {:>9}  {:>8}  {:>8}",
            "client",
            "CPU a job",
            "polls",
            "memory growth",
            "late p50",
            "late p99",
            "load",
            "errors"
        );
        for (client, rounds) in CLIENTS.iter().zip(&size.rounds) {
            println!("{client:<10}  {}", line(rounds, size.jobs));
        }
    }
}

fn line(rounds: &[Round], jobs: usize) -> String {
    let jobs = jobs as f64;
    let of = |what: &dyn Fn(&Round) -> f64| median(rounds.iter().map(what).collect());
    let memory = median(rounds.iter().map(|round| round.cost.growth).collect());
    let errors: u64 = rounds.iter().map(|round| round.errors).sum();
    format!(
        "{:>9.0} µs  {:>9.2}  {:>14}  {:>6.0} ms  {:>6.0} ms  {:>5.0} ms  {errors:>8}",
        1e6 * of(&|round| round.cost.cpu) / jobs,
        of(&|round| round.polls as f64) / jobs,
        mebibytes(Some(memory)),
        1e3 * late(rounds, 50),
        1e3 * late(rounds, 99),
        1e3 * of(&|round| round.load),
    )
}

/// The time after the job's end within which this share of all results was in hand.
fn late(rounds: &[Round], hundredths: usize) -> f64 {
    let mut all: Vec<f64> = rounds.iter().flat_map(|round| round.overshoot.clone()).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() * hundredths / 100).copied().unwrap_or_default()
}
