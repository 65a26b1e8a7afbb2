//! Reads the facts of a media file from a few of its bytes.
//!
//! The readers are pure: they ask a [`ReadAt`] for bytes and never know where those come from.
//! They never panic and always end, whatever the bytes are: bytes and steps are bounded.

mod adts;
mod cursor;
mod frames;
mod image;
mod isobmff;
mod mpeg_audio;
mod read_at;
mod sniff;
mod sources;
mod sparse_source;
mod tags;
mod vbr_header;
mod wav;
mod window;

pub use read_at::{ReadAt, ReadError};
pub use sources::{BytesSource, FileSource};
pub use sparse_source::SparseSource;

use super::{Container, MediaInfo};
use window::Window;

/// Where the first frame of sound may lie behind a tag, or behind nothing.
const REACH_BEHIND_A_TAG: u64 = 64 * 1024;
const REACH: u64 = 4 * 1024;

/// How far a probe goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProbeLimits {
    /// The most bytes read. A usual MP4, MOV, M4A or WAV takes less than 0.1 MB, a usual MP3 as
    /// well; an ADTS file, and an MP3 that does not say its length, is read as a whole.
    pub max_bytes: u64,
}

impl ProbeLimits {
    /// At most that many bytes.
    #[must_use]
    pub fn bytes(max_bytes: u64) -> Self {
        Self { max_bytes }
    }
}

impl Default for ProbeLimits {
    fn default() -> Self {
        Self::bytes(32 * 1024 * 1024)
    }
}

/// Reads what a media file says of itself. A broken file is no error: what is wrong with it is in
/// [`MediaInfo::corruption`].
///
/// ```
/// use viseme::media::Container;
/// use viseme::media::probe::{BytesSource, probe};
///
/// let info = probe(&BytesSource::new(&b"%PDF-1.7 is no video"[..]))?;
/// assert_eq!(info.container, Container::Pdf);
/// # Ok::<(), viseme::media::probe::ReadError>(())
/// ```
///
/// # Errors
/// What the source answers: [`ReadError::Missing`] asks the caller to get a range and to probe
/// again, [`ReadError::Io`] says that reading failed.
pub fn probe(source: &dyn ReadAt) -> Result<MediaInfo, ReadError> {
    probe_with(source, ProbeLimits::default())
}

/// The same within other limits. What could not be found out within them is `None`.
///
/// # Errors
/// As for [`probe`].
pub fn probe_with(source: &dyn ReadAt, limits: ProbeLimits) -> Result<MediaInfo, ReadError> {
    let window = Window::new(source, limits.max_bytes);
    let mut info = facts(&window)?;
    if window.spent() {
        // Concluded from an end that was only the bound's.
        info.duration = None;
        info.corruption = None;
        info.anomaly = None;
    }
    Ok(info)
}

fn facts(window: &Window<'_>) -> Result<MediaInfo, ReadError> {
    let head = window.read(0, sniff::HEAD)?;
    if head.is_empty() {
        let info = corrupt(window, Container::Unknown, "is empty");
        return Ok(MediaInfo { bytes: Some(0), ..info });
    }
    match sniff::by_signature(&head) {
        Some(Container::Mp4) => return isobmff::read(window),
        Some(Container::Wav) => return wav::read(window),
        Some(
            picture @ (Container::Png
            | Container::Jpeg
            | Container::Gif
            | Container::WebP
            | Container::Bmp
            | Container::Tiff),
        ) => return image::read(window, picture),
        Some(other) => return Ok(MediaInfo::new(other, window.size())),
        None => {}
    }
    if let Some(info) = bare_sound(window)? {
        return Ok(info);
    }
    if let Some(text) = sniff::by_text(&head, head.len() < sniff::HEAD) {
        return Ok(MediaInfo::new(text, window.size()));
    }
    if head.iter().all(|byte| *byte == 0) {
        let clause = "starts with zero bytes only, as an unfinished download does";
        return Ok(corrupt(window, Container::Unknown, clause));
    }
    Ok(MediaInfo::new(Container::Unknown, window.size()))
}

/// Sound frames without a container, with or without tags before them.
fn bare_sound(window: &Window<'_>) -> Result<Option<MediaInfo>, ReadError> {
    let start = tags::skip_id3(window)?;
    let reach = if start > 0 { REACH_BEHIND_A_TAG } else { REACH };
    if start > 0 && window.array::<4>(start)?.as_ref() == Some(b"fLaC") {
        return Ok(Some(MediaInfo::new(Container::Flac, window.size())));
    }
    match frames::first(window, start, reach, frame_of_either)? {
        Some((at, frame)) => match adts::parse(&window.read(at, frames::HEADER)?) {
            Some(_) => adts::read(window, at, frame).map(Some),
            None => mpeg_audio::read(window, at, frame).map(Some),
        },
        None if start == 0 => Ok(None),
        // The tag is most often that of an MP3.
        None if !window.reaches(start)? => {
            Ok(Some(corrupt(window, Container::Mp3, "is truncated in the middle of its ID3 tag")))
        }
        None => Ok(Some(corrupt(window, Container::Mp3, "has an ID3 tag but no audio after it"))),
    }
}

/// The two look alike only at first: their layer bits differ.
fn frame_of_either(bytes: &[u8]) -> Option<frames::Frame> {
    mpeg_audio::parse(bytes).or_else(|| adts::parse(bytes))
}

fn corrupt(window: &Window<'_>, container: Container, clause: &str) -> MediaInfo {
    MediaInfo { corruption: Some(clause.to_owned()), ..MediaInfo::new(container, window.size()) }
}
