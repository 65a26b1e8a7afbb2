//! Reads and writes `recording.yaml`.

use std::io;
use std::path::Path;

use super::{Recording, VERSION};

/// The name of the file in the folder of a recording.
pub const FILE_NAME: &str = "recording.yaml";

/// Why a recording cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is not a recording.
    #[error("it is not a recording: {0}")]
    Invalid(String),
    /// A later version of this program wrote it.
    #[error("it has version {0} of the format; this program knows version {VERSION}")]
    Version(u32),
}

impl Recording {
    /// Reads the recording in a folder.
    ///
    /// # Errors
    /// If there is none, or if it is invalid.
    pub fn read(folder: &Path) -> Result<Self, ReadError> {
        Self::parse(&std::fs::read_to_string(folder.join(FILE_NAME))?)
    }

    /// Parses a recording, in YAML or JSON.
    ///
    /// # Errors
    /// If it is invalid.
    pub fn parse(text: &str) -> Result<Self, ReadError> {
        let invalid = |error: &dyn std::fmt::Display| ReadError::Invalid(error.to_string());
        let value: serde_json::Value =
            serde_saphyr::from_str(text).map_err(|error| invalid(&error))?;
        match value.get("version").and_then(serde_json::Value::as_u64) {
            None => return Err(ReadError::Invalid("`version` is missing".to_owned())),
            Some(version) if version != u64::from(VERSION) => {
                return Err(ReadError::Version(u32::try_from(version).unwrap_or(u32::MAX)));
            }
            Some(_) => {}
        }
        serde_path_to_error::deserialize(value).map_err(|error| invalid(&error))
    }

    /// Returns the recording as YAML.
    ///
    /// # Errors
    /// If a value cannot be written, which does not happen with values that were read from JSON.
    pub fn to_yaml(&self) -> Result<String, String> {
        serde_saphyr::to_string(self).map_err(|error| error.to_string())
    }
}
