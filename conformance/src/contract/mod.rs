//! What all clients agree on: the table of errors and the list of features.

mod errors;
mod features;
mod page;
mod profile;
mod promise;

use std::path::Path;

use anyhow::{Context as _, Result};

pub use errors::{Attribute, ErrorClass, ErrorRow, ErrorTable};
pub use features::Features;
pub use page::errors_page;
pub use profile::{ClockKind, KnownFailure, Profile};
pub use promise::Promise;

/// Reads a file of the contract; an error names the file, and the line where there is one.
fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    serde_saphyr::from_str(&text).with_context(|| format!("{} is wrong", path.display()))
}
