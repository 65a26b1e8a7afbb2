//! The report for a terminal: a table of groups and drivers, and what failed.

use std::fmt::Write as _;

use super::Run;
use crate::suite::{CaseResult, DriverReport};
use crate::verdict::Verdict;

/// How many lines of a failing case are shown.
const LINES: usize = 6;
/// How many characters of such a line.
const WIDTH: usize = 240;

/// The text.
#[must_use]
pub fn table(run: &Run) -> String {
    let mut text = String::new();
    matrix(run, &mut text);
    for driver in &run.drivers {
        failures(driver, &mut text);
    }
    for driver in &run.drivers {
        closing_line(driver, &mut text);
    }
    if !run.mutants.is_empty() {
        let killed = run.mutants.iter().filter(|trial| trial.killed).count();
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{killed} of {} mutants were killed", run.mutants.len());
    }
    text
}

/// A row for each group, a column for each driver: how many passed, of how many that it can do.
fn matrix(run: &Run, text: &mut String) {
    let width = |driver: &DriverReport| driver.name.chars().count().max(10) + 2;
    let _ = write!(text, "{:<12}", "");
    for driver in &run.drivers {
        let _ = write!(text, "{:>width$}", driver.name, width = width(driver));
    }
    let mut groups: Vec<&str> = run.cases.iter().map(|case| group(&case.id)).collect();
    groups.dedup();
    for name in groups {
        let _ = write!(text, "\n{name:<12}");
        for driver in &run.drivers {
            let ran: Vec<&CaseResult> = driver
                .results
                .iter()
                .filter(|result| group(&result.id) == name && result.verdict.has_run())
                .collect();
            let passed = ran.iter().filter(|result| result.verdict == Verdict::Pass).count();
            let cell = match ran.len() {
                0 => "-".to_owned(),
                count => format!("{passed}/{count}"),
            };
            let _ = write!(text, "{cell:>width$}", width = width(driver));
        }
    }
    text.push('\n');
}

fn group(id: &str) -> &str {
    id.split('/').next().unwrap_or_default()
}

fn failures(driver: &DriverReport, text: &mut String) {
    for result in &driver.results {
        if matches!(result.verdict, Verdict::Pass | Verdict::NotApplicable { .. }) {
            continue;
        }
        let _ = writeln!(text, "{:<16} {}  {}", result.verdict.word(), driver.name, result.id);
        for line in result.verdict.lines().iter().take(LINES) {
            let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
            let _ = writeln!(text, "    {}", line.chars().take(WIDTH).collect::<String>());
        }
    }
}

fn closing_line(driver: &DriverReport, text: &mut String) {
    let counts = driver.counts();
    let words: Vec<_> = counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
    let seconds = driver.wall_ms as f64 / 1000.0;
    let (name, version, words) = (&driver.name, &driver.version, words.join(", "));
    let _ = writeln!(text, "{name} {version}: {words} in {seconds:.1} s");
    let red = driver.results.iter().filter(|result| result.verdict.is_red()).count();
    let passed = counts.get("pass").copied().unwrap_or_default();
    let skipped = driver.results.len().saturating_sub(passed + red);
    let _ = writeln!(text, "conformance result: {passed} passed; {red} failed; {skipped} skipped");
}
