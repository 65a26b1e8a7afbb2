//! The result of a case, and which results make a run red.

use std::fmt;

use jiff::civil::Date;
use serde::Serialize;

use crate::contract::KnownFailure;
use crate::runner::{CaseTrace, DriverFailure};

/// The result of a case with a driver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "result")]
pub enum CaseResult {
    /// Everything was as expected.
    Pass,
    /// Something was not as expected.
    Fail {
        /// One sentence per difference.
        differences: Vec<String>,
    },
    /// It failed, and the profile lists it as a known failure.
    KnownFail {
        /// Why it fails.
        reason: String,
        /// The last date on which it may fail.
        until: String,
        /// One sentence per difference.
        differences: Vec<String>,
    },
    /// It passed, but the profile lists it as a known failure.
    UnexpectedPass {
        /// Why it was expected to fail.
        reason: String,
    },
    /// It failed, and the `until` of the known failure has passed.
    StaleKnownFail {
        /// Why it fails.
        reason: String,
        /// The last date on which it was allowed to fail.
        until: String,
        /// One sentence per difference.
        differences: Vec<String>,
    },
    /// The driver lacks features that the case requires.
    NotApplicable {
        /// The missing features.
        lacks: Vec<String>,
    },
    /// The harness or its mock server failed.
    HarnessError {
        /// How it failed.
        why: String,
    },
    /// The driver failed.
    Crash {
        /// How it failed.
        why: String,
    },
    /// The case exceeded its time limit.
    Timeout {
        /// The limit in seconds.
        seconds: u64,
    },
}

impl CaseResult {
    /// Whether it makes a run red.
    #[must_use]
    pub fn is_red(&self) -> bool {
        !matches!(self, Self::Pass | Self::KnownFail { .. } | Self::NotApplicable { .. })
    }

    /// Whether the case ran.
    #[must_use]
    pub fn has_run(&self) -> bool {
        !matches!(self, Self::NotApplicable { .. })
    }

    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail { .. } => "fail",
            Self::KnownFail { .. } => "known-fail",
            Self::UnexpectedPass { .. } => "unexpected-pass",
            Self::StaleKnownFail { .. } => "stale-known-fail",
            Self::NotApplicable { .. } => "not-applicable",
            Self::HarnessError { .. } => "harness-error",
            Self::Crash { .. } => "crash",
            Self::Timeout { .. } => "timeout",
        }
    }

    /// Returns one sentence per detail.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Pass => Vec::new(),
            Self::Fail { differences } => differences.clone(),
            Self::KnownFail { reason, until, differences }
            | Self::StaleKnownFail { reason, until, differences } => {
                let mut lines = vec![format!("known failure until {until}: {reason}")];
                lines.extend(differences.iter().cloned());
                lines
            }
            Self::UnexpectedPass { reason } => {
                vec![format!("it passes; remove it from known_failures ({reason})")]
            }
            Self::NotApplicable { lacks } => vec![format!("the driver lacks {}", lacks.join(", "))],
            Self::HarnessError { why } | Self::Crash { why } => vec![why.clone()],
            Self::Timeout { seconds } => vec![format!("it did not end within {seconds} s")],
        }
    }
}

impl fmt::Display for CaseResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Returns the result of a case that ran. `differences` are those that the assertions found.
#[must_use]
pub fn classify(
    trace: &CaseTrace,
    differences: Vec<String>,
    known: Option<&KnownFailure>,
    today: Date,
) -> CaseResult {
    if let Some(why) = &trace.harness_error {
        return CaseResult::HarnessError { why: why.clone() };
    }
    if let Some(why) = mock_server_failure(trace) {
        return CaseResult::HarnessError { why };
    }
    let driver_error =
        trace.steps.iter().find_map(|step| step.outcome.as_ref()?.driver_error.clone());
    let plain = match (&trace.driver_failure, driver_error) {
        (Some(DriverFailure::Crash(why)), _) => CaseResult::Crash { why: why.clone() },
        (Some(DriverFailure::Timeout(limit)), _) => {
            CaseResult::Timeout { seconds: limit.as_secs() }
        }
        (None, Some(why)) => CaseResult::Crash { why: format!("driver_error: {why}") },
        (None, None) if differences.is_empty() => CaseResult::Pass,
        (None, None) => CaseResult::Fail { differences },
    };
    match (known, plain) {
        (None, plain) => plain,
        (Some(known), CaseResult::Pass) => {
            CaseResult::UnexpectedPass { reason: known.reason.clone() }
        }
        (Some(known), plain) => {
            let (reason, until) = (known.reason.clone(), known.until.to_string());
            let differences = plain.lines();
            if known.until < today {
                CaseResult::StaleKnownFail { reason, until, differences }
            } else {
                CaseResult::KnownFail { reason, until, differences }
            }
        }
    }
}

/// Returns the first failure of the mock server that no fault asked for.
fn mock_server_failure(trace: &CaseTrace) -> Option<String> {
    let driver_failure = trace.journal.iter().find(|exchange| {
        exchange.fault.is_none() && exchange.status.is_some_and(|status| status >= 500)
    })?;
    let (number, method, path) =
        (driver_failure.sequence, &driver_failure.method, &driver_failure.path);
    Some(format!("the mock server failed without a fault at #{number} {method} {path}"))
}
