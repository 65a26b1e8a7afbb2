//! The first frame of many MP3 files: no sound, but how much sound follows (Xing, Info, VBRI).

use std::time::Duration;

use super::cursor::Cursor;
use super::frames::Frame;

/// Such a header lies within this many bytes.
pub(super) const LONGEST: usize = 512;

/// How much sound follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct VbrHeader {
    /// Frames of sound.
    pub(super) frames: u32,
    /// Bytes of the whole stream, this frame included.
    pub(super) bytes: Option<u32>,
    /// Samples at both ends that the encoder added.
    pub(super) trim: u32,
}

impl VbrHeader {
    /// How long the sound is, when its frames are like this one.
    pub(super) fn playing_time(self, frame: Frame) -> Duration {
        let all = u64::from(self.frames).saturating_mul(frame.samples.into());
        let kept = all.saturating_sub(self.trim.into());
        let nanos = u128::from(kept).saturating_mul(1_000_000_000) / u128::from(frame.rate.max(1));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
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
    let frames = if flags & 1 != 0 { cursor.u32()? } else { 0 };
    let bytes = if flags & 2 != 0 { Some(cursor.u32()?) } else { None };
    if flags & 4 != 0 {
        cursor.skip(100)?;
    }
    if flags & 8 != 0 {
        cursor.skip(4)?;
    }
    let trim = encoder_trim(cursor).unwrap_or(0);
    (frames > 0).then_some(VbrHeader { frames, bytes: bytes.filter(|bytes| *bytes > 0), trim })
}

/// The encoder's delay and padding, in the part that LAME added to the header.
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
    (frames > 0).then_some(VbrHeader { frames, bytes: (bytes > 0).then_some(bytes), trim: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame = Frame { length: 417, samples: 1152, rate: 44_100, likeness: 0 };

    fn frame(head: [u8; 4], at: usize, content: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; LONGEST];
        bytes[..4].copy_from_slice(&head);
        bytes[at..at + content.len()].copy_from_slice(content);
        bytes
    }

    #[test]
    fn xing_in_every_place() {
        let content = b"Xing\0\0\0\x03\0\0\0\x64\0\0\x10\0";
        let expected = Some(VbrHeader { frames: 100, bytes: Some(4096), trim: 0 });
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
    fn the_encoders_samples_are_not_played() {
        let mut content = b"Info\0\0\0\x01\0\0\0\x64".to_vec();
        content.extend(b"LAME3.100");
        content.extend([0; 12]);
        // 576 samples of delay, 1000 of padding.
        content.extend([0x24, 0x03, 0xe8]);
        let header = parse(&frame([0xff, 0xfb, 0x90, 0x00], 36, &content)).unwrap();
        assert_eq!(header, VbrHeader { frames: 100, bytes: None, trim: 1576 });
        let seconds = header.playing_time(FRAME).as_secs_f64();
        assert!((seconds - (115_200.0 - 1576.0) / 44_100.0).abs() < 1e-6, "{seconds}");
    }

    #[test]
    fn vbri_is_read_and_nonsense_is_not() {
        let content = b"VBRI\0\x01\0\0\0\x4b\0\0\x10\0\0\0\0\x64";
        assert_eq!(
            parse(&frame([0xff, 0xfb, 0x90, 0x00], 36, content)),
            Some(VbrHeader { frames: 100, bytes: Some(4096), trim: 0 })
        );
        assert_eq!(parse(&frame([0xff, 0xfb, 0x90, 0x00], 36, b"Xing\0\0\0\x01\0\0\0\0")), None);
        assert_eq!(parse(&frame([0xff, 0xfb, 0x90, 0x00], 36, b"LAME")), None);
        assert_eq!(parse(&[0xff, 0xfb]), None);
        let most = VbrHeader { frames: u32::MAX, bytes: None, trim: 0 };
        assert!(most.playing_time(Frame { rate: 0, ..FRAME }).as_secs() > 0);
    }
}
