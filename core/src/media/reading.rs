//! Which parts of a file behind a URL to ask for, and when to stop. Decides only; the asking is
//! done in `http/`.

use std::cell::Cell;

use bytes::Bytes;

use super::probe::{ReadAt, ReadError, SparseSource, probe};
use super::{Container, MediaInfo};

/// The least that is asked for at once: the index of a usual MP4 fits.
const SMALLEST_RANGE: u64 = 64 * 1024;
/// With fewer bytes of its beginning no file is named: what is there may fit several kinds.
const TELLING: u64 = 16 * 1024;

/// How much of a file is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReadingBounds {
    /// The most requests, those for the size included.
    pub(crate) requests: u32,
    /// The most bytes.
    pub(crate) bytes: u64,
    /// The most bytes of bare sound (MP3, AAC), whose frames may have to be counted one by one.
    pub(crate) bare_sound_bytes: u64,
}

impl Default for ReadingBounds {
    fn default() -> Self {
        Self { requests: 6, bytes: 1024 * 1024, bare_sound_bytes: 6 * 1024 * 1024 }
    }
}

/// What to do next.
#[derive(Debug, PartialEq)]
pub(crate) enum Step {
    /// Ask for this range.
    Range { offset: u64, length: u64 },
    /// Go on reading the whole, up to this offset.
    ReadOn { to: u64 },
    /// Ask how large the file is.
    Size,
    /// All that can be known is known.
    Done(MediaInfo),
    /// More would exceed a bound; the clause completes "… was read in part: ".
    Stop(&'static str),
}

/// A file that is read piece by piece.
#[derive(Debug)]
pub(crate) struct Reading {
    bounds: ReadingBounds,
    source: SparseSource,
    requests: u32,
    received: u64,
    /// One past the last byte that was received.
    end: u64,
    is_stream: bool,
    size_asked: bool,
}

impl Reading {
    pub(crate) fn new(bounds: ReadingBounds) -> Self {
        Self {
            bounds,
            source: SparseSource::new(None),
            requests: 0,
            received: 0,
            end: 0,
            is_stream: false,
            size_asked: false,
        }
    }

    /// What to do next. Each answer must be told before the next step is asked for, and
    /// [`requested`](Self::requested) before each request.
    pub(crate) fn step(&self) -> Step {
        match probe(&self.source) {
            Ok(_) if self.could_ask_size() => Step::Size,
            Ok(info) => Step::Done(info),
            // Without the size it takes reading to find out where the file ends.
            Err(ReadError::Missing { .. }) if self.could_ask_size() => Step::Size,
            Err(ReadError::Missing { offset, length }) => self.fetch(offset, length as u64),
            Err(ReadError::Io(_)) => Step::Stop("it could not be understood"),
        }
    }

    fn fetch(&self, offset: u64, length: u64) -> Step {
        let from = if self.is_stream { self.end } else { offset };
        if !self.is_stream && !self.requests_left() {
            return Step::Stop("its facts are spread over more places than are looked at");
        }
        let size = self.source.size().unwrap_or(u64::MAX);
        let needed = offset.saturating_add(length).min(size);
        let counts_frames = offset == self.end && offset > 0 && self.is_bare_sound();
        let wished = if counts_frames && self.source.size().is_some() {
            // Every frame has to be seen, and each request costs a round trip: all or nothing.
            [size, size]
        } else {
            [offset.saturating_add(length.max(SMALLEST_RANGE)).min(size), needed]
        };
        let bound = from.saturating_add(self.bytes_left());
        match wished.into_iter().find(|to| *to <= bound) {
            Some(to) if self.is_stream => Step::ReadOn { to },
            Some(to) => Step::Range { offset, length: to.saturating_sub(offset) },
            None => Step::Stop("its facts lie behind more bytes than are read"),
        }
    }

    fn could_ask_size(&self) -> bool {
        let is_begun = self.requests > 0;
        is_begun && self.source.size().is_none() && !self.size_asked && self.requests_left()
    }

    fn requests_left(&self) -> bool {
        self.requests < self.bounds.requests
    }

    fn bytes_left(&self) -> u64 {
        let most =
            if self.is_bare_sound() { self.bounds.bare_sound_bytes } else { self.bounds.bytes };
        most.saturating_sub(self.received)
    }

    fn is_bare_sound(&self) -> bool {
        self.so_far().is_some_and(|info| {
            matches!(info.container, Container::Mp3 | Container::Mp2 | Container::Adts)
        })
    }

    /// Counts a request that is about to be sent.
    pub(crate) fn requested(&mut self) {
        self.requests += 1;
    }

    /// Nothing but the whole is to be had, from its beginning.
    pub(crate) fn is_sent_whole(&mut self) {
        self.is_stream = true;
        self.end = 0;
    }

    /// The size was asked for, and may have been learned.
    pub(crate) fn size_asked(&mut self) {
        self.size_asked = true;
    }

    /// The file's size; false where it was another before.
    pub(crate) fn set_size(&mut self, size: u64) -> bool {
        let is_the_same = self.source.size().is_none_or(|known| known == size);
        self.source.set_size(size);
        is_the_same
    }

    /// Bytes that came.
    pub(crate) fn insert(&mut self, offset: u64, bytes: Bytes) {
        self.received = self.received.saturating_add(bytes.len() as u64);
        self.end = offset.saturating_add(bytes.len() as u64);
        self.source.insert(offset, bytes);
    }

    /// Where the last bytes ended.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    pub(crate) fn size(&self) -> Option<u64> {
        self.source.size()
    }

    /// What the bytes at hand tell on their own; `None` where that is not even the kind. What they
    /// leave open is absent.
    pub(crate) fn so_far(&self) -> Option<MediaInfo> {
        let source = Ending { source: &self.source, has_ended: Cell::new(false) };
        let mut info = probe(&source).ok()?;
        if !source.has_ended.get() {
            return Some(info);
        }
        let is_telling = usize::try_from(TELLING.min(self.size().unwrap_or(TELLING)))
            .is_ok_and(|length| self.source.read_at(0, length).is_ok());
        if !is_telling || info.container == Container::Unknown {
            return None;
        }
        // Concluded from an end that was not the file's.
        info.duration = None;
        info.corruption = None;
        info.anomaly = None;
        if info.video_codec.is_none() {
            // Pictures may come behind the sound.
            info.audio_codec = None;
        }
        Some(info)
    }
}

/// A source that seems to end where nothing is at hand.
struct Ending<'a> {
    source: &'a SparseSource,
    has_ended: Cell<bool>,
}

impl ReadAt for Ending<'_> {
    fn size(&self) -> Option<u64> {
        self.source.size()
    }

    fn read_at(&self, offset: u64, length: usize) -> Result<Bytes, ReadError> {
        match self.source.read_at(offset, length) {
            Err(ReadError::Missing { offset: gap, .. }) => {
                self.has_ended.set(true);
                let there = usize::try_from(gap.saturating_sub(offset)).unwrap_or(0);
                self.source.read_at(offset, there)
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests;
