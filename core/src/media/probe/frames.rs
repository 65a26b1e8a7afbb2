//! Finds and counts the frames of audio that has no container: MP3 and ADTS.

use std::time::Duration;

use bytes::Bytes;

use super::super::MediaInfo;
use super::ReadError;
use super::tags;
use super::window::Window;

/// The header of a frame needs no more bytes than these.
pub(super) const HEADER: usize = 8;
/// Frames in a row that are no accident.
const CONVINCING: usize = 3;
/// How much is searched at once.
const STRIDE: usize = 16 * 1024;
/// How much other data are skipped in all before the scan gives up.
const MAX_JUNK: u64 = 8 * 1024 * 1024;
/// Different sample rates that a file may have: all there are.
const MAX_RATES: usize = 16;

/// The facts in a frame's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// The size of the whole frame in bytes.
    pub(super) length: u32,
    /// Samples of each channel.
    pub(super) samples: u32,
    /// Samples per second.
    pub(super) rate: u32,
    /// The fields that are equal in all frames of one stream.
    pub(super) likeness: u32,
}

/// Reads a frame's header from the first bytes of a slice.
pub(super) type Parse = fn(&[u8]) -> Option<Frame>;

/// The result of a scan over all frames.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Scan {
    /// The number of frames.
    pub(super) frames: u64,
    /// The samples of each sample rate.
    samples: Vec<(u32, u64)>,
    /// Bytes in whole frames.
    pub(super) audio: u64,
    /// Bytes that are neither in frames nor in tags, and not zero.
    pub(super) junk: u64,
    /// The file ends in the middle of a frame.
    pub(super) is_cut: bool,
}

impl Scan {
    fn add(&mut self, frame: Frame) {
        self.frames = self.frames.saturating_add(1);
        self.audio = self.audio.saturating_add(frame.length.into());
        let samples = u64::from(frame.samples);
        if let Some((_, total)) = self.samples.iter_mut().find(|(rate, _)| *rate == frame.rate) {
            *total = total.saturating_add(samples);
        } else if self.samples.len() < MAX_RATES {
            self.samples.push((frame.rate, samples));
        }
    }

    /// Returns how long the frames play, without so many samples of the first stream.
    pub(super) fn playing_time(&self, trim: u32) -> Option<Duration> {
        let mut total = Duration::ZERO;
        for (index, (rate, samples)) in self.samples.iter().enumerate() {
            let trim = if index == 0 { u64::from(trim) } else { 0 };
            let part = playing_time(samples.saturating_sub(trim), *rate).unwrap_or_default();
            total = total.saturating_add(part);
        }
        (!total.is_zero()).then_some(total)
    }

    /// Adds what the scan found to the facts of the file.
    pub(super) fn describe(&self, info: &mut MediaInfo, trim: u32) {
        info.duration = self.playing_time(trim);
        if self.junk > self.audio {
            let (audio, junk) = (self.audio, self.junk);
            info.anomaly =
                Some(format!("has {audio} bytes of audio and {junk} bytes of other data"));
        } else if self.is_cut {
            info.anomaly = Some("ends in the middle of a frame and may be truncated".to_owned());
        }
    }
}

/// Returns how long so many samples play; `None` for no time or an absurd one.
pub(super) fn playing_time(samples: u64, rate: u32) -> Option<Duration> {
    // Exact up to 2^53 samples.
    let samples = samples as f64;
    (rate > 0 && samples > 0.0)
        .then(|| Duration::try_from_secs_f64(samples / f64::from(rate)).ok())
        .flatten()
}

/// Returns the first of several frames in a row at or after `from`, within `reach` bytes.
pub(super) fn first(
    window: &Window<'_>,
    from: u64,
    reach: u64,
    parse: Parse,
) -> Result<Option<(u64, Frame)>, ReadError> {
    let end = from.saturating_add(reach);
    let mut at = from;
    while at < end {
        let stride = usize::try_from(end - at).map_or(STRIDE, |left| left.min(STRIDE));
        let chunk = window.read(at, stride.max(HEADER))?;
        for (index, frame) in candidates(&chunk, parse) {
            let position = at.saturating_add(index as u64);
            if position >= end || !window.step() {
                return Ok(None);
            }
            if is_stream(window, position, frame, parse)? {
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

/// Returns every place in a chunk that could be the start of a frame.
fn candidates(chunk: &Bytes, parse: Parse) -> impl Iterator<Item = (usize, Frame)> + '_ {
    // All frames start with eleven set bits.
    let starts = memchr::memchr_iter(0xff, chunk);
    starts.filter_map(move |index| Some((index, parse(chunk.get(index..)?)?)))
}

/// Returns true if like frames follow one another from here: several, or as many as a short file
/// has.
fn is_stream(window: &Window<'_>, at: u64, frame: Frame, parse: Parse) -> Result<bool, ReadError> {
    let mut next = at.saturating_add(frame.length.into());
    for seen in 1..CONVINCING {
        let header = window.read(next, HEADER)?;
        match parse(&header) {
            Some(follower) if follower.likeness == frame.likeness => {
                next = next.saturating_add(follower.length.into());
            }
            // A file of two frames ends exactly where the last one does.
            _ => return Ok(header.is_empty() && seen + 1 == CONVINCING),
        }
    }
    Ok(true)
}

/// Counts the frames from `from`, of the stream that starts there and of those joined to it;
/// `None` if the limit of the window or of other data is reached first.
pub(super) fn count(
    window: &Window<'_>,
    from: u64,
    first: Frame,
    parse: Parse,
) -> Result<Option<Scan>, ReadError> {
    let mut scan = Scan::default();
    let mut skipped = 0_u64;
    let mut likeness = first.likeness;
    let mut at = from;
    loop {
        let header = window.read(at, HEADER)?;
        let found = parse(&header);
        match found.filter(|frame| frame.likeness == likeness) {
            Some(frame) => {
                let next = at.saturating_add(frame.length.into());
                if !window.reaches(next)? {
                    scan.is_cut = true;
                    break;
                }
                scan.add(frame);
                at = next;
            }
            None => match resume(window, at, &header, parse)? {
                Next::Stream(next, frame) => {
                    let junk = next.saturating_sub(at);
                    scan.junk = scan.junk.saturating_add(junk);
                    skipped = skipped.saturating_add(junk);
                    likeness = frame.likeness;
                    at = next;
                }
                Next::Tag(next) => at = next,
                Next::Other { to, junk } => {
                    scan.junk = scan.junk.saturating_add(junk);
                    skipped = skipped.saturating_add(to.saturating_sub(at));
                    at = to;
                }
                Next::End => break,
            },
        }
        if skipped > MAX_JUNK {
            return Ok(None);
        }
    }
    Ok((!window.spent()).then_some(scan))
}

/// How the file continues where no frame of the stream is.
enum Next {
    /// With a stream, perhaps another one.
    Stream(u64, Frame),
    /// With a tag that ends there.
    Tag(u64),
    /// With other data up to there, so many bytes of them not zero.
    Other {
        to: u64,
        junk: u64,
    },
    End,
}

fn resume(window: &Window<'_>, at: u64, header: &[u8], parse: Parse) -> Result<Next, ReadError> {
    if header.len() < HEADER || !window.step() {
        return Ok(Next::End);
    }
    if let Some(length) = tags::length_at(&window.read(at, tags::HEADER)?) {
        let end = at.saturating_add(length);
        if window.reaches(end)? {
            return Ok(Next::Tag(end));
        }
    }
    let chunk = window.read(at, STRIDE)?;
    // A tag may start in the middle of the chunk: what follows it is searched later.
    let length = tags::find(&chunk).unwrap_or(chunk.len()).max(1);
    let searched = chunk.slice(..chunk.len().min(length.saturating_add(HEADER)));
    for (index, frame) in candidates(&searched, parse) {
        let position = at.saturating_add(index as u64);
        if !window.step() {
            return Ok(Next::End);
        }
        if is_stream(window, position, frame, parse)? {
            return Ok(Next::Stream(position, frame));
        }
    }
    let skipped = chunk.get(..length).unwrap_or_default();
    let junk = skipped.iter().filter(|byte| **byte != 0).count() as u64;
    Ok(Next::Other { to: at.saturating_add(length as u64), junk })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_of_several_rates_are_added_up() {
        let frame = |rate| Frame { length: 100, samples: 1_000, rate, likeness: 0 };
        let mut scan = Scan::default();
        [10_000, 10_000, 40_000].into_iter().for_each(|rate| scan.add(frame(rate)));
        assert_eq!(scan.playing_time(0), Some(Duration::from_millis(225)));
        assert_eq!(scan.playing_time(500), Some(Duration::from_millis(175)));
        assert_eq!((scan.frames, scan.audio), (3, 300));
        assert_eq!(Scan::default().playing_time(0), None);
    }
}
