//! A broken rule.

use crate::model::Level;

/// One rule that an input breaks.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct Violation {
    /// The parameter.
    pub field: String,
    /// The level.
    pub level: Level,
    /// The sentence.
    pub message: String,
}
