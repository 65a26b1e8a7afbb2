//! MP3 (and layer 2): the header of frames, and playing time.

use std::time::Duration;

use super::super::{Container, MediaInfo};
use super::ReadError;
use super::frames::{self, Frame, Scan};
use super::vbr_header::{self, VbrHeader};
use super::window::Window;

/// Kilobits a second by index, for MPEG-1 layer 3, MPEG-1 layer 2, and MPEG-2 and 2.5.
const BITRATES: [[u32; 15]; 3] = [
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];
const RATES: [u32; 3] = [44_100, 48_000, 32_000];
const LAYER_3: u8 = 1;
const LAYER_2: u8 = 2;
/// Beyond what its header says a file may have this many bytes of tags.
const TAG_ALLOWANCE: u64 = 64 * 1024;

/// Reads a frame's header. Layer 1 and free bitrates are out of use and not read.
pub(super) fn parse(bytes: &[u8]) -> Option<Frame> {
    let &[sync, kinds, rates, modes] = bytes.get(..4)? else { return None };
    let version = (kinds >> 3) & 3;
    let layer = (kinds >> 1) & 3;
    if sync != 0xff || kinds < 0xe0 || version == 1 || modes & 3 == 2 {
        return None;
    }
    let is_first_version = version == 3;
    let table = match (is_first_version, layer) {
        (true, LAYER_3) => 0,
        (true, LAYER_2) => 1,
        (false, LAYER_3 | LAYER_2) => 2,
        _ => return None,
    };
    let kilobits = *BITRATES.get(table)?.get(usize::from(rates >> 4))?;
    let base_rate = *RATES.get(usize::from((rates >> 2) & 3))?;
    let rate = match version {
        3 => base_rate,
        2 => base_rate / 2,
        _ => base_rate / 4,
    };
    let samples = if layer == LAYER_3 && !is_first_version { 576 } else { 1152 };
    if kilobits == 0 {
        return None;
    }
    let padding = u32::from((rates >> 1) & 1);
    Some(Frame {
        length: samples / 8 * kilobits * 1000 / rate + padding,
        samples,
        rate,
        likeness: u32::from(kinds & 0xfe) << 8 | u32::from(rates & 0x0c),
    })
}

/// Whether a frame is of layer 2.
fn is_layer_2(frame: Frame) -> bool {
    (frame.likeness >> 9) & 3 == u32::from(LAYER_2)
}

/// Reads a file whose first frame is at `at`.
pub(super) fn read(window: &Window<'_>, at: u64, first: Frame) -> Result<MediaInfo, ReadError> {
    let (container, codec) =
        if is_layer_2(first) { (Container::Mp2, "mp2") } else { (Container::Mp3, "mp3") };
    let mut info = MediaInfo::new(container, window.size());
    info.audio_codec = Some(codec.to_owned());

    let header = vbr_header::parse(&window.read(at, vbr_header::LONGEST)?);
    let there = window.size().map(|size| size.saturating_sub(at));
    if let Some(header) = header.filter(|header| speaks_for_all(header, there)) {
        info.duration = Some(header.playing_time(first));
        info.corruption = header.bytes.zip(there).and_then(|(says, there)| shortfall(says, there));
        return Ok(info);
    }
    // A header frame holds no sound.
    let from = at.saturating_add(if header.is_some() { first.length.into() } else { 0 });
    if let Some(scan) = frames::count(window, from, first, parse)? {
        add_scan(&mut info, scan, first.rate);
    }
    Ok(info)
}

/// Adds what a scan over all frames found to the facts.
pub(super) fn add_scan(info: &mut MediaInfo, scan: Scan, rate: u32) {
    info.duration = playing_time(scan.samples, rate);
    if scan.junk > scan.sound {
        info.corruption = Some(format!(
            "has {} bytes of audio and {} bytes of other data",
            scan.sound, scan.junk
        ));
    } else if scan.is_cut {
        info.anomaly = Some("ends in the middle of a frame and may be truncated".to_owned());
    }
}

pub(super) fn playing_time(samples: u64, rate: u32) -> Option<Duration> {
    // Exact up to 2^53 samples.
    let samples = samples as f64;
    (rate > 0 && samples > 0.0)
        .then(|| Duration::try_from_secs_f64(samples / f64::from(rate)).ok())
        .flatten()
}

/// A header speaks for its own stream alone, not for a second one that was appended.
fn speaks_for_all(header: &VbrHeader, there: Option<u64>) -> bool {
    match (header.bytes, there) {
        (Some(says), Some(there)) => {
            there <= u64::from(says).saturating_add(TAG_ALLOWANCE.max(u64::from(says) / 50))
        }
        _ => true,
    }
}

fn shortfall(says: u32, there: u64) -> Option<String> {
    let says = u64::from(says);
    let missing = says.saturating_sub(there);
    (missing > says / 100)
        .then(|| format!("is truncated: {there} of {says} bytes of its audio data are present"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_frames() {
        for (bytes, expected) in [
            // MPEG-1 layer 3, 128 kbit/s, 44.1 kHz, without and with padding.
            ([0xff, 0xfb, 0x90, 0x64], Some((417, 1152, 44_100))),
            ([0xff, 0xfb, 0x92, 0x64], Some((418, 1152, 44_100))),
            // MPEG-2 layer 3, 64 kbit/s, 24 kHz.
            ([0xff, 0xf3, 0x84, 0xc4], Some((192, 576, 24_000))),
            // MPEG-2.5 layer 3, 8 kbit/s, 8 kHz.
            ([0xff, 0xe3, 0x18, 0xc4], Some((72, 576, 8_000))),
            // MPEG-1 layer 2, 192 kbit/s, 48 kHz.
            ([0xff, 0xfd, 0xa4, 0x00], Some((576, 1152, 48_000))),
            // Layer 1, reserved version, free bitrate, bad bitrate, bad rate, bad emphasis.
            ([0xff, 0xff, 0x90, 0x64], None),
            ([0xff, 0xeb, 0x90, 0x64], None),
            ([0xff, 0xfb, 0x00, 0x64], None),
            ([0xff, 0xfb, 0xf0, 0x64], None),
            ([0xff, 0xfb, 0x9c, 0x64], None),
            ([0xff, 0xfb, 0x90, 0x66], None),
            ([0xff, 0xf1, 0x50, 0x80], None),
            ([0x00, 0xfb, 0x90, 0x64], None),
        ] {
            let frame = parse(&bytes).map(|frame| (frame.length, frame.samples, frame.rate));
            assert_eq!(frame, expected, "{bytes:02x?}");
        }
        assert!(is_layer_2(parse(&[0xff, 0xfd, 0xa4, 0x00]).unwrap()));
        assert!(!is_layer_2(parse(&[0xff, 0xfb, 0x90, 0x64]).unwrap()));
        assert_eq!(parse(&[0xff, 0xfb]), None);
    }

    #[test]
    fn every_frame_goes_forward() {
        for second in 0..=255_u8 {
            for third in 0..=255_u8 {
                if let Some(frame) = parse(&[0xff, second, third, 0]) {
                    assert!((24..=4096).contains(&frame.length), "{frame:?}");
                }
            }
        }
    }

    #[test]
    fn a_header_is_believed_for_its_own_stream_only() {
        let header = VbrHeader { frames: 100, bytes: Some(100_000), trim: 0 };
        assert!(speaks_for_all(&header, Some(100_000)));
        assert!(speaks_for_all(&header, Some(110_000)));
        assert!(!speaks_for_all(&header, Some(200_000)));
        assert!(speaks_for_all(&header, None));
        assert_eq!(shortfall(100_000, 99_500), None);
        assert!(shortfall(100_000, 50_000).unwrap().contains("50000 of 100000"));
    }
}
