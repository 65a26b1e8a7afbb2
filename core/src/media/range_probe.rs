//! Decides which ranges of a file behind a URL to fetch, and when to stop. Does no I/O: `http/`
//! sends the requests.

use std::cell::Cell;

use bytes::Bytes;

use super::probe::{ReadAt, ReadError, SparseSource, probe};
use super::{Container, MediaInfo};

/// The smallest range that is requested: the index of a typical MP4 fits.
const SMALLEST_RANGE: u64 = 64 * 1024;
/// With fewer bytes from its start the kind of a file is not reported: they may fit several kinds.
const MIN_START: u64 = 16 * 1024;

/// Limits of what is fetched of one file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RangeProbeLimits {
    /// Maximum number of requests, including those for the size.
    pub(crate) max_requests: u32,
    /// Maximum number of bytes.
    pub(crate) max_bytes: u64,
    /// Maximum number of bytes of MP3 and AAC files, whose frames may have to be counted.
    pub(crate) max_raw_audio_bytes: u64,
}

impl Default for RangeProbeLimits {
    fn default() -> Self {
        Self { max_requests: 6, max_bytes: 1024 * 1024, max_raw_audio_bytes: 6 * 1024 * 1024 }
    }
}

/// The next step of a probe.
#[derive(Debug, PartialEq)]
pub(crate) enum Step {
    /// Request this range.
    Range { offset: u64, length: u64 },
    /// Continue to read the response body up to this offset.
    ReadBody { to: u64 },
    /// Request the size of the file.
    QuerySize,
    /// The probe is complete.
    Done(MediaInfo),
    /// A limit is reached. The clause completes "… was read in part: ".
    Stop(&'static str),
}

/// The probe of a file that is fetched in ranges.
#[derive(Debug)]
pub(crate) struct RangeProbe {
    limits: RangeProbeLimits,
    source: SparseSource,
    requests: u32,
    received: u64,
    /// The offset after the last byte that was received.
    end: u64,
    is_whole_body: bool,
    size_queried: bool,
}

impl RangeProbe {
    pub(crate) fn new(limits: RangeProbeLimits) -> Self {
        Self {
            limits,
            source: SparseSource::new(None),
            requests: 0,
            received: 0,
            end: 0,
            is_whole_body: false,
            size_queried: false,
        }
    }

    /// Returns the next step. Call [`record_request`](Self::record_request) before each request and
    /// insert its response before the next call.
    pub(crate) fn next_step(&self) -> Step {
        match probe(&self.source) {
            Ok(_) if self.can_query_size() => Step::QuerySize,
            Ok(info) => Step::Done(info),
            // Without the size, the end of the file is only found by reading on.
            Err(ReadError::Missing { .. }) if self.can_query_size() => Step::QuerySize,
            Err(ReadError::Missing { offset, length }) => self.fetch(offset, length as u64),
            Err(ReadError::Io(_)) => Step::Stop("it could not be read"),
        }
    }

    fn fetch(&self, offset: u64, length: u64) -> Step {
        let from = if self.is_whole_body { self.end } else { offset };
        if !self.is_whole_body && !self.requests_left() {
            return Step::Stop("its headers are spread over more ranges than are fetched");
        }
        let size = self.source.size().unwrap_or(u64::MAX);
        let needed = offset.saturating_add(length).min(size);
        let counts_frames = offset == self.end && offset > 0 && self.is_raw_audio();
        let candidates = if counts_frames && self.source.size().is_some() {
            // Every frame must be read, and each request costs a round trip: fetch all or nothing.
            [size, size]
        } else {
            [offset.saturating_add(length.max(SMALLEST_RANGE)).min(size), needed]
        };
        let bound = from.saturating_add(self.bytes_left());
        match candidates.into_iter().find(|to| *to <= bound) {
            Some(to) if self.is_whole_body => Step::ReadBody { to },
            Some(to) => Step::Range { offset, length: to.saturating_sub(offset) },
            None => Step::Stop("its headers are further into the file than is fetched"),
        }
    }

    fn can_query_size(&self) -> bool {
        let is_begun = self.requests > 0;
        is_begun && self.source.size().is_none() && !self.size_queried && self.requests_left()
    }

    fn requests_left(&self) -> bool {
        self.requests < self.limits.max_requests
    }

    fn bytes_left(&self) -> u64 {
        let most = if self.is_raw_audio() {
            self.limits.max_raw_audio_bytes
        } else {
            self.limits.max_bytes
        };
        most.saturating_sub(self.received)
    }

    fn is_raw_audio(&self) -> bool {
        self.partial_info().is_some_and(|info| {
            matches!(info.container, Container::Mp3 | Container::Mp2 | Container::Adts)
        })
    }

    /// Counts a request that is about to be sent.
    pub(crate) fn record_request(&mut self) {
        self.requests += 1;
    }

    /// Records that the server sends only the whole file, from its start.
    pub(crate) fn set_whole_body(&mut self) {
        self.is_whole_body = true;
        self.end = 0;
    }

    /// Records that the size was requested.
    pub(crate) fn record_size_query(&mut self) {
        self.size_queried = true;
    }

    /// Sets the size of the file. Returns false if a different size was known before.
    pub(crate) fn set_size(&mut self, size: u64) -> bool {
        let is_the_same = self.source.size().is_none_or(|known| known == size);
        self.source.set_size(size);
        is_the_same
    }

    /// Adds bytes that were received.
    pub(crate) fn insert(&mut self, offset: u64, bytes: Bytes) {
        self.received = self.received.saturating_add(bytes.len() as u64);
        self.end = offset.saturating_add(bytes.len() as u64);
        self.source.insert(offset, bytes);
    }

    /// Returns the offset after the last bytes received.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    pub(crate) fn size(&self) -> Option<u64> {
        self.source.size()
    }

    /// Returns the facts that the bytes received so far prove; `None` if they do not even prove the
    /// kind of file.
    pub(crate) fn partial_info(&self) -> Option<MediaInfo> {
        let source = PartialSource { source: &self.source, has_ended: Cell::new(false) };
        let mut info = probe(&source).ok()?;
        if !source.has_ended.get() {
            return Some(info);
        }
        let is_start_known = usize::try_from(MIN_START.min(self.size().unwrap_or(MIN_START)))
            .is_ok_and(|length| self.source.read_at(0, length).is_ok());
        if !is_start_known || info.container == Container::Unknown {
            return None;
        }
        // These were derived from an end that is not the end of the file.
        info.duration = None;
        info.corruption = None;
        info.anomaly = None;
        info.total_duration = None;
        info.detail = None;
        if info.video_codec.is_none() {
            // A video track may follow the audio track.
            info.audio_codec = None;
        }
        Some(info)
    }
}

/// A source that ends where the first unfetched byte is.
struct PartialSource<'a> {
    source: &'a SparseSource,
    has_ended: Cell<bool>,
}

impl ReadAt for PartialSource<'_> {
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
