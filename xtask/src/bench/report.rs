//! The results as a table.

use std::time::Duration;

use super::load::Round;

/// All that was measured of one server.
pub(super) struct Measured {
    pub(super) name: String,
    pub(super) ready: Vec<Duration>,
    pub(super) idle: Option<u64>,
    pub(super) loaded: Option<u64>,
    pub(super) rounds: Vec<Round>,
}

/// Prints both, and how many times as many requests the second handles.
pub(super) fn print(first: &Measured, second: &Measured) {
    println!();
    row("", &first.name, &second.name);
    let both =
        |name: &str, show: &dyn Fn(&Measured) -> String| row(name, &show(first), &show(second));
    both("ready, median", &|of| milliseconds(median(of.ready.clone())));
    both("memory, idle", &|of| mebibytes(of.idle));
    both("memory, after the load", &|of| mebibytes(of.loaded));
    both("requests/s, median", &|of| format!("{:.0}", median(rates(of))));
    both("requests/s, lowest to highest", &|of| {
        let rates = rates(of);
        let lowest = rates.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = rates.iter().copied().fold(0.0, f64::max);
        format!("{lowest:.0} to {highest:.0}")
    });
    both("response time, median", &|of| milliseconds(median(times(of, |round| round.median))));
    both("response time, 99 of 100", &|of| milliseconds(median(times(of, |round| round.slow))));
    println!(
        "\nratio of the medians of requests/s: {:.2}",
        median(rates(second)) / median(rates(first))
    );
    let ratios = rates(first).into_iter().zip(rates(second)).map(|(first, second)| second / first);
    println!("ratio of each pair of rounds, median: {:.2}", median(ratios.collect()));
    println!(
        "The load program shares the cores with the server, which slows the quicker one more."
    );
}

fn row(name: &str, first: &str, second: &str) {
    println!("{name:<30}  {first:>28}  {second:>22}");
}

fn rates(measured: &Measured) -> Vec<f64> {
    measured.rounds.iter().map(|round| round.per_second).collect()
}

fn times(measured: &Measured, which: fn(&Round) -> Duration) -> Vec<Duration> {
    measured.rounds.iter().map(which).collect()
}

/// The middle value; of an even number the upper of the two. Of none, the type's zero.
pub(super) fn median<T: PartialOrd + Copy + Default>(mut values: Vec<T>) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}

pub(super) fn mebibytes(bytes: Option<u64>) -> String {
    bytes.map_or_else(
        || "not measured (Linux only)".to_owned(),
        |bytes| format!("{:.1} MiB", bytes as f64 / (1024.0 * 1024.0)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4, 1, 2, 3]), 3);
        assert_eq!(median(Vec::<Duration>::new()), Duration::ZERO);
    }
}
