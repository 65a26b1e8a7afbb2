//! Verdicts, and what makes a run red.

use std::fmt;

use jiff::civil::Date;
use serde::Serialize;

use crate::contract::KnownFailure;
use crate::drive::{Broken, Evidence};

/// What came of a case with a driver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
pub enum Verdict {
    /// As it was to be.
    Pass,
    /// Not so.
    Fail {
        /// A sentence for each difference.
        differences: Vec<String>,
    },
    /// Not so, as is known.
    KnownFail {
        /// Why it is borne.
        reason: String,
        /// Until when.
        until: String,
        /// A sentence for each difference.
        differences: Vec<String>,
    },
    /// It passed, though it is listed as known to fail.
    UnexpectedPass {
        /// Why it was thought to fail.
        reason: String,
    },
    /// It is listed as known to fail until a day that has passed.
    StaleKnownFail {
        /// Why it was borne.
        reason: String,
        /// Until when.
        until: String,
        /// A sentence for each difference.
        differences: Vec<String>,
    },
    /// The driver lacks features.
    NotApplicable {
        /// Which.
        lacks: Vec<String>,
    },
    /// The harness or its mock server erred.
    HarnessError {
        /// How.
        why: String,
    },
    /// The driver broke down.
    Crash {
        /// How.
        why: String,
    },
    /// It took too long.
    Timeout {
        /// How long it was given, in seconds.
        seconds: u64,
    },
}

impl Verdict {
    /// Whether it turns a run red.
    #[must_use]
    pub fn is_red(&self) -> bool {
        !matches!(self, Self::Pass | Self::KnownFail { .. } | Self::NotApplicable { .. })
    }

    /// Whether the case was carried out.
    #[must_use]
    pub fn has_run(&self) -> bool {
        !matches!(self, Self::NotApplicable { .. })
    }

    /// Its word.
    #[must_use]
    pub fn word(&self) -> &'static str {
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

    /// A sentence for each thing it has to say.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Pass => Vec::new(),
            Self::Fail { differences } => differences.clone(),
            Self::KnownFail { reason, until, differences }
            | Self::StaleKnownFail { reason, until, differences } => {
                let mut lines = vec![format!("known until {until}: {reason}")];
                lines.extend(differences.iter().cloned());
                lines
            }
            Self::UnexpectedPass { reason } => {
                vec![format!("it passes now; take it off the known failures ({reason})")]
            }
            Self::NotApplicable { lacks } => vec![format!("the driver lacks {}", lacks.join(", "))],
            Self::HarnessError { why } | Self::Crash { why } => vec![why.clone()],
            Self::Timeout { seconds } => vec![format!("it was not over after {seconds} s")],
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The verdict on a case that was carried out; `differences` are those the judge found.
#[must_use]
pub fn decide(
    evidence: &Evidence,
    differences: Vec<String>,
    known: Option<&KnownFailure>,
    today: Date,
) -> Verdict {
    if let Some(why) = &evidence.harness_error {
        return Verdict::HarnessError { why: why.clone() };
    }
    if let Some(why) = own_fault(evidence) {
        return Verdict::HarnessError { why };
    }
    let driver_error =
        evidence.steps.iter().find_map(|step| step.outcome.as_ref()?.driver_error.clone());
    let plain = match (&evidence.broken, driver_error) {
        (Some(Broken::Crash(why)), _) => Verdict::Crash { why: why.clone() },
        (Some(Broken::Timeout(limit)), _) => Verdict::Timeout { seconds: limit.as_secs() },
        (None, Some(why)) => Verdict::Crash { why: format!("the driver could not do it: {why}") },
        (None, None) if differences.is_empty() => Verdict::Pass,
        (None, None) => Verdict::Fail { differences },
    };
    match (known, plain) {
        (None, plain) => plain,
        (Some(known), Verdict::Pass) => Verdict::UnexpectedPass { reason: known.reason.clone() },
        (Some(known), plain) => {
            let (reason, until) = (known.reason.clone(), known.until.to_string());
            let differences = plain.lines();
            if known.until < today {
                Verdict::StaleKnownFail { reason, until, differences }
            } else {
                Verdict::KnownFail { reason, until, differences }
            }
        }
    }
}

/// What the mock server did wrong by itself: it fails only where a fault says so.
fn own_fault(evidence: &Evidence) -> Option<String> {
    let broken = evidence.journal.iter().find(|exchange| {
        exchange.fault.is_none() && exchange.status.is_some_and(|status| status >= 500)
    })?;
    let (number, method, path) = (broken.sequence, &broken.method, &broken.path);
    Some(format!("the mock server failed by itself at #{number} {method} {path}"))
}
