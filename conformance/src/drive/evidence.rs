//! What was seen of a case, for the judge and for the reports.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;
use viseme_mock::{Exchange, FaultCount, Ledger, VerifyResult};

use super::Broken;
use crate::protocol::Outcome;

/// What was seen of a case.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Evidence {
    /// The key of its world; never written to a report.
    #[serde(skip)]
    pub key: String,
    /// The operations and what came of them.
    pub steps: Vec<StepRecord>,
    /// The jobs of the world, oldest first.
    pub jobs: Vec<String>,
    /// Every exchange of the world.
    pub journal: Vec<Exchange>,
    /// What was charged.
    pub ledger: Ledger,
    /// The faults and how often each struck.
    #[serde(skip)]
    pub faults: Vec<FaultCount>,
    /// What the mock server's matcher said.
    pub verified: VerifyResult,
    /// How many exchanges there were when the last cancelled operation had ended.
    pub exchanges_at_cancel: Option<usize>,
    /// Files in the case's folder: name → size.
    pub files: BTreeMap<String, u64>,
    /// The case's folder.
    #[serde(skip)]
    pub folder: PathBuf,
    /// What references in the expectations stand for.
    #[serde(skip)]
    pub facts: crate::case::Facts,
    /// Why the case was not carried out to its end by the driver's fault.
    #[serde(skip)]
    pub broken: Option<Broken>,
    /// Why it was not, by the harness's own fault.
    pub harness_error: Option<String>,
}

/// An operation and what came of it.
#[derive(Clone, Debug, Serialize)]
pub struct StepRecord {
    /// What references call it.
    pub name: String,
    /// The operation.
    pub op: String,
    /// What the driver was sent.
    pub input: Value,
    /// How.
    pub options: Value,
    /// What came of it.
    pub outcome: Option<Outcome>,
    /// How many exchanges there had been when it began.
    pub began_after: usize,
    /// How many there were when it was over.
    pub ended_after: usize,
    /// When it was over, in milliseconds since the case began.
    pub wall_ms: u64,
}
