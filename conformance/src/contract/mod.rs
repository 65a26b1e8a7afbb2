//! What all clients have in common: the error table, the features and profiles, and the OpenAPI
//! document of the mock server.

mod error_table;
mod openapi_contract;
mod profile;

use std::path::Path;

use anyhow::{Context as _, Result};

pub use error_table::{Attribute, ErrorClass, ErrorRow, ErrorTable, errors_page};
pub use openapi_contract::OpenApiContract;
pub use profile::{ClockKind, Features, KnownFailure, Profile};

/// Reads a YAML file. An error names the file, and the line if possible.
fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_saphyr::from_str(&text).with_context(|| format!("{} is invalid", path.display()))
}
