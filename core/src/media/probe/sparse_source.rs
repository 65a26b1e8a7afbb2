//! The ranges that have been fetched of a remote file.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};

use super::{ReadAt, ReadError};

/// The ranges fetched so far of a file behind a URL.
///
/// Probe it; on [`ReadError::Missing`] fetch that range, [`insert`](Self::insert) it and probe
/// again. An MP4 takes two or three such rounds.
#[derive(Clone, Debug, Default)]
pub struct SparseSource {
    size: Option<u64>,
    ranges: BTreeMap<u64, Bytes>,
}

impl SparseSource {
    /// Creates a source without any bytes. `size` is the size of the file, if known.
    #[must_use]
    pub fn new(size: Option<u64>) -> Self {
        Self { size, ranges: BTreeMap::new() }
    }

    /// Sets the size of the file in bytes.
    pub fn set_size(&mut self, size: u64) {
        self.size = Some(size);
    }

    /// Adds the bytes that begin at `offset`.
    pub fn insert(&mut self, offset: u64, bytes: Bytes) {
        let longer = self.ranges.get(&offset).is_none_or(|known| known.len() < bytes.len());
        if longer && !bytes.is_empty() {
            self.ranges.insert(offset, bytes);
        }
    }

    /// Returns how many bytes have been inserted.
    #[must_use]
    pub fn bytes_held(&self) -> u64 {
        self.ranges.values().map(|range| range.len() as u64).sum()
    }

    /// Returns up to `length` bytes from `offset`, of the range that reaches furthest.
    fn piece(&self, offset: u64, length: usize) -> Option<Bytes> {
        self.ranges
            .range(..=offset)
            .filter_map(|(start, range)| {
                let skip = usize::try_from(offset.saturating_sub(*start)).ok()?;
                (skip < range.len())
                    .then(|| range.slice(skip..range.len().min(skip.saturating_add(length))))
            })
            .max_by_key(Bytes::len)
    }
}

impl ReadAt for SparseSource {
    fn size(&self) -> Option<u64> {
        self.size
    }

    fn read_at(&self, offset: u64, length: usize) -> Result<Bytes, ReadError> {
        let there = self.size.map_or(u64::MAX, |size| size.saturating_sub(offset));
        let wanted = length.min(usize::try_from(there).unwrap_or(usize::MAX));
        let mut gathered = BytesMut::new();
        while gathered.len() < wanted {
            let at = offset.saturating_add(gathered.len() as u64);
            let rest = wanted - gathered.len();
            match self.piece(at, rest) {
                // The usual case needs no copy.
                Some(piece) if piece.len() == wanted => return Ok(piece),
                Some(piece) => gathered.extend_from_slice(&piece),
                None => return Err(ReadError::Missing { offset: at, length: rest }),
            }
        }
        Ok(gathered.freeze())
    }
}
