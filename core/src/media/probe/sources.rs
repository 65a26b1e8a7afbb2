//! Files on disk and bytes in memory.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use super::{ReadAt, ReadError};

/// A file on disk.
#[derive(Debug)]
pub struct FileSource {
    // Seeking and reading share one position, so only one reader may do both at a time.
    file: Mutex<File>,
    size: u64,
    bytes_read: AtomicU64,
}

impl FileSource {
    /// Opens a regular file.
    ///
    /// # Errors
    /// Returns the system's error if the file cannot be opened, and
    /// [`io::ErrorKind::InvalidInput`] for a folder, a pipe or a device.
    pub fn open(path: &Path) -> io::Result<Self> {
        // Checked before opening: opening a pipe would wait for its writer.
        if !std::fs::metadata(path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
        }
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        Ok(Self { file: Mutex::new(file), size, bytes_read: AtomicU64::new(0) })
    }

    /// Returns how many bytes have been read from the disk so far.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }
}

impl ReadAt for FileSource {
    fn size(&self) -> Option<u64> {
        Some(self.size)
    }

    fn read_at(&self, offset: u64, length: usize) -> Result<Bytes, ReadError> {
        // No more than is present, so that the buffer is as large as the result.
        let there = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let wanted = length.min(there);
        let mut buffer = Vec::with_capacity(wanted);
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(offset))?;
        let got = (&mut *file).take(wanted as u64).read_to_end(&mut buffer)?;
        self.bytes_read.fetch_add(got as u64, Ordering::Relaxed);
        Ok(buffer.into())
    }
}

/// A whole file in memory.
#[derive(Clone, Debug)]
pub struct BytesSource {
    content: Bytes,
}

impl BytesSource {
    /// Creates a source of that content.
    pub fn new(content: impl Into<Bytes>) -> Self {
        Self { content: content.into() }
    }
}

impl ReadAt for BytesSource {
    fn size(&self) -> Option<u64> {
        Some(self.content.len() as u64)
    }

    fn read_at(&self, offset: u64, length: usize) -> Result<Bytes, ReadError> {
        let end = self.content.len();
        let from = usize::try_from(offset).map_or(end, |offset| offset.min(end));
        let to = from.saturating_add(length).min(end);
        Ok(self.content.slice(from..to))
    }
}
