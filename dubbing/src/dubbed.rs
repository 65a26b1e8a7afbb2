//! The result: a head in memory, and ranges of other files.

use std::fmt;
use std::io;

use crate::interleave::{Origin, Segment};
use crate::source::ReadAt;

/// A video with another voice. It holds only the head of the file; the rest are ranges of other files.
pub struct Dubbed {
    head: Vec<u8>,
    segments: Vec<Segment>,
    seconds: f64,
    voice_format: &'static str,
}

/// The files that a [`Dubbed`] consists of.
#[derive(Clone, Copy)]
pub struct Sources<'s> {
    /// The video.
    pub picture: &'s dyn ReadAt,
    /// The voice.
    pub voice: &'s dyn ReadAt,
    /// The encoded voice; empty if the voice was not encoded.
    pub encoded: &'s dyn ReadAt,
}

impl Dubbed {
    pub(crate) fn new(
        head: Vec<u8>,
        segments: Vec<Segment>,
        seconds: f64,
        voice_format: &'static str,
    ) -> Self {
        Self { head, segments, seconds, voice_format }
    }

    /// Returns the size of the file in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.segments.last().map_or(0, |segment| segment.end)
    }

    /// Returns the size of the part that is in memory.
    #[must_use]
    pub fn head_size(&self) -> u64 {
        self.head.len() as u64
    }

    /// Returns the duration in seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// Returns the format of the voice: MP3, AAC, M4A or WAV.
    #[must_use]
    pub fn voice_format(&self) -> &'static str {
        self.voice_format
    }

    /// Fills the buffer with the bytes from `offset` on.
    ///
    /// # Errors
    /// A file cannot be read, or the result ends before the buffer is full.
    pub fn read_exact_at(
        &self,
        sources: Sources<'_>,
        offset: u64,
        buffer: &mut [u8],
    ) -> io::Result<()> {
        let mut index = self.segments.partition_point(|segment| segment.end <= offset);
        let mut start = index.checked_sub(1).and_then(|before| self.segments.get(before));
        let (mut at, mut buffer) = (offset, buffer);
        while !buffer.is_empty() {
            let segment = self.segments.get(index).ok_or(io::ErrorKind::UnexpectedEof)?;
            let began = start.map_or(0, |before| before.end);
            let left = usize::try_from(segment.end.saturating_sub(at)).unwrap_or(usize::MAX);
            let (part, rest) = buffer.split_at_mut(left.min(buffer.len()));
            let position = segment.offset.saturating_add(at.saturating_sub(began));
            let source: &dyn ReadAt = match segment.origin {
                Origin::Head => &self.head,
                Origin::Picture => sources.picture,
                Origin::Voice => sources.voice,
                Origin::Encoded => sources.encoded,
            };
            source.read_exact_at(position, part)?;
            at = at.saturating_add(part.len() as u64);
            buffer = rest;
            start = Some(segment);
            index = index.saturating_add(1);
        }
        Ok(())
    }
}

impl fmt::Debug for Dubbed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Dubbed")
            .field("size", &self.size())
            .field("seconds", &self.seconds)
            .field("segments", &self.segments.len())
            .finish_non_exhaustive()
    }
}
