//! Bounded, cached reading of a [`ReadAt`].

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use bytes::Bytes;

use super::{ReadAt, ReadError};

/// The smallest read of the source. A usual `moov` box fits, so that a remote MP4 is read in two
/// or three requests.
const BLOCK: usize = 32 * 1024;
/// The largest read: reading on doubles the block up to this.
const MAX_BLOCK: usize = 1024 * 1024;
/// The number of cached blocks. Reading mostly moves forward.
const MAX_BLOCKS: usize = 4;
/// The maximum number of boxes, chunks, tags and candidates: a real file has a few hundred.
const MAX_STEPS: u32 = 50_000;

/// A source with a small cache and a limit on bytes and steps.
///
/// Once the limit is reached, every read is empty, as if the file ended there, and
/// [`spent`](Self::spent) returns true: facts derived from the end of the file are then void.
pub(super) struct Window<'a> {
    source: &'a dyn ReadAt,
    size: Option<u64>,
    bytes_left: Cell<u64>,
    steps_left: Cell<u32>,
    spent: Cell<bool>,
    ahead: Cell<usize>,
    blocks: RefCell<VecDeque<Block>>,
}

struct Block {
    start: u64,
    bytes: Bytes,
    /// The file ends with this block.
    is_last: bool,
}

impl Block {
    fn end(&self) -> u64 {
        self.start.saturating_add(self.bytes.len() as u64)
    }

    fn get(&self, offset: u64, length: usize) -> Option<Bytes> {
        let from = usize::try_from(offset.checked_sub(self.start)?).ok()?;
        let to = from.checked_add(length)?;
        if to <= self.bytes.len() {
            Some(self.bytes.slice(from..to))
        } else if self.is_last {
            Some(self.bytes.slice(from.min(self.bytes.len())..))
        } else {
            None
        }
    }
}

impl<'a> Window<'a> {
    pub(super) fn new(source: &'a dyn ReadAt, max_bytes: u64) -> Self {
        Self {
            source,
            size: source.size(),
            bytes_left: Cell::new(max_bytes),
            steps_left: Cell::new(MAX_STEPS),
            spent: Cell::new(false),
            ahead: Cell::new(BLOCK),
            blocks: RefCell::new(VecDeque::new()),
        }
    }

    /// Returns the size of the file, if known.
    pub(super) fn size(&self) -> Option<u64> {
        self.size
    }

    /// Returns true if the limit was reached.
    pub(super) fn spent(&self) -> bool {
        self.spent.get()
    }

    /// Takes one step; returns false if none is left.
    pub(super) fn step(&self) -> bool {
        match self.steps_left.get().checked_sub(1) {
            Some(left) => {
                self.steps_left.set(left);
                true
            }
            None => {
                self.spent.set(true);
                false
            }
        }
    }

    /// Returns up to `length` bytes (at most [`MAX_BLOCK`]) from `offset`; fewer at the end of the
    /// file.
    pub(super) fn read(&self, offset: u64, length: usize) -> Result<Bytes, ReadError> {
        let length = length.min(MAX_BLOCK);
        if length == 0 || self.size.is_some_and(|size| offset >= size) {
            return Ok(Bytes::new());
        }
        let cached = self.blocks.borrow().iter().rev().find_map(|block| block.get(offset, length));
        match cached {
            Some(bytes) => Ok(bytes),
            None => self.fetch(offset, length),
        }
    }

    /// Returns exactly `N` bytes from `offset`; `None` if the file ends before.
    pub(super) fn array<const N: usize>(&self, offset: u64) -> Result<Option<[u8; N]>, ReadError> {
        Ok(self.read(offset, N)?.as_ref().try_into().ok())
    }

    /// Returns true if the file has all bytes before `end`.
    pub(super) fn reaches(&self, end: u64) -> Result<bool, ReadError> {
        match (self.size, end.checked_sub(1)) {
            (Some(size), _) => Ok(end <= size),
            (None, None) => Ok(true),
            (None, Some(last)) => Ok(!self.read(last, 1)?.is_empty()),
        }
    }

    fn fetch(&self, offset: u64, length: usize) -> Result<Bytes, ReadError> {
        let block_length = self.block_length(offset).max(length);
        let wanted = match self.size {
            Some(size) => {
                let there = usize::try_from(size.saturating_sub(offset)).unwrap_or(usize::MAX);
                block_length.min(there)
            }
            None => block_length,
        };
        let Some(left) = self.bytes_left.get().checked_sub(wanted as u64) else {
            self.bytes_left.set(0);
            self.spent.set(true);
            return Ok(Bytes::new());
        };
        self.bytes_left.set(left);
        let mut bytes = self.source.read_at(offset, wanted)?;
        bytes.truncate(wanted);
        let is_last = wanted < block_length || bytes.len() < wanted;
        let block = Block { start: offset, bytes, is_last };
        let bytes = block.get(offset, length).unwrap_or_default();
        let mut blocks = self.blocks.borrow_mut();
        if blocks.len() == MAX_BLOCKS {
            blocks.pop_front();
        }
        blocks.push_back(block);
        Ok(bytes)
    }

    /// Returns how much to read at `offset`: more each time if it follows the last block, so that a
    /// scan takes few requests.
    fn block_length(&self, offset: u64) -> usize {
        let goes_on = self.blocks.borrow().back().is_some_and(|last| {
            offset >= last.start && offset <= last.end().saturating_add(BLOCK as u64)
        });
        let ahead = if goes_on { self.ahead.get().saturating_mul(2).min(MAX_BLOCK) } else { BLOCK };
        self.ahead.set(ahead);
        ahead
    }
}
