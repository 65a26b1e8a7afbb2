//! Corrects what ffmpeg states about the start of MP3 audio that it copies.
//!
//! The first frame of an MP3 file can say how many samples players leave out at the start. ffmpeg takes
//! that number from the source. For sources that do not state it (Matroska, AVI, FLV, MPEG-TS and more) it
//! writes 0 or a number below 0, and players then leave out up to 4096 samples of the voice.

use std::fs::OpenOptions;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use viseme::media::Container;

/// The first frame is within these bytes: ffmpeg writes an ID3 tag of less than 1 KB before it.
const HEAD: u64 = 64 * 1024;
/// The names of the tag, with the numbers of frames and bytes and the index in front of the delay.
const NAMES: [&[u8]; 2] = [b"Xing", b"Info"];
/// The flags that say which of these numbers there are, as ffmpeg writes them: all.
const ALL_NUMBERS: [u8; 4] = [0, 0, 0, 0x0f];
/// Where the part with the encoder and the delay starts, from the name of the tag.
const ENCODER_AT: usize = 120;
/// How long that part is.
const ENCODER_BYTES: usize = 36;
/// Where the delay is in that part: 12 bits, followed by 12 bits for the padding at the end.
const DELAY_AT: usize = 21;
/// What ffmpeg writes for an unknown delay: 0, or 0 less the 529 samples of the decoder in 12 bits.
const UNKNOWN: [u16; 2] = [0, 0x1000 - 529];

/// Removes the encoder and the delay from the first frame of an MP3 file if the source did not state them.
/// Then players play all of the audio. The length and the index stay.
pub(super) fn remove_unknown_delay(path: &Path, source: Container) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let mut head = Vec::new();
    (&file).take(HEAD).read_to_end(&mut head)?;
    if let Some(at) = unknown_delay(&head, source) {
        file.seek(SeekFrom::Start(at))?;
        file.write_all(&[0; ENCODER_BYTES])?;
    }
    Ok(())
}

/// Returns where the part with the delay starts, if the delay is not known.
fn unknown_delay(head: &[u8], source: Container) -> Option<u64> {
    let is_tag = |window: &[u8]| {
        let (name, flags) = window.split_at(4);
        NAMES.contains(&name) && flags == ALL_NUMBERS
    };
    let at = head.windows(8).position(is_tag)?.checked_add(ENCODER_AT)?;
    let encoder = head.get(at..at.checked_add(ENCODER_BYTES)?)?;
    let [high, low] = encoder.get(DELAY_AT..DELAY_AT + 2)?.try_into().ok()?;
    let delay = u16::from_be_bytes([high, low]) >> 4;
    let states_delay =
        matches!(source, Container::Mp3 | Container::Mp4 | Container::Mov | Container::M4a);
    (!states_delay || UNKNOWN.contains(&delay)).then(|| u64::try_from(at).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(name: &[u8], delay: u16) -> Vec<u8> {
        let mut head = vec![0xff; 40];
        head.extend_from_slice(name);
        head.extend(ALL_NUMBERS);
        head.resize(40 + ENCODER_AT, 1);
        head.extend_from_slice(b"Lavf");
        head.resize(40 + ENCODER_AT + DELAY_AT, 2);
        head.extend((delay << 4).to_be_bytes());
        head.resize(400, 3);
        head
    }

    #[test]
    fn a_delay_that_the_source_states_is_kept_and_an_unknown_one_is_removed() {
        for (name, delay, source, expected) in [
            (b"Info", 576, Container::Mp3, None),
            (b"Xing", 576, Container::Mov, None),
            (b"Info", 0, Container::Mp4, Some(160)),
            (b"Info", 3567, Container::Mp4, Some(160)),
            (b"Xing", 3567, Container::Matroska, Some(160)),
            (b"Xing", 576, Container::Avi, Some(160)),
            (b"none", 0, Container::Avi, None),
        ] {
            assert_eq!(unknown_delay(&head(name, delay), source), expected, "{delay} {source:?}");
        }
        for length in [0, 7, 48, 170, 190] {
            assert_eq!(unknown_delay(&head(b"Info", 0)[..length], Container::Avi), None);
        }
    }
}
