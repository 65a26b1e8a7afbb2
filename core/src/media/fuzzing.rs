//! Any file: the readers end, read no more than they may, and find the same in the whole file as in
//! pieces of it.

use std::cell::Cell;

use bytes::Bytes;

use super::probe::{BytesSource, ProbeLimits, ReadAt, ReadError, SparseSource, probe, probe_with};
use super::reading::{Reading, ReadingBounds, Step};
use super::{MediaInfo, data_uri, judge};
use viseme_spec::descriptions;

/// More rounds than any reader needs: it asks for more bytes each time.
const MOST_ROUNDS: usize = 10_000;

/// The bytes of a file.
pub fn media(data: &[u8]) {
    let whole = Bytes::copy_from_slice(data);
    let Ok(info) = probe(&BytesSource::new(whole.clone())) else { return };
    assert_eq!(in_pieces(&whole), Some(info.clone()), "pieces tell another story");
    bounded(&whole);
    read_remotely(&whole, true);
    read_remotely(&whole, false);
    judged(&info);
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = (data_uri::head(text), data_uri::content(text));
    }
}

/// Fetches what the readers ask for, and no more.
fn in_pieces(whole: &Bytes) -> Option<MediaInfo> {
    let mut source = SparseSource::new(Some(whole.len() as u64));
    for _ in 0..MOST_ROUNDS {
        match probe(&source) {
            Ok(info) => return Some(info),
            Err(ReadError::Missing { offset, length }) => {
                let piece = slice(whole, offset, length as u64);
                assert!(!piece.is_empty(), "bytes behind the end are asked for");
                source.insert(offset, piece);
            }
            Err(ReadError::Io(_)) => return None,
        }
    }
    None
}

/// A reader that may read little reads little.
fn bounded(whole: &Bytes) {
    const LIMIT: u64 = 512;
    let source = Counting { source: BytesSource::new(whole.clone()), read: Cell::new(0) };
    let _ = probe_with(&source, ProbeLimits::bytes(LIMIT));
    assert!(source.read.get() <= LIMIT, "{} bytes were read", source.read.get());
}

/// As the file behind a URL is read, from a server that tells its size or does not.
fn read_remotely(whole: &Bytes, tells_size: bool) {
    let bounds = ReadingBounds::default();
    let mut reading = Reading::new(bounds);
    let mut received = 0;
    for _ in 0..=bounds.requests {
        let (offset, length) = match reading.step() {
            Step::Range { offset, length } => (offset, length),
            Step::Size => {
                reading.requested();
                reading.size_asked();
                continue;
            }
            Step::ReadOn { .. } => return,
            Step::Stop(_) => {
                let _ = reading.so_far();
                return;
            }
            Step::Done(_) => return,
        };
        let piece = slice(whole, offset, length);
        received += piece.len() as u64;
        assert!(received <= bounds.bare_sound_bytes, "{received} bytes were fetched");
        reading.requested();
        let is_short = (piece.len() as u64) < length;
        reading.insert(offset, piece);
        if tells_size || is_short {
            assert!(reading.set_size(whole.len() as u64), "the size changed");
        }
    }
    assert!(matches!(reading.step(), Step::Done(_) | Step::Stop(_)), "too many requests");
}

fn judged(info: &MediaInfo) {
    for model in descriptions() {
        for limits in ["audio", "video", "image"].iter().filter_map(|name| model.media_limits(name))
        {
            let said = judge("field", "file.mp4", info, limits);
            assert!(said.iter().all(|violation| violation.message.len() <= 1024), "{said:?}");
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
