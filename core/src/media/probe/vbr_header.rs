//! Reads the first frame of many MP3 files: no audio, but how much follows (Xing, Info, VBRI).

use std::time::Duration;

use super::cursor::Cursor;
use super::frames::{Frame, playing_time};

/// Such a header lies within this many bytes.
pub(super) const MAX_LENGTH: usize = 512;

/// How much audio follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct VbrHeader {
    /// The number of frames with audio.
    pub(super) frames: Option<u32>,
    /// The bytes of the whole stream, this frame included.
    pub(super) bytes: Option<u32>,
    /// The samples at both ends that the encoder added.
    pub(super) trim: u32,
}

impl VbrHeader {
    /// Returns how long so many frames like this one play.
    pub(super) fn playing_time(self, frames: u32, frame: Frame) -> Option<Duration> {
        let all = u64::from(frames).saturating_mul(frame.samples.into());
        playing_time(all.saturating_sub(self.trim.into()), frame.rate)
    }
}

/// Reads the header from a frame's bytes.
pub(super) fn parse(frame: &[u8]) -> Option<VbrHeader> {
    let second = *frame.get(1)?;
    let is_first_version = second & 0x08 != 0;
    let is_mono = frame.get(3)? >> 6 == 3;
    let side_information = match (is_first_version, is_mono) {
        (true, false) => 32,
        (true, true) | (false, false) => 17,
        (false, true) => 9,
    };
    xing(frame.get(4 + side_information..)?).or_else(|| vbri(frame.get(36..)?))
}

fn xing(bytes: &[u8]) -> Option<VbrHeader> {
    let mut cursor = Cursor::new(bytes);
    if !matches!(cursor.take(4)?, b"Xing" | b"Info") {
        return None;
    }
    let flags = cursor.u32()?;
    let frames = if flags & 1 != 0 { Some(cursor.u32()?) } else { None };
    let bytes = if flags & 2 != 0 { Some(cursor.u32()?) } else { None };
    if flags & 4 != 0 {
        cursor.skip(100)?;
    }
    if flags & 8 != 0 {
        cursor.skip(4)?;
    }
    let trim = encoder_trim(cursor).unwrap_or(0);
    Some(VbrHeader { frames: known(frames), bytes: known(bytes), trim })
}

/// Returns a count that is one.
fn known(count: Option<u32>) -> Option<u32> {
    count.filter(|count| *count > 0)
}

/// Returns the encoder's delay and padding, from the part that LAME added to the header.
fn encoder_trim(mut cursor: Cursor<'_>) -> Option<u32> {
    let encoder = cursor.take(9)?;
    let is_known =
        [&b"LAME"[..], b"Lavf", b"Lavc", b"L3.9"].iter().any(|it| encoder.starts_with(it));
    cursor.skip(12)?;
    let [a, b, c] = cursor.array()?;
    let both = u32::from(a) << 16 | u32::from(b) << 8 | u32::from(c);
    is_known.then_some((both >> 12) + (both & 0xfff))
}

fn vbri(bytes: &[u8]) -> Option<VbrHeader> {
    let mut cursor = Cursor::new(bytes);
    if cursor.take(4)? != b"VBRI" {
        return None;
    }
    // Version, delay and quality.
    cursor.skip(6)?;
    let bytes = cursor.u32()?;
    let frames = cursor.u32()?;
    Some(VbrHeader { frames: known(Some(frames)), bytes: known(Some(bytes)), trim: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame = Frame { length: 417, samples: 1152, rate: 44_100, likeness: 0 };

    fn frame(head: [u8; 4], at: usize, content: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; MAX_LENGTH];
        bytes[..4].copy_from_slice(&head);
        bytes[at..at + content.len()].copy_from_slice(content);
        bytes
    }

    #[test]
    fn xing_headers_of_every_version_and_mode() {
        let content = b"Xing\0\0\0\x03\0\0\0\x64\0\0\x10\0";
        let expected = Some(VbrHeader { frames: Some(100), bytes: Some(4096), trim: 0 });
        for (head, at) in [
            ([0xff, 0xfb, 0x90, 0x00], 36),
            ([0xff, 0xfb, 0x90, 0xc0], 21),
            ([0xff, 0xf3, 0x80, 0x00], 21),
            ([0xff, 0xf3, 0x80, 0xc0], 13),
        ] {
            assert_eq!(parse(&frame(head, at, content)), expected, "{head:02x?}");
        }
    }

    #[test]
    fn the_encoders_delay_and_padding_are_not_played() {
        let mut content = b"Info\0\0\0\x01\0\0\0\x64".to_vec();
        content.extend(b"LAME3.100");
        content.extend([0; 12]);
        // 576 samples of delay, 1000 of padding.
        content.extend([0x24, 0x03, 0xe8]);
        let header = parse(&frame([0xff, 0xfb, 0x90, 0x00], 36, &content)).unwrap();
        assert_eq!(header, VbrHeader { frames: Some(100), bytes: None, trim: 1576 });
        let seconds = header.playing_time(100, FRAME).unwrap().as_secs_f64();
        assert!((seconds - (115_200.0 - 1576.0) / 44_100.0).abs() < 1e-6, "{seconds}");
    }

    #[test]
    fn vbri_headers() {
        let content = b"VBRI\0\x01\0\0\0\x4b\0\0\x10\0\0\0\0\x64";
        assert_eq!(
            parse(&frame([0xff, 0xfb, 0x90, 0x00], 36, content)),
            Some(VbrHeader { frames: Some(100), bytes: Some(4096), trim: 0 })
        );
        // The header is one even if it states no counts: its frame has no audio.
        for content in [&b"Xing\0\0\0\x01\0\0\0\0"[..], b"Info\0\0\0\0"] {
            assert_eq!(
                parse(&frame([0xff, 0xfb, 0x90, 0x00], 36, content)),
                Some(VbrHeader { frames: None, bytes: None, trim: 0 })
            );
        }
        assert_eq!(parse(&frame([0xff, 0xfb, 0x90, 0x00], 36, b"LAME")), None);
        assert_eq!(parse(&[0xff, 0xfb]), None);
        let absurd = VbrHeader { frames: Some(u32::MAX), bytes: None, trim: 0 };
        assert_eq!(absurd.playing_time(u32::MAX, Frame { rate: 0, ..FRAME }), None);
    }
}
