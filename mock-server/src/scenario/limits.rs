//! What an account may do at most, and how its history goes, in a script.

use serde::{Deserialize, Serialize};

use super::Span;

/// What an account may do at most; beyond it, submits are refused with 429 and charge nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// How many submits are taken in any 60 seconds of the world's time. `Retry-After` says when
    /// there is room again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_minute: Option<usize>,
    /// How many jobs may be under way at once. `Retry-After` says when the next one ends, where
    /// that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrent: Option<usize>,
}

/// How the list of past jobs differs from what was submitted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HistoryScenario {
    /// How long after its submit a job shows up.
    pub appears_after: Span,
    /// How many more times each job is listed, right after itself.
    pub duplicates: usize,
    /// Inputs are not told, even when they are asked for.
    pub omit_inputs: bool,
}
