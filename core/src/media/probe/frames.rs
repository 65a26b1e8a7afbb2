//! Finds and counts the frames of sound that has no container: MP3 and ADTS.

use bytes::Bytes;

use super::ReadError;
use super::tags;
use super::window::Window;

/// A frame's header needs no more bytes than these.
pub(super) const HEADER: usize = 8;
/// Frames in a row that are no accident.
const CONVINCING: usize = 3;
/// How much is looked at in one go when searching.
const STRIDE: usize = 16 * 1024;
/// What is passed over in all, in search of the next frame, before the scan gives up.
const MOST_JUNK: u64 = 1024 * 1024;

/// What a frame's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// Of the whole frame, in bytes.
    pub(super) length: u32,
    /// For each channel.
    pub(super) samples: u32,
    /// Samples a second.
    pub(super) rate: u32,
    /// Equal in all frames of one stream.
    pub(super) likeness: u32,
}

/// Reads a frame's header from the first bytes of a slice.
pub(super) type Parse = fn(&[u8]) -> Option<Frame>;

/// What a scan over all frames found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Scan {
    /// In all whole frames.
    pub(super) samples: u64,
    /// Bytes in whole frames.
    pub(super) sound: u64,
    /// Bytes that are neither in frames nor in tags.
    pub(super) junk: u64,
    /// The file ends in the middle of a frame.
    pub(super) is_cut: bool,
}

/// The first of several frames in a row at or behind `from`, within `reach` bytes.
pub(super) fn first(
    window: &Window<'_>,
    from: u64,
    reach: u64,
    parse: Parse,
) -> Result<Option<(u64, Frame)>, ReadError> {
    let end = from.saturating_add(reach);
    let mut at = from;
    while at < end {
        let stride = usize::try_from(end - at).map_or(STRIDE, |rest| rest.min(STRIDE));
        let chunk = window.read(at, stride.max(HEADER))?;
        for (index, frame) in candidates(&chunk, parse) {
            let position = at.saturating_add(index as u64);
            if position < end && is_stream(window, position, frame, parse)? {
                return Ok(Some((position, frame)));
            }
        }
        if chunk.len() < HEADER {
            break;
        }
        at = at.saturating_add((chunk.len() - HEADER + 1) as u64);
    }
    Ok(None)
}

/// Every place in a chunk that looks like the start of a frame.
fn candidates(chunk: &Bytes, parse: Parse) -> impl Iterator<Item = (usize, Frame)> + '_ {
    // All frames begin with eleven set bits.
    let starts = chunk.iter().enumerate().filter(|(_, byte)| **byte == 0xff);
    starts.filter_map(move |(index, _)| Some((index, parse(chunk.get(index..)?)?)))
}

/// Whether like frames follow one another from here: several, or as many as a short file holds.
fn is_stream(window: &Window<'_>, at: u64, frame: Frame, parse: Parse) -> Result<bool, ReadError> {
    let mut next = at.saturating_add(frame.length.into());
    for seen in 1..CONVINCING {
        let header = window.read(next, HEADER)?;
        match parse(&header) {
            Some(follower) if follower.likeness == frame.likeness => {
                next = next.saturating_add(follower.length.into());
            }
            // A file of one or two frames ends just where the last does.
            _ => return Ok(header.is_empty() && seen + 1 == CONVINCING),
        }
    }
    Ok(true)
}

/// Counts the frames from `from` on that are like `model`; `None` where the window's bound is
/// reached first.
pub(super) fn count(
    window: &Window<'_>,
    from: u64,
    model: Frame,
    parse: Parse,
) -> Result<Option<Scan>, ReadError> {
    let mut scan = Scan::default();
    let mut at = from;
    loop {
        let header = window.read(at, HEADER)?;
        match parse(&header).filter(|frame| frame.likeness == model.likeness) {
            Some(frame) => {
                let next = at.saturating_add(frame.length.into());
                if !window.reaches(next)? {
                    scan.is_cut = true;
                    break;
                }
                scan.samples = scan.samples.saturating_add(frame.samples.into());
                scan.sound = scan.sound.saturating_add(frame.length.into());
                at = next;
            }
            None => match resume(window, at, &header, model, parse)? {
                Some((next, is_tag)) => {
                    if !is_tag {
                        scan.junk = scan.junk.saturating_add(next.saturating_sub(at));
                    }
                    at = next;
                }
                None => break,
            },
        }
        if scan.junk > MOST_JUNK {
            break;
        }
    }
    Ok((!window.spent()).then_some(scan))
}

/// Where the stream may go on when no frame is at `at`, and whether a tag was passed over.
fn resume(
    window: &Window<'_>,
    at: u64,
    header: &[u8],
    model: Frame,
    parse: Parse,
) -> Result<Option<(u64, bool)>, ReadError> {
    if header.len() < HEADER || !window.step() {
        return Ok(None);
    }
    if let Some(length) = tags::length_at(&window.read(at, tags::HEADER)?) {
        return Ok(Some((at.saturating_add(length), true)));
    }
    let from = at.saturating_add(1);
    let chunk = window.read(from, STRIDE)?;
    for (index, frame) in candidates(&chunk, parse) {
        let position = from.saturating_add(index as u64);
        if frame.likeness == model.likeness && is_stream(window, position, frame, parse)? {
            return Ok(Some((position, false)));
        }
    }
    Ok(Some((from.saturating_add(chunk.len() as u64), false)))
}
