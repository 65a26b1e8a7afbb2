//! Checks for any file: probes end, stay within their limits, and find the same facts in the whole
//! file as in ranges of it.

use std::cell::Cell;

use bytes::Bytes;

use super::probe::{BytesSource, ProbeLimits, ReadAt, ReadError, SparseSource, probe, probe_with};
use super::range_probe::{RangeProbe, RangeProbeLimits, Step};
use super::{MediaInfo, data_uri, validate};
use viseme_spec::descriptions;

/// More rounds than any probe needs: each round adds bytes.
const MAX_ROUNDS: usize = 10_000;

/// Checks the bytes of a file.
pub fn media(data: &[u8]) {
    let whole = Bytes::copy_from_slice(data);
    let Ok(info) = probe(&BytesSource::new(whole.clone())) else { return };
    assert_eq!(probe_in_ranges(&whole), Some(info.clone()), "ranges result in other facts");
    check_byte_limit(&whole);
    check_range_probe(&whole, true);
    check_range_probe(&whole, false);
    check_violations(&info);
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = (data_uri::head(text), data_uri::content(text));
    }
}

/// Probes a source that holds only the ranges that were requested.
fn probe_in_ranges(whole: &Bytes) -> Option<MediaInfo> {
    let mut source = SparseSource::new(Some(whole.len() as u64));
    for _ in 0..MAX_ROUNDS {
        match probe(&source) {
            Ok(info) => return Some(info),
            Err(ReadError::Missing { offset, length }) => {
                let piece = slice(whole, offset, length as u64);
                assert!(!piece.is_empty(), "bytes after the end are requested");
                source.insert(offset, piece);
            }
            Err(ReadError::Io(_)) => return None,
        }
    }
    None
}

/// Checks that a probe stays within its byte limit.
fn check_byte_limit(whole: &Bytes) {
    const LIMIT: u64 = 512;
    let source = Counting { source: BytesSource::new(whole.clone()), read: Cell::new(0) };
    let _ = probe_with(&source, ProbeLimits::bytes(LIMIT));
    assert!(source.read.get() <= LIMIT, "{} bytes were read", source.read.get());
}

/// Probes the file as one behind a URL, with or without a known size.
fn check_range_probe(whole: &Bytes, knows_size: bool) {
    let limits = RangeProbeLimits::default();
    let mut probe = RangeProbe::new(limits);
    let mut received = 0;
    for _ in 0..=limits.max_requests {
        let (offset, length) = match probe.next_step() {
            Step::Range { offset, length } => (offset, length),
            Step::QuerySize => {
                probe.record_request();
                probe.record_size_query();
                continue;
            }
            Step::ReadBody { .. } => return,
            Step::Stop(_) => {
                let _ = probe.partial_info();
                return;
            }
            Step::Done(_) => return,
        };
        let piece = slice(whole, offset, length);
        received += piece.len() as u64;
        assert!(received <= limits.max_raw_audio_bytes, "{received} bytes were fetched");
        probe.record_request();
        let is_short = (piece.len() as u64) < length;
        probe.insert(offset, piece);
        if knows_size || is_short {
            assert!(probe.set_size(whole.len() as u64), "the size changed");
        }
    }
    assert!(matches!(probe.next_step(), Step::Done(_) | Step::Stop(_)), "too many requests");
}

fn check_violations(info: &MediaInfo) {
    for model in descriptions() {
        for limits in ["audio", "video", "image"].iter().filter_map(|name| model.media_limits(name))
        {
            let violations = validate("field", "file.mp4", info, limits);
            assert!(
                violations.iter().all(|violation| violation.message.len() <= 1024),
                "{violations:?}"
            );
        }
    }
}

fn slice(whole: &Bytes, offset: u64, length: u64) -> Bytes {
    let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(whole.len());
    whole.slice(place(offset)..place(offset.saturating_add(length)))
}

struct Counting {
    source: BytesSource,
    read: Cell<u64>,
}

impl ReadAt for Counting {
    fn size(&self) -> Option<u64> {
        self.source.size()
    }

    fn read_at(&self, offset: u64, length: usize) -> Result<Bytes, ReadError> {
        let bytes = self.source.read_at(offset, length)?;
        self.read.set(self.read.get() + bytes.len() as u64);
        Ok(bytes)
    }
}
