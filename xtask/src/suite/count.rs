//! Counts tests in what a test runner prints, so that a run of none is noticed.

use std::fmt;
use std::ops::AddAssign;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use crate::output::run_lines;
use crate::process::line;

/// How many tests passed, failed, and were skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// Reads the counts from one line of a runner's output, if the line holds any. A runner may have
/// several such lines; they are added up.
pub(crate) type CountLine = fn(&str) -> Option<Counts>;

/// A test runner that failed.
#[derive(Debug)]
pub(crate) struct FailedTests {
    why: String,
    pub(crate) counts: Counts,
    /// The tests of `cargo test` that failed. Empty if something else failed too, such as a build or an example
    /// in the documentation.
    pub(crate) names: Vec<String>,
}

impl fmt::Display for FailedTests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)?;
        let separators = std::iter::once(": ").chain(std::iter::repeat(", "));
        self.names.iter().zip(separators).try_for_each(|(name, before)| write!(f, "{before}{name}"))
    }
}

impl std::error::Error for FailedTests {}

/// Runs a test runner, shows its output and returns its counts; an error if it fails or ran no test.
pub(crate) fn run_and_count(command: Command, count: CountLine) -> Result<Counts> {
    let line = line(&command);
    let mut total = Counts::default();
    let mut failures = CargoFailures::default();
    let status = run_lines(command, |line| {
        if let Some(counts) = count(line) {
            total += counts;
        }
        failures.read(line);
    })
    .with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        let why = format!("`{line}` failed ({status})");
        bail!(FailedTests { why, counts: total, names: failures.names() });
    }
    ensure!(total.passed > 0, "`{line}` succeeded but ran no test");
    Ok(total)
}

/// What failed, in the output of `cargo test --no-fail-fast`.
#[derive(Default)]
struct CargoFailures {
    tests: Vec<String>,
    /// The programs that said that tests of theirs failed.
    programs: usize,
    /// The programs that failed in any way. Cargo lists them at its end.
    targets: usize,
}

impl CargoFailures {
    fn read(&mut self, line: &str) {
        let line = line.trim_end();
        let name = line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED"));
        if let Some(name) = name {
            self.tests.push(name.strip_suffix(" - should panic").unwrap_or(name).to_owned());
        }
        self.programs += usize::from(line.starts_with("test result: FAILED."));
        self.targets += usize::from(line.starts_with("    `-p "));
    }

    fn names(self) -> Vec<String> {
        // rustdoc takes a name with spaces for several.
        let is_documentation = |name: &String| name.contains(' ');
        let are_all = self.programs > 0 && self.programs == self.targets;
        if are_all && !self.tests.iter().any(is_documentation) { self.tests } else { Vec::new() }
    }
}

/// `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; …`
pub(crate) fn cargo_test(line: &str) -> Option<Counts> {
    let rest = line.trim().strip_prefix("test result: ")?;
    let mut counts = Counts::default();
    for part in rest.split([';', '.']) {
        match part.trim().split_once(' ') {
            Some((number, "passed")) => counts.passed = number.parse().ok()?,
            Some((number, "failed")) => counts.failed = number.parse().ok()?,
            Some((number, "ignored")) => counts.skipped = number.parse().ok()?,
            _ => {}
        }
    }
    Some(counts)
}

/// `conformance result: 211 passed; 0 failed; 3 skipped`
pub(crate) fn conformance(line: &str) -> Option<Counts> {
    let rest = line.trim().strip_prefix("conformance result: ")?;
    let mut counts = Counts::default();
    for part in rest.split(';') {
        match part.trim().split_once(' ')? {
            (number, "passed") => counts.passed = number.parse().ok()?,
            (number, "failed") => counts.failed = number.parse().ok()?,
            (number, "skipped") => counts.skipped = number.parse().ok()?,
            _ => return None,
        }
    }
    Some(counts)
}

/// `ℹ pass 12` and the like, of Node's test runner.
pub(crate) fn node_test(line: &str) -> Option<Counts> {
    let (name, number) = line.trim().strip_prefix("ℹ ")?.split_once(' ')?;
    let number = number.parse().ok()?;
    let mut counts = Counts::default();
    match name {
        "pass" => counts.passed = number,
        "fail" => counts.failed = number,
        "skipped" => counts.skipped = number,
        _ => return None,
    }
    Some(counts)
}

/// `Tests  1 failed | 5 passed | 2 skipped (8)`, of Vitest.
pub(crate) fn vitest(line: &str) -> Option<Counts> {
    let parts = line.trim().strip_prefix("Tests ")?.trim().rsplit_once(" (")?.0;
    let mut counts = Counts::default();
    for part in parts.split(" | ") {
        match part.split_once(' ')? {
            (number, "passed") => counts.passed = number.parse().ok()?,
            (number, "failed") => counts.failed = number.parse().ok()?,
            (number, "skipped" | "todo") => counts.skipped += number.parse::<u64>().ok()?,
            _ => return None,
        }
    }
    Some(counts)
}

/// `[INFO] Tests run: 10, Failures: 0, Errors: 0, Skipped: 0`: the total of Maven's test runner, not
/// the line of one class, which has its time.
pub(crate) fn surefire(line: &str) -> Option<Counts> {
    let (_, rest) = line.trim().split_once("Tests run: ")?;
    let mut numbers = Vec::new();
    for part in rest.split(", ") {
        let number = part.rsplit(' ').next()?;
        numbers.push(number.parse::<u64>().ok()?);
    }
    let [run, failures, errors, skipped] = numbers[..] else { return None };
    let failed = failures.checked_add(errors)?;
    let passed = run.checked_sub(failed)?.checked_sub(skipped)?;
    Some(Counts { passed, failed, skipped })
}

/// `✔ Test run with 23 tests passed after 3.871 seconds.`, of Swift Testing. It does not say how many
/// failed: if one did, its line says `failed`.
pub(crate) fn swift_testing(line: &str) -> Option<Counts> {
    let (_, rest) = line.split_once("Test run with ")?;
    let (number, rest) = rest.split_once(" test")?;
    let number = number.parse().ok()?;
    let passed = rest.trim_start_matches('s').starts_with(" passed");
    Some(if passed {
        Counts { passed: number, ..Counts::default() }
    } else {
        Counts { failed: number, ..Counts::default() }
    })
}

/// `1 failed, 92 passed, 3 skipped in 12.34s`
pub(crate) fn pytest(line: &str) -> Option<Counts> {
    let (parts, time) = line.trim().trim_matches('=').trim().rsplit_once(" in ")?;
    time.starts_with(|first: char| first.is_ascii_digit()).then_some(())?;
    let mut counts = Counts::default();
    for part in parts.split(", ") {
        match part.split_once(' ')? {
            (number, "passed") => counts.passed = number.parse().ok()?,
            (number, "failed" | "error" | "errors") => {
                counts.failed += number.parse::<u64>().ok()?;
            }
            (number, "skipped") => counts.skipped = number.parse().ok()?,
            (number, _) => {
                number.parse::<u64>().ok()?;
            }
        }
    }
    Some(counts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::capture;

    #[test]
    fn the_total_of_maven_counts_and_its_classes_do_not() {
        let total = "[WARNING] Tests run: 10, Failures: 1, Errors: 2, Skipped: 3\n";
        assert_eq!(surefire(total), Some(Counts { passed: 4, failed: 3, skipped: 3 }));
        let class = "[INFO] Tests run: 10, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 1 s";
        assert_eq!(surefire(class), None);
        assert_eq!(surefire("[INFO] BUILD SUCCESS"), None);
    }

    #[test]
    fn reads_the_line_of_swift_testing() {
        let line = "✔ Test run with 23 tests passed after 3.871 seconds.\n";
        assert_eq!(swift_testing(line), Some(Counts { passed: 23, failed: 0, skipped: 0 }));
        let line = "✘ Test run with 1 test failed after 0.1 seconds with 2 issues.";
        assert_eq!(swift_testing(line), Some(Counts { passed: 0, failed: 1, skipped: 0 }));
        assert_eq!(swift_testing("✔ Test aRun() passed after 0.091 seconds."), None);
        assert_eq!(swift_testing("◇ Test run started."), None);
    }

    #[test]
    fn reads_cargos_line() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; \
                    4 filtered out; finished in 1.25s\n";
        assert_eq!(cargo_test(line), Some(Counts { passed: 12, failed: 3, skipped: 1 }));
        assert_eq!(cargo_test("test result_of_something ... ok"), None);
    }

    #[test]
    fn reads_the_line_of_the_conformance_suite() {
        let line = "  conformance result: 211 passed; 1 failed; 3 skipped\n";
        assert_eq!(conformance(line), Some(Counts { passed: 211, failed: 1, skipped: 3 }));
        assert_eq!(conformance("conformance result: 211 wrong"), None);
        assert_eq!(conformance("211 pass"), None);
    }

    #[test]
    fn reads_the_lines_of_nodes_runner() {
        assert_eq!(node_test("ℹ pass 12\n"), Some(Counts { passed: 12, failed: 0, skipped: 0 }));
        assert_eq!(node_test("ℹ skipped 1"), Some(Counts { passed: 0, failed: 0, skipped: 1 }));
        assert_eq!(node_test("ℹ duration_ms 12.5"), None);
        assert_eq!(node_test("✔ pass 12"), None);
    }

    #[test]
    fn reads_the_line_of_vitest() {
        let line = "      Tests  1 failed | 5 passed | 2 skipped (8)\n";
        assert_eq!(vitest(line), Some(Counts { passed: 5, failed: 1, skipped: 2 }));
        let line = " Tests  7 passed (7)";
        assert_eq!(vitest(line), Some(Counts { passed: 7, failed: 0, skipped: 0 }));
        assert_eq!(vitest(" Test Files  1 passed (1)"), None);
        assert_eq!(vitest("Tests are fun (7)"), None);
    }

    #[test]
    fn reads_pytests_line() {
        let line = "1 failed, 92 passed, 3 skipped, 1 warning in 62.30s (0:01:02)\n";
        assert_eq!(pytest(line), Some(Counts { passed: 92, failed: 1, skipped: 3 }));
        let line = "===== 2 passed, 2 errors in 0.10s =====";
        assert_eq!(pytest(line), Some(Counts { passed: 2, failed: 2, skipped: 0 }));
        assert_eq!(pytest("5 passed in no time"), None);
        assert_eq!(pytest("what is in 3 boxes"), None);
    }

    #[test]
    #[cfg(unix)]
    fn counts_are_added_up_and_a_run_without_tests_is_an_error() {
        let shell = |script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            command
        };
        let twice =
            "for n in 2 3; do echo \"test result: ok. $n passed; 0 failed; 1 ignored\"; done";
        let (total, shown) = capture(|| run_and_count(shell(twice), cargo_test));
        assert_eq!(total.expect("passes"), Counts { passed: 5, failed: 0, skipped: 2 });
        assert_eq!(shown.iter().filter(|byte| **byte == b'\n').count(), 2);

        let (none, _) = capture(|| run_and_count(shell("echo nothing"), cargo_test));
        let none = none.expect_err("no test ran");
        assert!(none.to_string().contains("ran no test"), "{none}");

        let failing = "echo 'test result: FAILED. 2 passed; 1 failed'; exit 101";
        let (result, _) = capture(|| run_and_count(shell(failing), cargo_test));
        result.expect_err("the runner failed");
    }

    fn failures(lines: &[&str]) -> Vec<String> {
        let mut failures = CargoFailures::default();
        lines.iter().for_each(|line| failures.read(&format!("{line}\n")));
        failures.names()
    }

    #[test]
    fn the_names_of_failed_tests_are_those_to_run_again() {
        let unit = [
            "test fine ... ok",
            "test waits::ends ... FAILED",
            "test says - should panic ... FAILED",
            "test result: FAILED. 1 passed; 2 failed; 0 ignored",
            "    `-p viseme --test client`",
        ];
        assert_eq!(failures(&unit), ["waits::ends", "says"]);
        assert_eq!(failures(&unit[..3]), [""; 0], "this runner is another one");
        // Another program crashed, and no test of it is known.
        assert_eq!(failures(&[&unit[..], &["    `-p viseme-dub --lib`"]].concat()), [""; 0]);
        let documentation = [
            "test core/src/lib.rs - run (line 3) - compile ... FAILED",
            "test result: FAILED. 0 passed; 1 failed; 0 ignored",
            "    `-p viseme --doc`",
        ];
        assert_eq!(failures(&[&unit[..], &documentation].concat()), [""; 0]);
    }
}
