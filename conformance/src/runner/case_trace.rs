//! The trace of a case, which the assertions check and the reports show.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;
use viseme_mock::{Exchange, FaultCount, Ledger, VerifyResult};

use super::DriverFailure;
use crate::protocol::Outcome;

/// Everything that was recorded while a case ran.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CaseTrace {
    /// The API key of the world. It is never written to a report.
    #[serde(skip)]
    pub key: String,
    /// The operations and their outcomes.
    pub steps: Vec<StepRecord>,
    /// The jobs of the world, oldest first.
    pub jobs: Vec<String>,
    /// Every HTTP exchange of the world.
    pub journal: Vec<Exchange>,
    /// The charges.
    pub ledger: Ledger,
    /// The faults, and how often each was applied.
    #[serde(skip)]
    pub faults: Vec<FaultCount>,
    /// The result of the mock server's `verify`.
    pub verified: VerifyResult,
    /// The number of exchanges when the last cancelled operation ended.
    pub exchanges_at_cancel: Option<usize>,
    /// The files in the folder of the case: name → size.
    pub files: BTreeMap<String, u64>,
    /// The folder of the case.
    #[serde(skip)]
    pub folder: PathBuf,
    /// The variables that expectations refer to.
    #[serde(skip)]
    pub variables: crate::case::Variables,
    /// Why the driver stopped before the end of the case.
    #[serde(skip)]
    pub driver_failure: Option<DriverFailure>,
    /// Why the harness itself could not run the case.
    pub harness_error: Option<String>,
}

/// An operation and its outcome.
#[derive(Clone, Debug, Serialize)]
pub struct StepRecord {
    /// The name that variables use: the value of `as`, or the step's number.
    pub name: String,
    /// The name of the operation.
    pub op: String,
    /// The input that was sent to the driver.
    pub input: Value,
    /// The options that were sent to the driver.
    pub options: Value,
    /// The outcome that the driver reported.
    pub outcome: Option<Outcome>,
    /// The number of exchanges before the operation.
    pub started_after: usize,
    /// The number of exchanges after the operation.
    pub ended_after: usize,
    /// When it ended, in milliseconds after the start of the case.
    pub wall_ms: u64,
}
