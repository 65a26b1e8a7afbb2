//! Reads a voice: MP3, AAC, M4A or WAV.

mod adts;
mod frames;
mod mpeg_audio;
mod sniff;
mod wav;

use crate::error::{Problem, unusable};
use crate::isobmff::boxes::{boxed, full_box};
use crate::isobmff::read_track;
use crate::isobmff::sample_entry::{fixed_rate, sound_fields};
use crate::source::ReadAt;
use crate::track::{Track, TrackKind};
use sniff::Format;

pub(crate) use wav::WavFile;

/// A voice.
pub(crate) enum Voice {
    /// Frames that are copied, and the name of their format.
    Frames(Track, &'static str),
    /// Samples that are encoded as FLAC.
    Pcm(WavFile),
}

/// Reads the index of a voice, but none of its sound.
pub(crate) fn read(source: &dyn ReadAt) -> Result<Voice, Problem> {
    let (format, start) = sniff::sniff(source)?;
    match format {
        Format::Wav => wav::read(source, start).map(Voice::Pcm),
        Format::Mp4 => {
            read_track(source, TrackKind::Sound).map(|track| Voice::Frames(track, "M4A"))
        }
        Format::Adts => adts::read(source, start).map(|track| Voice::Frames(track, "AAC")),
        Format::MpegAudio => {
            mpeg_audio::read(source, start).map(|track| Voice::Frames(track, "MP3"))
        }
        Format::Other(name) => Err(unusable(format!("is {name}, which MP4 files cannot hold"))),
        Format::Unknown => Err(unusable("is not MP3, AAC, M4A or WAV")),
    }
}

/// Returns an `mp4a` entry. `object_type` says which codec it is, `settings` configures the decoder.
fn mp4a(object_type: u8, channels: u16, rate: u32, settings: &[u8]) -> Vec<u8> {
    let mut decoder = vec![object_type, 0x15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    if !settings.is_empty() {
        decoder.extend_from_slice(&descriptor(5, settings));
    }
    let stream = [&[0, 0, 0][..], &descriptor(4, &decoder), &descriptor(6, &[2])].concat();
    let esds = full_box(b"esds", 0, 0, &descriptor(3, &stream));
    boxed(b"mp4a", &[sound_fields(channels, 16, fixed_rate(rate)), esds].concat())
}

/// Returns a descriptor of less than 128 bytes.
fn descriptor(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap_or_default() & 0x7f;
    [&[tag, length], content].concat()
}
