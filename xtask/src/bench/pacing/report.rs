//! The results as a table.

use serde_json::{Value, json};

use super::client::{Outcome, percentile};
use crate::bench::report::median;

/// Prints a line for each pacing, with the medians of its rounds.
pub(super) fn print(pacings: &[String], rounds: &[Vec<Outcome>]) {
    println!(
        "Seconds from a job's end to its result in hand. No errors, and one charge for each job.\n"
    );
    println!(
        "{:<14} {:>8} {:>10} {:>22} {:>12} {:>10}",
        "", "median", "99 of 100", "of that until the poll", "polls a job", "CPU a job"
    );
    for (number, pacing) in pacings.iter().enumerate() {
        let of = |value: fn(&Outcome) -> f64| {
            median(rounds.iter().filter_map(|round| round.get(number)).map(value).collect())
        };
        println!(
            "{:<14} {:>8.3} {:>10.3} {:>22.3} {:>12.2} {:>7.0} µs",
            name(pacing),
            of(|outcome| percentile(&outcome.lateness, 50)),
            of(|outcome| percentile(&outcome.lateness, 99)),
            of(|outcome| percentile(&outcome.until_poll, 99)),
            of(|outcome| outcome.polls_per_job),
            1e6 * of(|outcome| outcome.cpu_per_job),
        );
    }
}

/// Returns all that was measured of each pacing in each round.
pub(super) fn json(pacings: &[String], rounds: &[Vec<Outcome>]) -> Value {
    let outcome = |(pacing, outcome): (&String, &Outcome)| {
        json!({
            "pacing": pacing,
            "lateness_seconds": outcome.lateness,
            "until_poll_seconds": outcome.until_poll,
            "polls_per_job": outcome.polls_per_job,
            "cpu_seconds_per_job": outcome.cpu_per_job,
        })
    };
    rounds.iter().map(|round| pacings.iter().zip(round).map(outcome).collect::<Vec<_>>()).collect()
}

/// The pacing in words.
fn name(pacing: &str) -> String {
    match pacing.parse::<f64>() {
        Ok(seconds) => format!("every {seconds} s"),
        Err(_) => pacing.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn numbers_are_pauses() {
        assert_eq!(name("2.50"), "every 2.5 s");
        assert_eq!(name("learned"), "learned");
    }
}
