//! Puts the samples of both tracks in the order of a player, and says where each byte of the result
//! comes from. No I/O.

use crate::cut::rescale;
use crate::track::{Track, TrackKind};
use crate::write::{Chunk, OutputTrack, file_type, movie};

/// How many chunks of a track there are in a second.
const CHUNKS_PER_SECOND: u64 = 2;

/// The file that bytes of the result come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The head, which is in memory.
    Head,
    /// The file of the video.
    Picture,
    /// The file of the voice.
    Voice,
    /// The encoded voice.
    Encoded,
}

/// Bytes of the result that lie one after the other in their file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    /// Where they end in the result.
    pub(crate) end: u64,
    pub(crate) origin: Origin,
    /// Where they start in their file.
    pub(crate) offset: u64,
}

/// Splits a track into chunks of about half a second.
pub(crate) fn chunks(track: &Track, movie_timescale: u32) -> Vec<Chunk> {
    let longest = u64::from(track.timescale) / CHUNKS_PER_SECOND;
    let mut chunks: Vec<Chunk> = Vec::new();
    let mut began = 0;
    for (index, (time, sample)) in track.timed().enumerate() {
        match chunks.last_mut() {
            Some(chunk) if chunk.entry == sample.entry && time.saturating_sub(began) < longest => {
                chunk.count = chunk.count.saturating_add(1);
            }
            _ => {
                began = time;
                let time = rescale(time, track.timescale, movie_timescale, false);
                let entry = sample.entry;
                chunks.push(Chunk { first: index, count: 1, entry, time, offset: 0 });
            }
        }
    }
    chunks
}

/// Returns the head of the result, and where all of its bytes come from. Sets the offsets of the
/// chunks. `voice` is where the samples of the voice are.
pub(crate) fn lay_out(
    picture: &mut OutputTrack,
    voice: &mut OutputTrack,
    voice_origin: Origin,
    movie_timescale: u32,
) -> (Vec<u8>, Vec<Segment>) {
    let media: u64 = [&picture.track, &voice.track]
        .iter()
        .flat_map(|track| &track.samples)
        .map(|sample| u64::from(sample.size))
        .sum();
    // The offsets are part of the head, and depend on its size, but its size not on them.
    let head_size = |wide: bool, picture: &OutputTrack, voice: &OutputTrack| {
        let index = movie(&[picture, voice], movie_timescale, wide).len();
        (file_type().len() + index) as u64
    };
    let narrow = head_size(false, picture, voice);
    let wide = narrow.saturating_add(media).saturating_add(16) > u64::from(u32::MAX);
    let head_size = if wide { head_size(true, picture, voice) } else { narrow };
    let data_header = if wide { 16 } else { 8 };
    let start = head_size.saturating_add(data_header);
    let segments = place(picture, voice, voice_origin, start);
    let mut head = file_type();
    head.extend_from_slice(&movie(&[picture, voice], movie_timescale, wide));
    let size = media.saturating_add(data_header);
    if wide {
        head.extend_from_slice(&[0, 0, 0, 1]);
        head.extend_from_slice(b"mdat");
        head.extend_from_slice(&size.to_be_bytes());
    } else {
        head.extend_from_slice(&u32::try_from(size).unwrap_or_default().to_be_bytes());
        head.extend_from_slice(b"mdat");
    }
    (head, segments)
}

/// Gives each chunk its place behind a head of this size, by the time of its first sample.
fn place(
    picture: &mut OutputTrack,
    voice: &mut OutputTrack,
    voice_origin: Origin,
    head: u64,
) -> Vec<Segment> {
    let mut segments = vec![Segment { end: head, origin: Origin::Head, offset: 0 }];
    let mut end = head;
    let (mut pictures, mut sounds) =
        (picture.chunks.iter_mut().peekable(), voice.chunks.iter_mut().peekable());
    loop {
        let takes_picture = match (pictures.peek(), sounds.peek()) {
            (Some(one), Some(other)) => one.time <= other.time,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => return segments,
        };
        let (chunk, track) = if takes_picture {
            (pictures.next(), &picture.track)
        } else {
            (sounds.next(), &voice.track)
        };
        let Some(chunk) = chunk else { return segments };
        chunk.offset = end;
        let origin = match track.kind {
            TrackKind::Picture => Origin::Picture,
            TrackKind::Sound => voice_origin,
        };
        for sample in track.samples.iter().skip(chunk.first).take(chunk.count) {
            append(&mut segments, origin, sample.offset, u64::from(sample.size), &mut end);
        }
    }
}

/// Appends bytes; those that continue the ones before them become one segment with them.
fn append(segments: &mut Vec<Segment>, origin: Origin, offset: u64, size: u64, end: &mut u64) {
    if size == 0 {
        return;
    }
    let before = segments.len().checked_sub(2).and_then(|index| segments.get(index));
    let start = before.map_or(0, |segment| segment.end);
    *end = end.saturating_add(size);
    if let Some(last) = segments.last_mut()
        && last.origin == origin
        && last.offset.saturating_add(last.end.saturating_sub(start)) == offset
    {
        last.end = *end;
        return;
    }
    segments.push(Segment { end: *end, origin, offset });
}
