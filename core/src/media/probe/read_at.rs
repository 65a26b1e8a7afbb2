//! Random access to the bytes of a file.

use std::fmt;

use bytes::Bytes;

/// Random access to the bytes of a file on disk, in memory, or behind a URL.
pub trait ReadAt {
    /// Returns the size of the file in bytes, if known.
    fn size(&self) -> Option<u64>;

    /// Returns up to `length` bytes from `offset`; fewer only at the end of the file.
    ///
    /// # Errors
    /// Returns [`ReadError::Missing`] if the bytes have not been fetched yet, and
    /// [`ReadError::Io`] if reading failed.
    fn read_at(&self, offset: u64, length: usize) -> Result<Bytes, ReadError>;
}

/// The reason why bytes could not be read.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadError {
    /// The bytes have not been fetched: fetch this range, then probe again.
    Missing {
        /// The offset of the missing bytes.
        offset: u64,
        /// How many bytes are missing; the file may end before.
        length: usize,
    },
    /// Reading failed.
    Io(std::io::Error),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { offset, length } => {
                write!(f, "{length} bytes from offset {offset} are missing")
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
