//! AAC in ADTS frames.

use super::super::{Container, MediaInfo};
use super::ReadError;
use super::frames::{self, Frame};
use super::window::Window;

const RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];
/// Without the checksum.
const SHORTEST_HEADER: u32 = 7;
const BLOCK_SAMPLES: u32 = 1024;

/// Reads a frame's header.
pub(super) fn parse(bytes: &[u8]) -> Option<Frame> {
    let &[sync, kinds, rates, a, b, c, d] = bytes.get(..7)? else { return None };
    // The layer is always zero.
    if sync != 0xff || kinds & 0xf6 != 0xf0 {
        return None;
    }
    let rate = *RATES.get(usize::from((rates >> 2) & 0x0f))?;
    let length = u32::from(a & 3) << 11 | u32::from(b) << 3 | u32::from(c >> 5);
    if length <= SHORTEST_HEADER {
        return None;
    }
    Some(Frame {
        length,
        samples: (u32::from(d & 3) + 1) * BLOCK_SAMPLES,
        rate,
        // Version, profile, rate and channels.
        likeness: u32::from(kinds & 0xfe) << 16
            | u32::from(rates & 0xfd) << 8
            | u32::from(a & 0xc0),
    })
}

/// Reads a file whose first frame is at `at`. ADTS files do not state their length, so the frames
/// are counted.
pub(super) fn read(window: &Window<'_>, at: u64, first: Frame) -> Result<MediaInfo, ReadError> {
    let mut info = MediaInfo::new(Container::Adts, window.size());
    info.audio_codec = Some("aac".to_owned());
    if let Some(scan) = frames::count(window, at, first, parse)? {
        scan.describe(&mut info, 0);
    }
    Ok(info)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_headers() {
        // AAC-LC, 44.1 kHz, stereo, 371 bytes, one block.
        let frame = parse(&[0xff, 0xf1, 0x50, 0x80, 0x2e, 0x7f, 0xfc]).unwrap();
        assert_eq!((frame.length, frame.samples, frame.rate), (371, 1024, 44_100));
        // Four blocks.
        let frame = parse(&[0xff, 0xf1, 0x50, 0x80, 0x2e, 0x7f, 0xff]).unwrap();
        assert_eq!(frame.samples, 4096);
        // Not ADTS, a bad rate, a length shorter than the header, too few bytes.
        assert_eq!(parse(&[0xff, 0xfb, 0x50, 0x80, 0x2e, 0x7f, 0xfc]), None);
        assert_eq!(parse(&[0xff, 0xf1, 0x7c, 0x80, 0x2e, 0x7f, 0xfc]), None);
        assert_eq!(parse(&[0xff, 0xf1, 0x50, 0x80, 0x00, 0x1f, 0xfc]), None);
        assert_eq!(parse(&[0xff, 0xf1, 0x50]), None);
    }
}
