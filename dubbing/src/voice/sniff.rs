//! The format of a voice, by its content.

use super::frames::{self, Adts, Mpeg};
use crate::error::Problem;
use crate::source::{ReadAt, Window};

/// How many ID3 tags can be in front of a file.
const MAX_TAGS: usize = 16;
/// How far the first frame can be from the start.
const MAX_JUNK: u64 = 64 * 1024;

/// The format of a voice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    MpegAudio,
    Adts,
    Mp4,
    Wav,
    /// A format that MP4 files cannot hold.
    Other(&'static str),
    Unknown,
}

/// Returns the format, and where it starts behind ID3 tags and other data.
pub(super) fn sniff(source: &dyn ReadAt) -> Result<(Format, u64), Problem> {
    let mut window = Window::new(source);
    let mut start = 0;
    for _ in 0..MAX_TAGS {
        match frames::id3_size(&mut window, start)? {
            Some(size) => start = size.saturating_add(start),
            None => break,
        }
    }
    // A tag can state a false size: then the frames are searched from the start.
    if start >= window.size() {
        start = 0;
    }
    let head = window.get(start, 12)?.unwrap_or_default();
    let is = |at: usize, name: &[u8]| head.get(at..).is_some_and(|rest| rest.starts_with(name));
    let riff = is(0, b"RIFF") || is(0, b"RF64") || is(0, b"BW64");
    let format = match () {
        () if riff && is(8, b"WAVE") => Format::Wav,
        () if [b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"]
            .iter()
            .any(|name| is(4, *name)) =>
        {
            Format::Mp4
        }
        () if is(0, b"OggS") => Format::Other("an Ogg file"),
        () if is(0, b"fLaC") => Format::Other("a FLAC file"),
        () if is(0, b"ADIF") => Format::Other("AAC without frame headers (ADIF)"),
        () if is(0, b"#!AMR") => Format::Other("an AMR file"),
        () if is(0, b"FORM") => Format::Other("an AIFF file"),
        () if is(0, b"caff") => Format::Other("a CAF file"),
        () if is(0, b".snd") => Format::Other("an AU file"),
        () if is(0, &[0x1a, 0x45, 0xdf, 0xa3]) => Format::Other("a Matroska or WebM file"),
        () => return find_frames(&mut window, start),
    };
    Ok((format, start))
}

/// Finds three frames in a row.
fn find_frames(window: &mut Window<'_>, start: u64) -> Result<(Format, u64), Problem> {
    for at in start..start.saturating_add(MAX_JUNK) {
        let Some(bytes) = window.get(at, 2)? else { break };
        if bytes.first() != Some(&0xff) {
            continue;
        }
        if frames::are_in_a_row::<Adts>(window, at)? {
            return Ok((Format::Adts, at));
        }
        if frames::are_in_a_row::<Mpeg>(window, at)? {
            return Ok((Format::MpegAudio, at));
        }
    }
    Ok((Format::Unknown, start))
}
