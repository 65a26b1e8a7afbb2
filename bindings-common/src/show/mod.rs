//! What the client gives, in the names and units of the border.

pub(crate) mod error;
pub(crate) mod prediction;
pub(crate) mod progress;
pub(crate) mod report;
