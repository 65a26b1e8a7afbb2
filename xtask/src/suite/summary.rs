//! The table at the end of a run: what became of each step.

use std::time::Duration;

use super::count::Counts;

pub(super) enum Verdict {
    Passed {
        /// Something a reader of the summary should know; may be empty.
        note: String,
        /// How many tests ran, if the step runs tests.
        tests: Option<Counts>,
    },
    /// Why.
    Failed(anyhow::Error),
    /// An earlier step failed.
    NotRun,
}

pub(super) struct Report {
    pub(super) name: String,
    pub(super) duration: Duration,
    pub(super) verdict: Verdict,
}

impl Report {
    pub(super) fn not_run(name: String) -> Self {
        Self { name, duration: Duration::ZERO, verdict: Verdict::NotRun }
    }
}

pub(super) fn print(reports: &[Report]) {
    println!("\n==> summary");
    for report in reports {
        println!("{}", row(report));
    }
    if let Some(counts) = tests(reports) {
        println!("{}", closing_line(counts));
    }
}

fn row(report: &Report) -> String {
    let (word, more) = match &report.verdict {
        Verdict::Passed { note, .. } => ("passed", note.clone()),
        Verdict::Failed(error) => ("FAILED", format!("{error:#}")),
        Verdict::NotRun => ("not run", String::new()),
    };
    let more = more.lines().next().unwrap_or_default();
    let seconds = report.duration.as_secs_f64();
    format!("  {:<18} {word:<8} {seconds:>7.1} s  {more}", report.name).trim_end().to_owned()
}

/// The tests of all steps together; `None` if no step ran tests to their end.
fn tests(reports: &[Report]) -> Option<Counts> {
    let counted = reports.iter().filter_map(|report| match &report.verdict {
        Verdict::Passed { tests, .. } => *tests,
        Verdict::Failed(_) | Verdict::NotRun => None,
    });
    counted.reduce(|mut total, more| {
        total += more;
        total
    })
}

/// A form that readers of logs know. The runner's own last line may be about a crate without tests.
fn closing_line(counts: Counts) -> String {
    let Counts { passed, failed, skipped } = counts;
    match skipped {
        0 => format!("{passed} passed, {failed} failed"),
        _ => format!("{passed} passed, {failed} failed, {skipped} skipped"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_says_why_and_the_counts_add_up() {
        let passed = |passed| Report {
            name: "test".to_owned(),
            duration: Duration::from_millis(1250),
            verdict: Verdict::Passed {
                note: String::new(),
                tests: Some(Counts { passed, failed: 0, skipped: 1 }),
            },
        };
        let reports = [
            passed(3),
            Report {
                name: "clippy".to_owned(),
                duration: Duration::from_secs(61),
                verdict: Verdict::Failed(anyhow::anyhow!("`cargo clippy` failed\nlong story")),
            },
            passed(4),
            Report::not_run("doc".to_owned()),
        ];
        let rows: Vec<String> = reports.iter().map(row).collect();
        let expected = [
            "  test               passed       1.2 s",
            "  clippy             FAILED      61.0 s  `cargo clippy` failed",
            "  test               passed       1.2 s",
            "  doc                not run      0.0 s",
        ];
        assert_eq!(rows, expected);
        let total = tests(&reports).expect("two steps ran tests");
        assert_eq!(closing_line(total), "7 passed, 0 failed, 2 skipped");
    }
}
