//! Puts a voice into a video without encoding the video again.
//!
//! The result is an MP4 file with the pictures of the video and the sound of the voice. The pictures are
//! copied as they are: H.264, HEVC and every other codec that MP4 files hold, from MP4 and MOV files of
//! any layout. MP3, AAC and M4A are copied too; WAV becomes FLAC, which loses nothing.
//!
//! No file is held in memory. [`dub`] reads the index of both and returns a [`Dubbed`], which knows where
//! each byte of the result comes from and reads any part of it.

mod cut;
mod dubbed;
mod encode;
mod error;
mod flac;
mod interleave;
mod isobmff;
mod source;
mod track;
mod voice;
mod write;

use std::io::Write;

pub use cut::Length;
pub use dubbed::{Dubbed, Sources};
pub use error::DubError;
pub use interleave::Origin;
pub use source::ReadAt;

use cut::{movie_timescale, needed_samples, presentation, truncate};
use error::Problem;
use interleave::{chunks, lay_out};
use track::{Edit, Track, TrackKind};
use voice::Voice;
use write::OutputTrack;

/// Puts a voice into a video. `length` says how long the result is. `encoded` gets the voice if it must be
/// encoded; a result that is read needs it again.
///
/// # Errors
/// The video or the voice cannot be used, or a file cannot be read or written.
pub fn dub(
    picture: &dyn ReadAt,
    voice: &dyn ReadAt,
    encoded: &mut dyn Write,
    length: Length,
) -> Result<Dubbed, DubError> {
    let picture = isobmff::read_track(picture, TrackKind::Picture).map_err(Problem::of_picture)?;
    let found = voice::read(voice).map_err(Problem::of_voice)?;
    let voice_timescale = match &found {
        Voice::Frames(track, _) => track.timescale,
        Voice::Pcm(wav) => wav.rate,
    };
    // One timescale for the edits of both tracks.
    let timescale = movie_timescale(picture.timescale, voice_timescale);
    let shown = presentation(&picture, timescale);
    let heard = match &found {
        Voice::Frames(track, _) => presentation(track, timescale),
        Voice::Pcm(wav) => {
            let duration = cut::rescale(wav.samples, wav.rate, timescale, true);
            vec![Edit { start: Some(0), duration: Some(duration) }]
        }
    };
    let limit = match length {
        Length::OfPicture => cut::length(&shown),
        Length::OfShorter => cut::length(&shown).min(cut::length(&heard)),
    };
    let (shown, heard) = (truncate(&shown, limit), truncate(&heard, limit));
    let picture = keep_needed(picture, shown, timescale)
        .ok_or_else(|| DubError::Picture("shows no picture".to_owned()))?;
    let (track, origin, format) = match found {
        Voice::Frames(track, format) => (track, Origin::Voice, format),
        Voice::Pcm(wav) => {
            let samples = cut::rescale(cut::length(&heard), timescale, wav.rate, true);
            let track = encode::encode(voice, wav, samples.min(wav.samples), encoded);
            (track.map_err(DubError::Io)?, Origin::Encoded, "WAV")
        }
    };
    let voice = keep_needed(track, heard, timescale)
        .ok_or_else(|| DubError::Voice("has no sound".to_owned()))?;
    let (mut picture, mut voice) = (picture, voice);
    let (head, segments) = lay_out(&mut picture, &mut voice, origin, timescale);
    let ticks = cut::length(&picture.edits).max(cut::length(&voice.edits));
    Ok(Dubbed::new(head, segments, ticks as f64 / f64::from(timescale), format))
}

/// Drops the samples that no edit needs. Returns `None` if none is left.
fn keep_needed(mut track: Track, edits: Vec<Edit>, timescale: u32) -> Option<OutputTrack> {
    let needed = needed_samples(&track, &edits, timescale);
    track.samples.truncate(needed);
    if track.samples.is_empty() {
        return None;
    }
    let chunks = chunks(&track, timescale);
    Some(OutputTrack { track, edits, chunks })
}
