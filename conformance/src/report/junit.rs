//! The JUnit report for CI.

use std::time::Duration;

use anyhow::Result;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::Run;
use crate::result::CaseResult;

/// Returns JUnit XML: a test suite per driver, a test case per case.
///
/// # Errors
/// If the XML cannot be written.
pub fn xml(run: &Run) -> Result<String> {
    let mut report = Report::new("viseme-conformance");
    for driver in &run.drivers {
        let mut suite = TestSuite::new(format!("{} {}", driver.name, driver.version));
        for result in &driver.results {
            let (group, _) = result.id.split_once('/').unwrap_or(("", &result.id));
            let mut case = TestCase::new(result.id.clone(), status(&result.result));
            case.set_classname(format!("{}.{group}", driver.name));
            case.set_time(Duration::from_millis(result.wall_ms));
            suite.add_test_case(case);
        }
        for problem in &driver.problems {
            let status = failure(NonSuccessKind::Error, problem);
            suite.add_test_case(TestCase::new("driver", status));
        }
        report.add_test_suite(suite);
    }
    if !run.mutants.is_empty() {
        let mut suite = TestSuite::new("mutants");
        for result in &run.mutants {
            let status = match result.red() {
                None => TestCaseStatus::success(),
                Some(why) => failure(NonSuccessKind::Failure, &why),
            };
            suite.add_test_case(TestCase::new(result.name.clone(), status));
        }
        report.add_test_suite(suite);
    }
    Ok(report.to_string()?)
}

fn status(result: &CaseResult) -> TestCaseStatus {
    let lines = result.lines().join("\n");
    match result {
        CaseResult::Pass => TestCaseStatus::success(),
        CaseResult::NotApplicable { .. } | CaseResult::KnownFail { .. } => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(lines);
            status
        }
        CaseResult::Fail { .. }
        | CaseResult::UnexpectedPass { .. }
        | CaseResult::StaleKnownFail { .. } => failure(NonSuccessKind::Failure, &lines),
        CaseResult::HarnessError { .. } | CaseResult::Crash { .. } | CaseResult::Timeout { .. } => {
            failure(NonSuccessKind::Error, &lines)
        }
    }
}

fn failure(kind: NonSuccessKind, lines: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(lines.lines().next().unwrap_or_default());
    status.set_description(lines);
    status
}
