//! The report for a terminal: a table of groups and drivers, and what failed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Run;
use crate::suite::DriverReport;
use crate::verdict::Verdict;

/// How many lines of a failing case are shown.
const LINES: usize = 6;
/// How many characters of such a line.
const WIDTH: usize = 240;

/// The text.
#[must_use]
pub fn table(run: &Run) -> String {
    let mut text = String::new();
    for driver in &run.drivers {
        describe(driver, &mut text);
    }
    if !run.mutants.is_empty() {
        let killed = run.mutants.iter().filter(|trial| trial.killed).count();
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{killed} of {} mutants were killed", run.mutants.len());
    }
    text
}

fn describe(driver: &DriverReport, text: &mut String) {
    let seconds = driver.wall_ms as f64 / 1000.0;
    // Writing to a text cannot fail.
    let _ = writeln!(
        text,
        "{} {} ({} cases in {seconds:.1} s)",
        driver.name,
        driver.version,
        driver.ran()
    );
    let mut groups: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for result in driver.results.iter().filter(|result| result.verdict.has_run()) {
        let group = result.id.split('/').next().unwrap_or_default();
        let counts = groups.entry(group).or_default();
        counts.0 += usize::from(result.verdict == Verdict::Pass);
        counts.1 += 1;
    }
    for (group, (passed, ran)) in groups {
        let _ = writeln!(text, "  {group:<12} {passed:>3} of {ran}");
    }
    for result in &driver.results {
        if matches!(result.verdict, Verdict::Pass | Verdict::NotApplicable { .. }) {
            continue;
        }
        let _ = writeln!(text, "  {:<16} {}", result.verdict.word(), result.id);
        for line in result.verdict.lines().iter().take(LINES) {
            let line: String = line.split_whitespace().collect::<Vec<_>>().join(" ");
            let _ = writeln!(text, "      {}", line.chars().take(WIDTH).collect::<String>());
        }
    }
    let counts = driver.counts();
    let words: Vec<_> = counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
    let _ = writeln!(text, "  {}", words.join(", "));
    let red = driver.results.iter().filter(|result| result.verdict.is_red()).count();
    let passed = counts.get("pass").copied().unwrap_or_default();
    let skipped = driver.results.len().saturating_sub(passed + red);
    let _ =
        writeln!(text, "  conformance result: {passed} passed; {red} failed; {skipped} skipped");
}
