//! Frames with a header each: of MP3 and of AAC. Tags and other data between them are skipped.

use std::io;

use crate::source::Window;

/// How many frames in a row prove a format.
const PROOF: usize = 3;

/// The header of a frame.
pub(super) trait FrameHeader: Copy {
    /// The bytes of a header.
    const LENGTH: usize;

    /// Reads a header. Returns `None` if it is none.
    fn parse(bytes: &[u8]) -> Option<Self>;

    /// Returns the size of the frame, its header included.
    fn size(self) -> u64;

    /// Returns whether the other frame belongs to the same stream.
    fn fits(self, other: Self) -> bool;
}

/// Iterates over the frames of a stream.
pub(super) struct Frames<'w, 's, H> {
    window: &'w mut Window<'s>,
    at: u64,
    first: Option<H>,
}

impl<'w, 's, H: FrameHeader> Frames<'w, 's, H> {
    pub(super) fn new(window: &'w mut Window<'s>, start: u64) -> Self {
        Self { window, at: start, first: None }
    }

    /// Returns the position and the header of the next whole frame.
    pub(super) fn next(&mut self) -> io::Result<Option<(u64, H)>> {
        loop {
            let at = self.at;
            let Some(header) = header_at::<H>(self.window, at)?.filter(|it| self.belongs(*it))
            else {
                if !self.skip()? {
                    return Ok(None);
                }
                continue;
            };
            let end = at.saturating_add(header.size());
            if end > self.window.size() {
                return Ok(None);
            }
            self.first.get_or_insert(header);
            self.at = end;
            return Ok(Some((at, header)));
        }
    }

    fn belongs(&self, header: H) -> bool {
        self.first.is_none_or(|first| first.fits(header))
    }

    /// Moves to the next two frames in a row, or to a last frame that ends with the file. Returns
    /// `false` if there are none.
    fn skip(&mut self) -> io::Result<bool> {
        if let Some(size) = id3_size(self.window, self.at)? {
            self.at = self.at.saturating_add(size.max(1));
            return Ok(true);
        }
        loop {
            self.at = self.at.saturating_add(1);
            let byte = self.window.get(self.at, 1)?.and_then(|bytes| bytes.first().copied());
            let Some(byte) = byte else { return Ok(false) };
            if byte == b'I' && id3_size(self.window, self.at)?.is_some() {
                return Ok(true);
            }
            if byte != 0xff {
                continue;
            }
            let Some(header) = header_at::<H>(self.window, self.at)? else { continue };
            let end = self.at.saturating_add(header.size());
            let is_last = end == self.window.size();
            if self.belongs(header)
                && (is_last
                    || header_at::<H>(self.window, end)?.is_some_and(|next| header.fits(next)))
            {
                return Ok(true);
            }
        }
    }
}

fn header_at<H: FrameHeader>(window: &mut Window<'_>, at: u64) -> io::Result<Option<H>> {
    Ok(window.get(at, H::LENGTH)?.and_then(H::parse))
}

/// Returns whether three frames follow each other from here on, or fewer up to the end of the file.
pub(super) fn are_in_a_row<H: FrameHeader>(window: &mut Window<'_>, at: u64) -> io::Result<bool> {
    let Some(first) = header_at::<H>(window, at)? else { return Ok(false) };
    let mut next = at;
    for _ in 0..PROOF {
        let Some(header) = header_at::<H>(window, next)?.filter(|it| first.fits(*it)) else {
            return Ok(false);
        };
        next = next.saturating_add(header.size());
        if next >= window.size() {
            return Ok(next == window.size());
        }
    }
    Ok(true)
}

/// Returns the size of an ID3 tag (version 2), its header and footer included.
pub(super) fn id3_size(window: &mut Window<'_>, at: u64) -> io::Result<Option<u64>> {
    let Some(bytes) = window.get(at, 10)? else { return Ok(None) };
    let Some([b'I', b'D', b'3', major, _, flags, size @ ..]) = bytes.first_chunk::<10>() else {
        return Ok(None);
    };
    if *major == 0xff || size.iter().any(|byte| *byte > 0x7f) {
        return Ok(None);
    }
    let size = size.iter().fold(0_u64, |size, byte| size << 7 | u64::from(*byte));
    let footer = if flags & 0x10 == 0 { 0 } else { 10 };
    Ok(Some(size + 10 + footer))
}

/// The header of an AAC frame (ADTS).
#[derive(Clone, Copy, Debug)]
pub(super) struct Adts {
    /// The audio object type, less one.
    pub(super) profile: u8,
    pub(super) rate_index: u8,
    pub(super) channel_configuration: u8,
    /// The bytes of the header, with its checksum.
    pub(super) header: u8,
    /// How many blocks the frame has; 1 in all files that are in use.
    pub(super) blocks: u8,
    frame: u16,
}

/// The sampling rates of AAC.
const AAC_RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000,
    7350,
];

impl Adts {
    /// Returns the sampling rate.
    pub(super) fn rate(self) -> u32 {
        AAC_RATES.get(usize::from(self.rate_index)).copied().unwrap_or(44_100)
    }
}

impl FrameHeader for Adts {
    const LENGTH: usize = 7;

    fn parse(bytes: &[u8]) -> Option<Self> {
        let [sync, flags, settings, channels, length, fullness, blocks] = *bytes.first_chunk()?;
        // 12 bits of ones, then the layer, which is 0.
        if sync != 0xff || flags & 0xf6 != 0xf0 {
            return None;
        }
        let header = if flags & 1 == 1 { 7 } else { 9 };
        let frame =
            u16::from(channels & 3) << 11 | u16::from(length) << 3 | u16::from(fullness >> 5);
        let rate_index = settings >> 2 & 15;
        if usize::from(rate_index) >= AAC_RATES.len() || frame <= u16::from(header) {
            return None;
        }
        Some(Self {
            profile: settings >> 6,
            rate_index,
            channel_configuration: (settings & 1) << 2 | channels >> 6,
            header,
            blocks: (blocks & 3) + 1,
            frame,
        })
    }

    fn size(self) -> u64 {
        u64::from(self.frame)
    }

    fn fits(self, other: Self) -> bool {
        (self.profile, self.rate_index, self.channel_configuration)
            == (other.profile, other.rate_index, other.channel_configuration)
    }
}

/// The header of a frame of MPEG audio: MP3, or its layers I and II.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mpeg {
    /// 0 for MPEG-1, 1 for MPEG-2, 2 for MPEG-2.5.
    pub(super) version: u8,
    pub(super) layer: u8,
    pub(super) rate: u32,
    pub(super) channels: u16,
    /// How many samples per channel the frame has.
    pub(super) samples: u32,
    frame: u32,
}

/// Bit rates in kbit/s of MPEG-1 layers I, II and III, and of MPEG-2 layers I, and II and III.
const BIT_RATES: [[u16; 14]; 5] = [
    [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
    [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
    [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];

impl FrameHeader for Mpeg {
    const LENGTH: usize = 4;

    fn parse(bytes: &[u8]) -> Option<Self> {
        let [sync, flags, settings, mode] = *bytes.first_chunk()?;
        if sync != 0xff || flags & 0xe0 != 0xe0 {
            return None;
        }
        let version = match flags >> 3 & 3 {
            3 => 0,
            2 => 1,
            0 => 2,
            _ => return None,
        };
        let layer = match flags >> 1 & 3 {
            0 => return None,
            bits => 4 - bits,
        };
        let table = match (version, layer) {
            (0, layer) => usize::from(layer) - 1,
            (_, 1) => 3,
            _ => 4,
        };
        // A frame of a free bit rate does not state its size.
        let index = usize::from(settings >> 4).checked_sub(1)?;
        let bits = u32::from(*BIT_RATES.get(table)?.get(index)?) * 1000;
        let rate = *[44_100, 48_000, 32_000].get(usize::from(settings >> 2 & 3))? >> version;
        let padding = u32::from(settings >> 1 & 1);
        let (samples, frame) = match (layer, version) {
            (1, _) => (384, (12 * bits / rate + padding) * 4),
            (3, 1 | 2) => (576, 72 * bits / rate + padding),
            _ => (1152, 144 * bits / rate + padding),
        };
        let channels = if mode >> 6 == 3 { 1 } else { 2 };
        Some(Self { version, layer, rate, channels, samples, frame })
    }

    fn size(self) -> u64 {
        u64::from(self.frame)
    }

    fn fits(self, other: Self) -> bool {
        (self.version, self.layer, self.rate) == (other.version, other.layer, other.rate)
    }
}
