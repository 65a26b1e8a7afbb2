//! Random access to a file, without holding it in memory.

use std::io;

/// How much is read at a time while frames are counted.
const WINDOW: usize = 64 * 1024;

/// A file that can be read at any position.
pub trait ReadAt {
    /// Returns the size in bytes.
    fn size(&self) -> u64;

    /// Fills the buffer with the bytes from `offset` on.
    ///
    /// # Errors
    /// The file cannot be read, or ends before the buffer is full.
    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
}

impl ReadAt for Vec<u8> {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).ok();
        let bytes = start.and_then(|start| self.get(start..)?.get(..buffer.len()));
        buffer.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// Reads `length` bytes from `offset` on. The caller limits the length.
pub(crate) fn read(source: &dyn ReadAt, offset: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    source.read_exact_at(offset, &mut bytes)?;
    Ok(bytes)
}

/// A window over a file that moves forward: small reads that follow each other cost one large read.
pub(crate) struct Window<'s> {
    source: &'s dyn ReadAt,
    start: u64,
    bytes: Vec<u8>,
}

impl<'s> Window<'s> {
    pub(crate) fn new(source: &'s dyn ReadAt) -> Self {
        Self { source, start: 0, bytes: Vec::new() }
    }

    /// Returns the size of the file.
    pub(crate) fn size(&self) -> u64 {
        self.source.size()
    }

    /// Returns `length` bytes from `offset` on, at most 64 KiB. Returns `None` if the file ends before.
    pub(crate) fn get(&mut self, offset: u64, length: usize) -> io::Result<Option<&[u8]>> {
        let left = self.source.size().saturating_sub(offset);
        if left < length as u64 || length > WINDOW {
            return Ok(None);
        }
        let end = self.start.saturating_add(self.bytes.len() as u64);
        if offset < self.start || offset.saturating_add(length as u64) > end {
            let size = usize::try_from(left).unwrap_or(WINDOW).min(WINDOW);
            self.bytes.clear();
            self.bytes.resize(size, 0);
            self.source.read_exact_at(offset, &mut self.bytes)?;
            self.start = offset;
        }
        let at = usize::try_from(offset - self.start).unwrap_or(usize::MAX);
        Ok(self.bytes.get(at..).and_then(|bytes| bytes.get(..length)))
    }
}
