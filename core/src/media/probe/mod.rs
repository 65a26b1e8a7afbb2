//! Reads the facts of a media file from a few of its bytes.
//!
//! The readers are pure: they get bytes from a [`ReadAt`] and do no I/O of their own. They never
//! panic and always end, whatever the bytes are: bytes and steps are limited.

mod adts;
mod cursor;
mod frames;
mod image;
mod isobmff;
mod mpeg_audio;
mod raw_pcm;
mod read_at;
mod sniff;
mod sources;
mod sparse_source;
mod tags;
mod text;
mod vbr_header;
mod wav;
mod window;

pub use read_at::{ReadAt, ReadError};
pub use sources::{BytesSource, FileSource};
pub use sparse_source::SparseSource;

use super::{Container, MediaInfo, MediaKind};
use window::Window;

/// How far the first frame of audio is searched after a tag, whose size may be too small for its
/// picture, and in a file without a tag.
const REACH_AFTER_TAG: u64 = 1024 * 1024;
const REACH: u64 = 64 * 1024;
/// Zero bytes that are skipped at the start of a file.
const MAX_ZEROS: u64 = 1024 * 1024;
/// How much of a file is examined for samples without a header.
const SAMPLES: usize = 16 * 1024;

/// How much a probe reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProbeLimits {
    /// The maximum number of bytes. A usual MP4, MOV, M4A, WAV or MP3 takes less than 0.1 MB. ADTS
    /// files, and MP3 files that do not state their length, are read as a whole.
    pub max_bytes: u64,
}

impl ProbeLimits {
    /// Limits a probe to so many bytes.
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

/// Reads the facts of a media file. A broken file is no error: see [`MediaInfo::corruption`].
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
/// Returns the error of the source: [`ReadError::Missing`] means that the caller must fetch a range and to
/// probe again, [`ReadError::Io`] means that reading failed.
pub fn probe(source: &dyn ReadAt) -> Result<MediaInfo, ReadError> {
    probe_with(source, ProbeLimits::default())
}

/// Reads the facts of a media file within other limits. Facts that need more bytes are `None`.
///
/// # Errors
/// As for [`probe`].
pub fn probe_with(source: &dyn ReadAt, limits: ProbeLimits) -> Result<MediaInfo, ReadError> {
    let window = Window::new(source, limits.max_bytes);
    let mut info = facts(&window)?;
    if window.spent() {
        // These were derived from an end that is only that of the limit.
        info.duration = None;
        info.total_duration = None;
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
    if let Some(kind) = sniff::by_signature(&head) {
        return of_kind(window, kind, 0);
    }
    if isobmff::is_box_file(window)? {
        return isobmff::read(window, 0);
    }
    if let Some(info) = behind_tags(window)? {
        return Ok(info);
    }
    let zeros = leading_zeros(window)?;
    if let Some(info) = raw_audio(window, zeros, REACH)? {
        return Ok(info);
    }
    if let Some((kind, detail)) = text::kind(&head, head.len() < sniff::HEAD) {
        return Ok(MediaInfo { detail, ..MediaInfo::new(kind, window.size()) });
    }
    if let Some(start) = sniff::late_box_file(&head) {
        return isobmff::read(window, start);
    }
    // These are samples behind a header that ffmpeg reads, but nothing here does.
    if head.starts_with(b"Creative Voice File\x1a") {
        return Ok(MediaInfo::new(Container::Unknown, window.size()));
    }
    // Samples of two bytes start at even offsets.
    if let Some(samples) = raw_pcm::guess(&window.read(zeros & !3, SAMPLES)?) {
        let detail = samples.detail();
        return Ok(MediaInfo { detail, ..MediaInfo::new(Container::RawPcm, window.size()) });
    }
    if zeros >= head.len() as u64 {
        let clause = "starts with zero bytes only, as an unfinished download does";
        return Ok(corrupt(window, Container::Unknown, clause));
    }
    Ok(MediaInfo::new(Container::Unknown, window.size()))
}

/// Reads a file whose content of that kind begins at `start`.
fn of_kind(window: &Window<'_>, kind: Container, start: u64) -> Result<MediaInfo, ReadError> {
    match kind {
        Container::Mp4 => isobmff::read(window, start),
        Container::Wav => wav::read(window, start),
        Container::Png
        | Container::Jpeg
        | Container::Gif
        | Container::WebP
        | Container::Bmp
        | Container::Tiff
            if start == 0 =>
        {
            image::read(window, kind)
        }
        other => Ok(MediaInfo::new(other, window.size())),
    }
}

/// Reads a file that starts with ID3 or APE tags; `None` if it does not.
fn behind_tags(window: &Window<'_>) -> Result<Option<MediaInfo>, ReadError> {
    let tags = tags::leading(window)?;
    if tags.end == 0 {
        return Ok(None);
    }
    if let Some(kind) = sniff::by_signature(&window.read(tags.end, sniff::HEAD)?) {
        // The picture of a tag with a false size is no image file.
        if kind.kind() != Some(MediaKind::Image) {
            return of_kind(window, kind, tags.end).map(Some);
        }
    }
    let behind = raw_audio(window, tags.end, REACH_AFTER_TAG)?;
    if behind.is_some() {
        return Ok(behind);
    }
    let is_cut = !window.reaches(tags.end)?;
    // The size of the tag may be too large.
    let inside = raw_audio(window, tags.content, REACH_AFTER_TAG)?;
    if inside.is_some() {
        return Ok(inside);
    }
    let clause = if is_cut {
        "is truncated in the middle of its ID3 tag"
    } else {
        "has an ID3 tag but no audio after it"
    };
    // The tag is most often that of an MP3.
    Ok(Some(corrupt(window, Container::Mp3, clause)))
}

/// Reads frames of audio without a container, the first of them within `reach` bytes.
fn raw_audio(window: &Window<'_>, start: u64, reach: u64) -> Result<Option<MediaInfo>, ReadError> {
    let Some((at, frame)) = frames::first(window, start, reach, frame_of_either)? else {
        return Ok(None);
    };
    match adts::parse(&window.read(at, frames::HEADER)?) {
        Some(_) => adts::read(window, at, frame).map(Some),
        None => mpeg_audio::read(window, at, frame).map(Some),
    }
}

/// Reads a header of MP3 or ADTS: they differ in their layer bits.
fn frame_of_either(bytes: &[u8]) -> Option<frames::Frame> {
    mpeg_audio::parse(bytes).or_else(|| adts::parse(bytes))
}

/// Returns the number of zero bytes at the start of the file, up to a limit.
fn leading_zeros(window: &Window<'_>) -> Result<u64, ReadError> {
    let mut at = 0_u64;
    while at < MAX_ZEROS {
        let chunk = window.read(at, SAMPLES)?;
        let zeros = chunk.iter().take_while(|byte| **byte == 0).count();
        at = at.saturating_add(zeros as u64);
        if zeros < chunk.len() || chunk.is_empty() {
            break;
        }
    }
    Ok(at)
}

fn corrupt(window: &Window<'_>, container: Container, clause: &str) -> MediaInfo {
    MediaInfo { corruption: Some(clause.to_owned()), ..MediaInfo::new(container, window.size()) }
}
