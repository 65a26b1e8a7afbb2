//! Reads the picture size from the sequence parameter set of H.264 and HEVC.

use super::super::cursor::Cursor;

/// Parameter sets are short; more bytes are not read.
const MAX_BYTES: usize = 512;
/// Sides beyond this are corruption.
const MAX_SIDE: u64 = 65_535;

/// The facts of a sequence parameter set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CodedPicture {
    /// The size after cropping.
    pub(super) width: u32,
    pub(super) height: u32,
    /// Width and height of one pixel.
    pub(super) pixel_aspect: Option<(u32, u32)>,
}

/// Reads the content of an `avcC` box.
pub(super) fn of_avc(configuration: &[u8]) -> Option<CodedPicture> {
    let mut cursor = Cursor::new(configuration);
    cursor.skip(5)?;
    if cursor.u8()? & 0x1f == 0 {
        return None;
    }
    let length = cursor.u16()?;
    avc(cursor.take(usize::from(length))?)
}

/// Reads the content of an `hvcC` box.
pub(super) fn of_hevc(configuration: &[u8]) -> Option<CodedPicture> {
    const SPS: u8 = 33;
    let mut cursor = Cursor::new(configuration);
    cursor.skip(22)?;
    for _ in 0..cursor.u8()? {
        let kind = cursor.u8()? & 0x3f;
        for _ in 0..cursor.u16()? {
            let length = cursor.u16()?;
            let unit = cursor.take(usize::from(length))?;
            if kind == SPS {
                return hevc(unit);
            }
        }
    }
    None
}

fn avc(unit: &[u8]) -> Option<CodedPicture> {
    const EXTENDED_PROFILES: [u32; 13] =
        [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];
    let bytes = without_escapes(unit.get(1..)?);
    let mut bits = Bits::new(&bytes);
    let profile = bits.take(8)?;
    // Constraints and level.
    bits.take(16)?;
    bits.unsigned()?;
    let mut chroma = 1;
    if EXTENDED_PROFILES.contains(&profile) {
        chroma = bits.unsigned()?;
        if chroma == 3 {
            bits.take(1)?;
        }
        bits.unsigned()?;
        bits.unsigned()?;
        bits.take(1)?;
        if bits.take(1)? == 1 {
            skip_scaling_lists(&mut bits, if chroma == 3 { 12 } else { 8 })?;
        }
    }
    bits.unsigned()?;
    match bits.unsigned()? {
        0 => {
            bits.unsigned()?;
        }
        1 => {
            bits.take(1)?;
            bits.unsigned()?;
            bits.unsigned()?;
            let cycle = bits.unsigned()?;
            for _ in 0..cycle.min(255) {
                bits.unsigned()?;
            }
        }
        _ => {}
    }
    bits.unsigned()?;
    bits.take(1)?;
    let width = u64::from(bits.unsigned()?) + 1;
    let height = u64::from(bits.unsigned()?) + 1;
    // Fields take two map units.
    let unit_height = 2 - u64::from(bits.take(1)?);
    if unit_height == 2 {
        bits.take(1)?;
    }
    bits.take(1)?;
    let crop = if bits.take(1)? == 1 { crop(&mut bits)? } else { [0; 4] };
    let (across, down) = subsampling(chroma);
    let size = (
        (width * 16).checked_sub((crop[0] + crop[1]) * across)?,
        (height * 16 * unit_height).checked_sub((crop[2] + crop[3]) * down * unit_height)?,
    );
    let pixel_aspect = if bits.take(1) == Some(1) { sample_aspect(&mut bits) } else { None };
    picture(size, pixel_aspect)
}

fn skip_scaling_lists(bits: &mut Bits<'_>, count: usize) -> Option<()> {
    for list in 0..count {
        if bits.take(1)? == 0 {
            continue;
        }
        let (mut last, mut next) = (8_i64, 8_i64);
        for _ in 0..if list < 6 { 16 } else { 64 } {
            if next != 0 {
                next = (last + i64::from(bits.signed()?) + 256) % 256;
            }
            last = if next == 0 { last } else { next };
        }
    }
    Some(())
}

/// Reads the aspect ratio at the start of the usability information.
fn sample_aspect(bits: &mut Bits<'_>) -> Option<(u32, u32)> {
    const RATIOS: [(u32, u32); 17] = [
        (0, 0),
        (1, 1),
        (12, 11),
        (10, 11),
        (16, 11),
        (40, 33),
        (24, 11),
        (20, 11),
        (32, 11),
        (80, 33),
        (18, 11),
        (15, 11),
        (64, 33),
        (160, 99),
        (4, 3),
        (3, 2),
        (2, 1),
    ];
    if bits.take(1)? == 0 {
        return None;
    }
    let ratio = match bits.take(8)? {
        255 => (bits.take(16)?, bits.take(16)?),
        index => *RATIOS.get(usize::try_from(index).ok()?)?,
    };
    (ratio.0 > 0 && ratio.1 > 0).then_some(ratio)
}

fn hevc(unit: &[u8]) -> Option<CodedPicture> {
    let bytes = without_escapes(unit.get(2..)?);
    let mut bits = Bits::new(&bytes);
    bits.take(4)?;
    let sub_layers = bits.take(3)?;
    bits.take(1)?;
    skip_profile_tier_level(&mut bits, sub_layers)?;
    bits.unsigned()?;
    let chroma = bits.unsigned()?;
    if chroma == 3 {
        bits.take(1)?;
    }
    let width = u64::from(bits.unsigned()?);
    let height = u64::from(bits.unsigned()?);
    let crop = if bits.take(1)? == 1 { crop(&mut bits)? } else { [0; 4] };
    let (across, down) = subsampling(chroma);
    let size = (
        width.checked_sub((crop[0] + crop[1]) * across)?,
        height.checked_sub((crop[2] + crop[3]) * down)?,
    );
    picture(size, None)
}

fn skip_profile_tier_level(bits: &mut Bits<'_>, sub_layers: u32) -> Option<()> {
    bits.skip(96)?;
    let mut present = Vec::new();
    for _ in 0..sub_layers {
        present.push((bits.take(1)?, bits.take(1)?));
    }
    if sub_layers > 0 {
        bits.skip(2 * (8 - sub_layers))?;
    }
    for (profile, level) in present {
        bits.skip(profile * 88 + level * 8)?;
    }
    Some(())
}

/// Reads left, right, top and bottom.
fn crop(bits: &mut Bits<'_>) -> Option<[u64; 4]> {
    Some([
        bits.unsigned()?.into(),
        bits.unsigned()?.into(),
        bits.unsigned()?.into(),
        bits.unsigned()?.into(),
    ])
}

/// Returns how many pixels one unit of cropping stands for.
fn subsampling(chroma: u32) -> (u64, u64) {
    match chroma {
        1 => (2, 2),
        2 => (2, 1),
        _ => (1, 1),
    }
}

fn picture(size: (u64, u64), pixel_aspect: Option<(u32, u32)>) -> Option<CodedPicture> {
    let side =
        |side: u64| (1..=MAX_SIDE).contains(&side).then(|| u32::try_from(side).ok()).flatten();
    Some(CodedPicture { width: side(size.0)?, height: side(size.1)?, pixel_aspect })
}

/// Removes the bytes that keep start codes out of a unit.
fn without_escapes(unit: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(unit.len().min(MAX_BYTES));
    let mut zeros = 0;
    for byte in unit.iter().take(MAX_BYTES) {
        if *byte == 3 && zeros >= 2 {
            zeros = 0;
            continue;
        }
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
        bytes.push(*byte);
    }
    bytes
}

/// A bit by bit reader with the codes of these formats.
struct Bits<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Bits<'b> {
    fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn bit(&mut self) -> Option<u32> {
        let byte = *self.bytes.get(self.at / 8)?;
        let bit = (byte >> (7 - self.at % 8)) & 1;
        self.at = self.at.checked_add(1)?;
        Some(bit.into())
    }

    /// Returns a number of up to 32 bits.
    fn take(&mut self, count: u32) -> Option<u32> {
        let mut value = 0_u32;
        for _ in 0..count {
            value = value << 1 | self.bit()?;
        }
        Some(value)
    }

    fn skip(&mut self, count: u32) -> Option<()> {
        for _ in 0..count {
            self.bit()?;
        }
        Some(())
    }

    /// Returns an unsigned Exp-Golomb number.
    fn unsigned(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.bit()? == 0 {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        let rest = self.take(zeros)?;
        Some((1_u32 << zeros) - 1 + rest)
    }

    /// Returns a signed Exp-Golomb number.
    fn signed(&mut self) -> Option<i32> {
        let code = self.unsigned()?;
        let half = i32::try_from(code / 2).ok()?;
        Some(if code % 2 == 1 { half.checked_add(1)? } else { -half })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len() / 2)
            .map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
            .collect()
    }

    /// `hvcC` with one parameter set.
    fn hevc_box(unit: &str) -> Vec<u8> {
        let unit = bytes(unit);
        let length = u16::try_from(unit.len()).unwrap();
        [&[0; 22][..], &[1, 33, 0, 1], &length.to_be_bytes(), &unit].concat()
    }

    // Written by x264 and x265 with a pixel aspect of 4:3.
    const AVC_360: &str = "01640016ffe1001a67640016acd940a02ff970e1000003000100000300140f162d96\
                           01000668ebe3cb22c0fdf8f800";
    const AVC_1080: &str = "01640028ffe1001b67640028acd940780227e5c384000003000400000300503c60c6\
                            5801000668ebe3cb22c0fdf8f800";
    const HEVC_1080: &str = "420101016000000300900000030000030078a003c08010e596566924caf0e68080\
                             000003008000000504";
    const HEVC_480: &str = "42010101600000030090000003000003005aa006b201e1d796566924caf0e6808000\
                            0003008000000504";

    #[test]
    fn sizes_are_cropped() {
        let size = |picture: Option<CodedPicture>| picture.map(|it| (it.width, it.height));
        assert_eq!(size(of_avc(&bytes(AVC_360))), Some((640, 360)));
        assert_eq!(size(of_avc(&bytes(AVC_1080))), Some((1920, 1080)));
        assert_eq!(size(of_hevc(&hevc_box(HEVC_1080))), Some((1920, 1080)));
        assert_eq!(size(of_hevc(&hevc_box(HEVC_480))), Some((854, 480)));
    }

    #[test]
    fn a_pixel_aspect_is_read() {
        assert_eq!(of_avc(&bytes(AVC_360)).and_then(|it| it.pixel_aspect), Some((4, 3)));
    }

    #[test]
    fn cut_and_false_sets_have_no_size() {
        let whole = bytes(AVC_1080);
        for end in 0..20 {
            assert_eq!(of_avc(&whole[..end]), None, "{end}");
        }
        assert_eq!(of_hevc(&[0; 30]), None);
        let mut flipped = whole;
        for at in 8..flipped.len() {
            flipped[at] ^= 0xff;
            let _ = of_avc(&flipped);
        }
    }
}
