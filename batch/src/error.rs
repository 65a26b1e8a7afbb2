//! Why a batch cannot be used.

use std::path::PathBuf;

use viseme::ErrorKind;
use viseme::ledger::LedgerError;

use crate::manifest::ManifestError;

/// Why a batch cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum BatchError {
    /// The manifest is not valid.
    Manifest(ManifestError),
    /// The ledger cannot be used.
    Ledger(LedgerError),
    /// Another process runs the batch.
    Locked(PathBuf),
    /// The folder does not contain a batch.
    NoBatch(PathBuf),
    /// The batch has no item with this id, or it is in another state.
    Item(String),
    /// The price of a submit is needed for the limit of cost, and cannot be read.
    Price(viseme::Error),
    /// A file or the folder cannot be created or written.
    Folder {
        /// The file or the folder.
        path: PathBuf,
        /// The error.
        error: std::io::Error,
    },
}

impl BatchError {
    /// Returns the stable code, the same in every language.
    #[must_use]
    pub fn code(&self) -> &'static str {
        let kind = match self {
            Self::Manifest(_) => ErrorKind::InvalidInput,
            Self::Ledger(_) => ErrorKind::Ledger,
            Self::Price(error) => error.kind(),
            Self::Locked(_) | Self::NoBatch(_) | Self::Item(_) | Self::Folder { .. } => {
                ErrorKind::Config
            }
        };
        kind.code()
    }
}

impl std::fmt::Display for BatchError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Manifest(error) => error.fmt(f),
            Self::Ledger(error) => error.fmt(f),
            Self::Item(message) => f.write_str(message),
            Self::Price(error) => write!(f, "The cost so far is not known: {}", error.message()),
            Self::Locked(path) => write!(
                f,
                "Another process runs the batch in {}. Wait until it ends, or end it.",
                path.display()
            ),
            Self::NoBatch(path) => write!(
                f,
                "There is no batch in {}. Name the folder that you gave to `--out`.",
                path.display()
            ),
            Self::Folder { path, error } => {
                write!(f, "{} cannot be written: {error}.", path.display())
            }
        }
    }
}

impl std::error::Error for BatchError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Manifest(error) => Some(error),
            Self::Ledger(error) => Some(error),
            Self::Folder { error, .. } => Some(error),
            Self::Price(error) => Some(error),
            Self::Locked(_) | Self::NoBatch(_) | Self::Item(_) => None,
        }
    }
}

impl From<ManifestError> for BatchError {
    fn from(error: ManifestError) -> Self {
        Self::Manifest(error)
    }
}

impl From<LedgerError> for BatchError {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}
