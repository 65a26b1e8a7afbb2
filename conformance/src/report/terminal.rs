//! The report for a terminal: a table of groups and drivers, and the failures.

use std::fmt::Write as _;

use super::Run;
use crate::mutants;
use crate::result::CaseResult;
use crate::suite::{CaseReport, DriverReport};

/// The group of cases that kill the driver.
const CRASHES: &str = "crashes";
/// The width of a column of the table of crashes.
const CRASH_WIDTH: usize = 33;
/// The maximum number of lines per failing case.
const LINES: usize = 6;
/// The maximum length of such a line.
const WIDTH: usize = 240;

/// Returns the text.
#[must_use]
pub fn table(run: &Run) -> String {
    let mut text = String::new();
    matrix(run, &mut text);
    crashes(run, &mut text);
    for driver in &run.drivers {
        failures(driver, &mut text);
    }
    for driver in &run.drivers {
        closing_line(driver, &mut text);
    }
    if !run.mutants.is_empty() {
        text.push_str(&mutants::count_line(&run.mutants));
    }
    text
}

/// A row per group and a column per driver: how many cases passed, of how many that ran.
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
            let ran: Vec<&CaseReport> = driver
                .results
                .iter()
                .filter(|result| group(&result.id) == name && result.result.has_run())
                .collect();
            let passed = ran.iter().filter(|result| result.result == CaseResult::Pass).count();
            let cell = match ran.len() {
                0 => "-".to_owned(),
                count => format!("{passed}/{count}"),
            };
            let _ = write!(text, "{cell:>width$}", width = width(driver));
        }
    }
    text.push('\n');
}

/// A row per crash point and a column per driver: the charges of both processes, and how the second one
/// ended.
fn crashes(run: &Run, text: &mut String) {
    let rows = run.cases.iter().filter(|case| group(&case.id) == CRASHES);
    let cells = rows.map(|case| {
        let cells = run.drivers.iter().map(|driver| {
            let report = driver.results.iter().find(|report| report.id == case.id)?;
            report.result.has_run().then(|| crash_outcome(report))
        });
        (case.id.as_str(), cells.collect::<Vec<_>>())
    });
    let cells: Vec<_> = cells.collect();
    if cells.iter().all(|(_, cells)| cells.iter().all(Option::is_none)) {
        return;
    }
    let _ = write!(text, "\n{:<CRASH_WIDTH$}", "killed");
    for driver in &run.drivers {
        let _ = write!(text, "  {:<CRASH_WIDTH$}", driver.name);
    }
    for (id, cells) in cells {
        let _ = write!(text, "\n{id:<CRASH_WIDTH$}");
        for cell in cells {
            let _ = write!(text, "  {:<CRASH_WIDTH$}", cell.as_deref().unwrap_or("-"));
        }
    }
    text.push_str("\n\n");
}

fn crash_outcome(report: &CaseReport) -> String {
    let last = report.trace.steps.last().and_then(|step| step.outcome.as_ref());
    let status = last.and_then(|outcome| outcome.value.as_ref()?.get("status")?.as_str());
    let code = last.and_then(|outcome| outcome.error.as_ref()?.code.as_deref());
    let charges = report.trace.ledger.charges.len();
    format!("{charges} charged, {}", status.or(code).unwrap_or("no outcome"))
}

fn group(id: &str) -> &str {
    id.split('/').next().unwrap_or_default()
}

fn failures(driver: &DriverReport, text: &mut String) {
    for result in &driver.results {
        if matches!(result.result, CaseResult::Pass | CaseResult::NotApplicable { .. }) {
            continue;
        }
        let _ = writeln!(text, "{:<16} {}  {}", result.result.name(), driver.name, result.id);
        for line in result.result.lines().iter().take(LINES) {
            let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
            let _ = writeln!(text, "    {}", line.chars().take(WIDTH).collect::<String>());
        }
    }
}

fn closing_line(driver: &DriverReport, text: &mut String) {
    let counts = driver.counts();
    let parts: Vec<_> = counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
    let seconds = driver.wall_ms as f64 / 1000.0;
    let (name, version, parts) = (&driver.name, &driver.version, parts.join(", "));
    let _ = writeln!(text, "{name} {version}: {parts} in {seconds:.1} s");
    let red = driver.results.iter().filter(|result| result.result.is_red()).count();
    let passed = counts.get("pass").copied().unwrap_or_default();
    let skipped = driver.results.len().saturating_sub(passed + red);
    let _ = writeln!(text, "conformance result: {passed} passed; {red} failed; {skipped} skipped");
}
