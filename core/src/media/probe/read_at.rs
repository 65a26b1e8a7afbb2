//! Where the readers get their bytes from.

use std::fmt;

use bytes::Bytes;

/// Random access to a file's bytes: a file on disk, bytes in memory, or what has been fetched of
/// a URL so far.
pub trait ReadAt {
    /// The size of the whole in bytes, where it is known.
    fn size(&self) -> Option<u64>;

    /// Up to `length` bytes from `offset`; fewer only where the file ends.
    ///
    /// # Errors
    /// [`ReadError::Missing`] where the bytes exist but are not at hand (the caller may get them
    /// and start over), [`ReadError::Io`] where reading failed.
    fn read_at(&self, offset: u64, length: usize) -> Result<Bytes, ReadError>;
}

/// Why bytes could not be had.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadError {
    /// Not at hand: get this range, then probe again.
    Missing {
        /// Where the wanted bytes begin.
        offset: u64,
        /// How many are wanted; the file may end before.
        length: usize,
    },
    /// Reading failed.
    Io(std::io::Error),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { offset, length } => {
                write!(f, "{length} bytes from offset {offset} are not at hand")
            }
            Self::Io(error) => write!(f, "reading failed: {error}"),
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Missing { .. } => None,
            Self::Io(error) => Some(error),
        }
    }
}

impl From<std::io::Error> for ReadError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}
