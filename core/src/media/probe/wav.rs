//! RIFF/WAVE, RF64 and BW64.

use super::super::{Container, MediaInfo};
use super::ReadError;
use super::cursor::Cursor;
use super::frames::playing_time;
use super::window::Window;

/// Writers that cannot go back write 0xFFFFFFFF, 0x7FFFFFFF or a little less as the size.
const PLACEHOLDER: u64 = 0x7fff_0000;
/// Sizes that are this much too large count the headers, too.
const HEADER_SLACK: u64 = 4096;
/// How far the next chunk is searched if it is not where the one before ends.
const SEARCH: usize = 64 * 1024;
/// Chunks of other names are read as well; these are recognized at odd offsets.
const KNOWN_CHUNKS: [&[u8; 4]; 18] = [
    b"fmt ", b"data", b"fact", b"ds64", b"LIST", b"list", b"JUNK", b"junk", b"bext", b"cue ",
    b"PEAK", b"id3 ", b"ID3 ", b"smpl", b"inst", b"iXML", b"FLLR", b"PAD ",
];

/// The facts in the `fmt ` chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Format {
    tag: u16,
    channels: u16,
    rate: u32,
    byte_rate: u32,
    /// Bytes of one sample of all channels.
    block: u16,
    /// Bits of one sample of one channel.
    bits: u16,
}

impl Format {
    fn read(content: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(content);
        let mut format = Self {
            tag: cursor.u16_le()?,
            channels: cursor.u16_le()?,
            rate: cursor.u32_le()?,
            byte_rate: cursor.u32_le()?,
            block: cursor.u16_le()?,
            bits: 0,
        };
        format.bits = cursor.u16_le().unwrap_or(0);
        if format.tag == 0xfffe {
            // In the extensible form the tag is the start of an identifier further on.
            cursor.skip(8);
            format.tag = cursor.u16_le().unwrap_or(format.tag);
        }
        Some(format)
    }

    fn codec(self) -> String {
        match self.tag {
            1 => "pcm".to_owned(),
            3 => "pcm_float".to_owned(),
            2 | 0x11 => "adpcm".to_owned(),
            6 => "alaw".to_owned(),
            7 => "mulaw".to_owned(),
            0x31 => "gsm".to_owned(),
            0x50 => "mp2".to_owned(),
            0x55 => "mp3".to_owned(),
            0xff | 0x1600 => "aac".to_owned(),
            other => format!("0x{other:04x}"),
        }
    }

    /// Returns true for formats with a fixed number of bytes for each sample.
    fn is_plain(self) -> bool {
        matches!(self.tag, 1 | 3 | 6 | 7)
    }

    /// Returns the bytes of one sample of all channels, as players compute them.
    fn sample_bytes(self) -> u64 {
        let bits = if matches!(self.tag, 6 | 7) { 8 } else { self.bits };
        match u64::from(self.channels).saturating_mul(u64::from(bits).div_ceil(8)) {
            0 => self.block.into(),
            bytes => bytes,
        }
    }
}

/// The `data` chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sound {
    declared: u64,
    /// The bytes up to the end of the file; `None` if the size of the file is not known.
    present: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Chunks {
    format: Option<Format>,
    sound: Option<Sound>,
    /// The size of `data` in RF64, from `ds64`.
    long_size: Option<u64>,
    /// Samples of each channel, from `fact`.
    samples: Option<u32>,
}

/// Reads a file with a RIFF or RF64 header of the form WAVE at `start`.
pub(super) fn read(window: &Window<'_>, start: u64) -> Result<MediaInfo, ReadError> {
    let chunks = chunks(window, start.saturating_add(12))?;
    let mut info = MediaInfo::new(Container::Wav, window.size());
    let clause = match (chunks.format, chunks.sound) {
        (Some(format), Some(sound)) => {
            info.audio_codec = Some(format.codec());
            add_duration(&mut info, format, sound, chunks.samples);
            return Ok(info);
        }
        (_, None) => "has no audio (no data chunk)",
        (None, _) => "does not describe its encoding (no fmt chunk)",
    };
    info.corruption = Some(clause.to_owned());
    Ok(info)
}

fn chunks(window: &Window<'_>, first: u64) -> Result<Chunks, ReadError> {
    let mut found = Chunks::default();
    let mut at = first;
    let mut previous = first;
    while window.step() {
        let header = window.read(at, 8)?;
        let mut cursor = Cursor::new(&header);
        let chunk = cursor.array::<4>().zip(cursor.u32_le());
        let Some((id, size)) = chunk.filter(|(id, _)| is_name(id)) else {
            match lost_data(window, previous, &found)? {
                Some(data) if data > previous => (at, previous) = (data, data),
                _ => break,
            }
            continue;
        };
        let body = at.saturating_add(8);
        let mut length = u64::from(size);
        match &id {
            b"fmt " => found.format = Format::read(&window.read(body, 40)?),
            b"ds64" => found.long_size = long_size(&window.read(body, 16)?),
            b"fact" => found.samples = Cursor::new(&window.read(body, 4)?).u32_le(),
            b"data" => {
                length = found.long_size.filter(|_| size == u32::MAX).unwrap_or(length);
                let present = window.size().map(|size| size.saturating_sub(body));
                found.sound = Some(Sound { declared: length, present });
            }
            _ => {}
        }
        if found.format.is_some() && found.sound.is_some() {
            break;
        }
        previous = body;
        at = next_chunk(window, body.saturating_add(length), length)?;
    }
    Ok(found)
}

/// Returns where the chunk after one that ends at `end` starts: at an even offset, unless the
/// writer forgot the padding byte.
fn next_chunk(window: &Window<'_>, end: u64, length: u64) -> Result<u64, ReadError> {
    let padded = end.saturating_add(length & 1);
    if padded > end {
        let is_known = |at: u64| -> Result<bool, ReadError> {
            Ok(window.array::<4>(at)?.is_some_and(|id| KNOWN_CHUNKS.contains(&&id)))
        };
        if !is_known(padded)? && is_known(end)? {
            return Ok(end);
        }
    }
    Ok(padded)
}

/// Returns where the data chunk is, if the sizes of the chunks before do not lead to it.
fn lost_data(window: &Window<'_>, from: u64, found: &Chunks) -> Result<Option<u64>, ReadError> {
    if found.sound.is_some() {
        return Ok(None);
    }
    let near = window.read(from, SEARCH)?;
    let place = memchr::memmem::find(&near, b"data");
    Ok(place.map(|place| from.saturating_add(place as u64)))
}

fn is_name(id: &[u8; 4]) -> bool {
    id.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ')
}

fn long_size(content: &[u8]) -> Option<u64> {
    let mut cursor = Cursor::new(content);
    cursor.skip(8)?;
    cursor.u64_le()
}

/// Adds the duration. The data reach to the end of the file if their size is a placeholder or too
/// large: players play what is there.
fn add_duration(info: &mut MediaInfo, format: Format, sound: Sound, samples: Option<u32>) {
    let declared = sound.declared;
    let is_placeholder = declared == 0 || declared >= PLACEHOLDER;
    let is_exact = sound.present.is_none_or(|present| declared <= present) && !is_placeholder;
    let length = match sound.present {
        // The size of the file is not known, and the declared one is a placeholder.
        None if is_placeholder => return,
        None => declared,
        Some(present) if is_exact => declared.min(present),
        Some(present) => {
            if !is_placeholder && declared - present > HEADER_SLACK {
                info.anomaly = Some(format!(
                    "declares {declared} bytes of audio data but has {present}, so it may be \
                     truncated"
                ));
            }
            present
        }
    };
    let sample_bytes = format.sample_bytes();
    let rate = match (format.rate, sample_bytes) {
        // The byte rate says the same.
        (0, 1..) => u32::try_from(u64::from(format.byte_rate) / sample_bytes).unwrap_or(0),
        (rate, _) => rate,
    };
    if length == 0 {
        info.corruption = Some("has no audio: its data chunk is empty".to_owned());
    } else if rate == 0 || (format.is_plain() && sample_bytes == 0) {
        info.corruption = Some("has an impossible format description (fmt chunk)".to_owned());
    } else if format.is_plain() {
        info.duration = playing_time(length / sample_bytes, rate);
    } else if let Some(samples) = samples.filter(|samples| *samples > 0 && is_exact) {
        info.duration = playing_time(samples.into(), rate);
    } else {
        info.duration = playing_time(length, format.byte_rate);
    }
}

#[cfg(test)]
mod tests {
    use super::super::BytesSource;
    use super::*;

    fn described(format: Format, sound: Sound, samples: Option<u32>) -> MediaInfo {
        let mut info = MediaInfo::new(Container::Wav, None);
        add_duration(&mut info, format, sound, samples);
        info
    }

    fn seconds(info: &MediaInfo) -> Option<f64> {
        info.duration.map(|duration| duration.as_secs_f64())
    }

    const PCM: Format =
        Format { tag: 1, channels: 1, rate: 8_000, byte_rate: 16_000, block: 2, bits: 16 };

    #[test]
    fn a_placeholder_size_means_to_the_end_of_the_file() {
        for declared in [0, 0x7fff_f000, 0x7fff_ffff, 0xffff_ffff, 0xffff_ffdb] {
            let info = described(PCM, Sound { declared, present: Some(32_000) }, None);
            assert_eq!((seconds(&info), &info.anomaly), (Some(2.0), &None), "{declared:x}");
            let unknown = described(PCM, Sound { declared, present: None }, None);
            assert_eq!((seconds(&unknown), unknown.corruption), (None, None), "{declared:x}");
        }
    }

    #[test]
    fn a_size_beyond_the_end_of_the_file_is_at_most_an_anomaly() {
        let slight = described(PCM, Sound { declared: 32_044, present: Some(32_000) }, None);
        assert_eq!((seconds(&slight), slight.anomaly), (Some(2.0), None));
        let info = described(PCM, Sound { declared: 64_000, present: Some(32_000) }, None);
        assert_eq!((seconds(&info), info.corruption), (Some(2.0), None));
        assert!(info.anomaly.unwrap().contains("declares 64000 bytes of audio data but has 32000"));
    }

    #[test]
    fn a_field_of_the_format_may_be_missing() {
        let sound = Sound { declared: 32_000, present: Some(32_000) };
        for format in [
            Format { block: 0, ..PCM },
            Format { bits: 0, ..PCM },
            Format { channels: 0, ..PCM },
            Format { rate: 0, ..PCM },
            Format { byte_rate: 0, ..PCM },
        ] {
            assert_eq!(seconds(&described(format, sound, None)), Some(2.0), "{format:?}");
        }
    }

    #[test]
    fn no_data_and_impossible_formats_are_corruption() {
        let some = Sound { declared: 100, present: Some(100) };
        let empty = Sound { declared: 0, present: Some(0) };
        assert!(described(PCM, empty, None).corruption.is_some());
        let no_rate = Format { rate: 0, byte_rate: 0, ..PCM };
        assert!(described(no_rate, some, None).corruption.is_some());
        let no_size = Format { block: 0, bits: 0, ..PCM };
        assert!(described(no_size, some, None).corruption.is_some());
    }

    #[test]
    fn compressed_audio_is_timed_by_its_samples_or_its_byte_rate() {
        let adpcm = Format { tag: 2, byte_rate: 4_000, block: 256, bits: 4, ..PCM };
        let sound = Sound { declared: 8_000, present: Some(8_000) };
        assert_eq!(seconds(&described(adpcm, sound, Some(24_000))), Some(3.0));
        assert_eq!(seconds(&described(adpcm, sound, None)), Some(2.0));
        let unknown = described(Format { byte_rate: 0, ..adpcm }, sound, None);
        assert_eq!((seconds(&unknown), unknown.corruption), (None, None));
    }

    #[test]
    fn the_extensible_form_names_its_tag() {
        let mut content = vec![0xfe, 0xff, 2, 0, 0x40, 0x1f, 0, 0, 0, 0x7d, 0, 0, 4, 0, 16, 0];
        content.extend([22, 0, 16, 0, 3, 0, 0, 0, 3, 0]);
        assert_eq!(Format::read(&content).map(|format| format.tag), Some(3));
    }

    #[test]
    fn the_data_are_found_behind_chunks_of_a_false_size() {
        let format = b"fmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0";
        let data = [&b"data\x40\x1f\0\0"[..], &[1; 8_000]].concat();
        for between in [
            &b"LIST\x05\0\0\0INFOx"[..],
            b"LIST\x05\0\0\0INFOx\0",
            b"LIST\x40\0\0\0INFOabcd",
            b"note\xff\xff\xff\x7fINFOabcd",
        ] {
            let file = [&b"RIFF\0\0\0\0WAVE"[..], format, between, &data].concat();
            let source = BytesSource::new(file);
            let info = read(&Window::new(&source, 1_000_000), 0).unwrap();
            assert_eq!(seconds(&info), Some(0.5), "{}", between.escape_ascii());
        }
    }
}
