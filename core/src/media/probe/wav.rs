//! RIFF/WAVE, RF64 and BW64.

use super::super::{Container, MediaInfo};
use super::ReadError;
use super::cursor::Cursor;
use super::mpeg_audio::playing_time;
use super::window::Window;

/// Writers that cannot go back put 0xFFFFFFFF, 0x7FFFFFFF or a little less where the size belongs.
const SIZE_OF_A_STREAM: u64 = 0x7fff_0000;

/// What the `fmt ` chunk says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Format {
    tag: u16,
    rate: u32,
    bytes_a_second: u32,
    /// Bytes of one sample of all channels.
    block: u16,
}

/// The `data` chunk: what it says and what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sound {
    declared: u64,
    /// `None` where the file's size is not known.
    there: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Chunks {
    format: Option<Format>,
    sound: Option<Sound>,
    /// From `ds64`: the real size of `data` in RF64.
    long_size: Option<u64>,
    /// From `fact`: samples for each channel.
    samples: Option<u32>,
}

/// Reads a file that begins as RIFF or RF64 of the form WAVE.
pub(super) fn read(window: &Window<'_>) -> Result<MediaInfo, ReadError> {
    let chunks = chunks(window)?;
    let mut info = MediaInfo::new(Container::Wav, window.size());
    let (format, sound) = match (chunks.format, chunks.sound) {
        (Some(format), Some(sound)) => (format, sound),
        (_, None) => {
            info.corruption = Some("has no audio (no data chunk)".to_owned());
            return Ok(info);
        }
        (None, _) => {
            info.corruption = Some("does not describe its encoding (no fmt chunk)".to_owned());
            return Ok(info);
        }
    };
    info.audio_codec = Some(codec(format.tag));
    add_duration(&mut info, format, sound, chunks.samples);
    Ok(info)
}

fn chunks(window: &Window<'_>) -> Result<Chunks, ReadError> {
    let mut found = Chunks::default();
    let mut at = 12_u64;
    while window.step() {
        let header = window.read(at, 8)?;
        let mut cursor = Cursor::new(&header);
        let (Some(id), Some(size)) = (cursor.array::<4>(), cursor.u32_le()) else { break };
        let body = at.saturating_add(8);
        let mut length = u64::from(size);
        match &id {
            b"fmt " => found.format = format(&window.read(body, 40)?),
            b"ds64" => found.long_size = long_size(&window.read(body, 16)?),
            b"fact" => found.samples = Cursor::new(&window.read(body, 4)?).u32_le(),
            b"data" => {
                length = found.long_size.filter(|_| size == u32::MAX).unwrap_or(length);
                let there = window.size().map(|size| size.saturating_sub(body));
                found.sound = Some(Sound { declared: length, there });
            }
            _ => {}
        }
        if found.format.is_some() && found.sound.is_some() {
            break;
        }
        // Chunks begin at even offsets.
        at = body.saturating_add(length).saturating_add(length & 1);
    }
    Ok(found)
}

fn format(content: &[u8]) -> Option<Format> {
    let mut cursor = Cursor::new(content);
    let tag = cursor.u16_le()?;
    cursor.skip(2)?;
    let rate = cursor.u32_le()?;
    let bytes_a_second = cursor.u32_le()?;
    let block = cursor.u16_le()?;
    // In the extensible form the tag is the start of an identifier further on.
    let tag = if tag == 0xfffe { extended_tag(cursor).unwrap_or(tag) } else { tag };
    Some(Format { tag, rate, bytes_a_second, block })
}

fn extended_tag(mut cursor: Cursor<'_>) -> Option<u16> {
    cursor.skip(10)?;
    cursor.u16_le()
}

fn long_size(content: &[u8]) -> Option<u64> {
    let mut cursor = Cursor::new(content);
    cursor.skip(8)?;
    cursor.u64_le()
}

fn codec(tag: u16) -> String {
    match tag {
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

fn is_plain(tag: u16) -> bool {
    matches!(tag, 1 | 3 | 6 | 7)
}

fn add_duration(info: &mut MediaInfo, format: Format, sound: Sound, samples: Option<u32>) {
    let is_streamed = sound.declared == 0 || sound.declared >= SIZE_OF_A_STREAM;
    let length = match sound.there {
        Some(there) if is_streamed => there,
        Some(there) if sound.declared > there => {
            let declared = sound.declared;
            info.corruption = Some(format!(
                "is truncated: {there} of {declared} bytes of its audio data are present"
            ));
            sound.declared
        }
        // The size is a placeholder and the file's end is not known.
        None if is_streamed => return,
        _ => sound.declared,
    };
    if length == 0 {
        info.corruption = Some("has no audio: its data chunk is empty".to_owned());
    } else if format.rate == 0 || (is_plain(format.tag) && format.block == 0) {
        info.corruption = Some("has a format description that makes no sense".to_owned());
    } else if is_plain(format.tag) {
        info.duration = playing_time(length / u64::from(format.block), format.rate);
    } else if let Some(samples) = samples.filter(|samples| *samples > 0 && !is_streamed) {
        info.duration = playing_time(samples.into(), format.rate);
    } else {
        info.duration = playing_time(length, format.bytes_a_second);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn duration_of(
        format: Format,
        sound: Sound,
        samples: Option<u32>,
    ) -> (Option<f64>, Option<String>) {
        let mut info = MediaInfo::new(Container::Wav, None);
        add_duration(&mut info, format, sound, samples);
        (info.duration.map(|duration| duration.as_secs_f64()), info.corruption)
    }

    const PCM: Format = Format { tag: 1, rate: 8_000, bytes_a_second: 16_000, block: 2 };

    #[test]
    fn placeholders_mean_to_the_end() {
        for declared in [0, 0x7fff_f000, 0x7fff_ffff, 0xffff_ffff, 0xffff_ffdb] {
            let sound = Sound { declared, there: Some(32_000) };
            assert_eq!(duration_of(PCM, sound, None), (Some(2.0), None), "{declared:x}");
            let endless = Sound { declared, there: None };
            assert_eq!(duration_of(PCM, endless, None), (None, None), "{declared:x}");
        }
    }

    #[test]
    fn a_cut_file_keeps_the_length_that_was_meant() {
        let (seconds, corruption) =
            duration_of(PCM, Sound { declared: 32_000, there: Some(1_200) }, None);
        assert_eq!(seconds, Some(2.0));
        assert_eq!(
            corruption.as_deref(),
            Some("is truncated: 1200 of 32000 bytes of its audio data are present")
        );
    }

    #[test]
    fn nothing_and_nonsense_are_damage() {
        let some = Sound { declared: 100, there: Some(100) };
        assert!(duration_of(PCM, Sound { declared: 0, there: Some(0) }, None).1.is_some());
        assert!(duration_of(Format { rate: 0, ..PCM }, some, None).1.is_some());
        assert!(duration_of(Format { block: 0, ..PCM }, some, None).1.is_some());
    }

    #[test]
    fn coded_sound_is_timed_by_its_samples_or_its_rate() {
        let adpcm = Format { tag: 2, rate: 8_000, bytes_a_second: 4_000, block: 256 };
        let sound = Sound { declared: 8_000, there: Some(8_000) };
        assert_eq!(duration_of(adpcm, sound, Some(24_000)).0, Some(3.0));
        assert_eq!(duration_of(adpcm, sound, None).0, Some(2.0));
        let unknown = Format { bytes_a_second: 0, ..adpcm };
        assert_eq!(duration_of(unknown, sound, None), (None, None));
    }

    #[test]
    fn the_extensible_form_names_its_tag() {
        let mut content = vec![0xfe, 0xff, 2, 0, 0x40, 0x1f, 0, 0, 0, 0x7d, 0, 0, 4, 0, 16, 0];
        content.extend([22, 0, 16, 0, 3, 0, 0, 0, 3, 0]);
        assert_eq!(format(&content).map(|format| format.tag), Some(3));
    }
}
