//! WAV: the format of its samples, and where they are.

use crate::error::{Problem, unusable};
use crate::source::{ReadAt, Window};

/// The most chunks that are looked at.
const MAX_CHUNKS: usize = 10_000;
/// The highest rate and the most channels of FLAC.
const MAX_RATE: u32 = 655_350;
const MAX_CHANNELS: u16 = 8;

/// How a sample is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// 8 bits without a sign.
    U8,
    /// 16, 24 or 32 bits with a sign.
    I16,
    I24,
    I32,
    /// Floating-point numbers.
    F32,
    F64,
}

impl Encoding {
    /// Returns the bytes of a sample.
    pub(crate) fn bytes(self) -> u8 {
        match self {
            Self::U8 => 1,
            Self::I16 => 2,
            Self::I24 => 3,
            Self::I32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// Returns the bits of a sample in FLAC. Decoders know at most 24.
    pub(crate) fn flac_bits(self) -> u8 {
        match self {
            Self::U8 => 8,
            Self::I16 => 16,
            Self::I24 | Self::I32 | Self::F32 | Self::F64 => 24,
        }
    }

    /// Converts a sample.
    pub(crate) fn read(self, bytes: &[u8]) -> Option<i32> {
        let float = |number: f64| (number * 8_388_608.0).round().clamp(-8_388_608.0, 8_388_607.0);
        Some(match self {
            Self::U8 => i32::from(*bytes.first()?) - 128,
            Self::I16 => i32::from(i16::from_le_bytes(bytes.try_into().ok()?)),
            Self::I24 => {
                let [low, middle, high] = bytes.try_into().ok()?;
                i32::from_le_bytes([0, low, middle, high]) >> 8
            }
            Self::I32 => i32::from_le_bytes(bytes.try_into().ok()?) >> 8,
            Self::F32 => float(f64::from(f32::from_le_bytes(bytes.try_into().ok()?))) as i32,
            Self::F64 => float(f64::from_le_bytes(bytes.try_into().ok()?)) as i32,
        })
    }
}

/// A WAV file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WavFile {
    pub(crate) encoding: Encoding,
    pub(crate) channels: u16,
    pub(crate) rate: u32,
    /// Where the samples are.
    pub(crate) offset: u64,
    /// How many samples each channel has.
    pub(crate) samples: u64,
}

/// Reads the header of a WAV file that starts here.
pub(super) fn read(source: &dyn ReadAt, start: u64) -> Result<WavFile, Problem> {
    let mut window = Window::new(source);
    let (mut at, mut format, mut long_size) = (start.saturating_add(12), None, None);
    for _ in 0..MAX_CHUNKS {
        let Some(head) = window.get(at, 8)? else { break };
        let (name, size) = head.split_at(4);
        let name: [u8; 4] = name.try_into().unwrap_or_default();
        let size = u32::from_le_bytes(size.try_into().unwrap_or_default());
        let body = at.saturating_add(8);
        match &name {
            b"fmt " => {
                let length = usize::try_from(size).unwrap_or_default().clamp(16, 40);
                let bytes = window.get(body, length)?.unwrap_or_default();
                format = Some(parse_format(bytes)?);
            }
            // The size of the samples in files of more than 4 GB.
            b"ds64" => {
                let bytes = window.get(body.saturating_add(8), 8)?.unwrap_or_default();
                long_size = bytes.try_into().ok().map(u64::from_le_bytes);
            }
            b"data" => {
                let Some((encoding, channels, rate)) = format else { break };
                let left = window.size().saturating_sub(body);
                // Programs that write to a pipe do not know the size.
                let stated = match size {
                    0 | u32::MAX => long_size.unwrap_or(left),
                    size => u64::from(size),
                };
                let frame = u64::from(channels).saturating_mul(u64::from(encoding.bytes())).max(1);
                let samples = stated.min(left) / frame;
                if samples == 0 {
                    return Err(unusable("has no sound"));
                }
                return Ok(WavFile { encoding, channels, rate, offset: body, samples });
            }
            _ => {}
        }
        // Chunks have an even length.
        at = body.saturating_add(u64::from(size)).saturating_add(u64::from(size % 2));
    }
    Err(unusable("is a WAV file without samples or without their format"))
}

fn parse_format(bytes: &[u8]) -> Result<(Encoding, u16, u32), Problem> {
    let word = |at: usize| {
        let bytes = bytes.get(at..).and_then(|bytes| bytes.first_chunk::<2>());
        bytes.map_or(0, |bytes| u16::from_le_bytes(*bytes))
    };
    let (mut tag, channels, block, bits) = (word(0), word(2), word(12), word(14));
    let rate = u32::from(word(4)) | u32::from(word(6)) << 16;
    if tag == 0xfffe {
        tag = word(24);
    }
    let container = block.checked_div(channels).unwrap_or_default();
    let encoding = match (tag, container) {
        (1, 1) => Encoding::U8,
        (1, 2) => Encoding::I16,
        (1, 3) => Encoding::I24,
        (1, 4) => Encoding::I32,
        (3, 4) => Encoding::F32,
        (3, 8) => Encoding::F64,
        (1 | 3, _) => {
            return Err(unusable(format!("has samples of {bits} bits, which are not supported")));
        }
        (tag, _) => {
            let name = match tag {
                2 => "Microsoft ADPCM",
                6 => "A-law",
                7 => "µ-law",
                0x11 => "IMA ADPCM",
                0x31 => "GSM",
                0x50 | 0x55 => "MP3",
                _ => return Err(unusable(format!("has the unknown WAV format {tag:#06x}"))),
            };
            return Err(unusable(format!("is {name} in a WAV file, which MP4 files cannot hold")));
        }
    };
    if !(1..=MAX_CHANNELS).contains(&channels) {
        return Err(unusable(format!(
            "has {channels} channels; 1 to {MAX_CHANNELS} are supported"
        )));
    }
    if !(1..=MAX_RATE).contains(&rate) {
        return Err(unusable(format!(
            "has {rate} samples per second; 1 to {MAX_RATE} are supported"
        )));
    }
    Ok((encoding, channels, rate))
}
