//! A FLAC encoder: lossless, block by block, so that its memory does not grow with the sound.
//!
//! Each channel is predicted by a polynomial of degree 0 to 4, and the rest written as Rice codes. See
//! RFC 9639.

mod bits;
mod subframe;

use bits::BitWriter;
use subframe::Plan;

use crate::isobmff::boxes::{boxed, full_box};
use crate::isobmff::sample_entry::{fixed_rate, sound_fields};

/// Samples per channel of a block; the last is shorter.
pub(crate) const BLOCK: u32 = 4096;

/// What an encoder must know of the sound.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Format {
    pub(crate) rate: u32,
    pub(crate) channels: u16,
    /// 8, 16 or 24.
    pub(crate) bits: u8,
}

impl Format {
    /// Returns the sample entry of a track with this many samples per channel.
    pub(crate) fn sample_entry(self, samples: u64) -> Vec<u8> {
        let mut info = BitWriter::default();
        for _ in 0..2 {
            info.write(u64::from(BLOCK), 16);
        }
        // The smallest and the largest frame, which are not known.
        info.write(0, 48);
        info.write(u64::from(self.rate), 20);
        info.write(u64::from(self.channels.saturating_sub(1)), 3);
        info.write(u64::from(self.bits.saturating_sub(1)), 5);
        info.write(samples, 36);
        let mut block = vec![0x80, 0, 0, 34];
        block.extend_from_slice(&info.finish());
        // A checksum of the sound, which is left out.
        block.extend_from_slice(&[0; 16]);
        let fields = sound_fields(self.channels, u16::from(self.bits), fixed_rate(self.rate));
        boxed(b"fLaC", &[fields, full_box(b"dfLa", 0, 0, &block)].concat())
    }

    /// Encodes a block: the samples of each channel, all of the same number.
    pub(crate) fn encode(self, number: u32, channels: &[Vec<i32>]) -> Vec<u8> {
        let length = channels.first().map_or(0, Vec::len);
        let bits = u32::from(self.bits);
        let mut plans: Vec<Plan<'_>> =
            channels.iter().map(|samples| Plan::best(samples.as_slice().into(), bits)).collect();
        let mut assignment = u64::from(self.channels.saturating_sub(1));
        if let [left, right] = channels
            && let Some((name, pair)) = best_stereo(left, right, bits, &plans)
        {
            (assignment, plans) = (name, pair);
        }
        let mut frame = self.header(number, length, assignment);
        for plan in &plans {
            plan.write(&mut frame);
        }
        frame.align();
        let checksum = crc16(frame.bytes());
        frame.write(u64::from(checksum), 16);
        frame.finish()
    }

    fn header(self, number: u32, length: usize, assignment: u64) -> BitWriter {
        let mut frame = BitWriter::default();
        // The sync code, and blocks of a fixed size.
        frame.write(0xfff8, 16);
        let length = length as u64;
        let size_code = if length == u64::from(BLOCK) { 12 } else { 7 };
        frame.write(size_code, 4);
        let rate_code = self.rate_code();
        frame.write(rate_code, 4);
        frame.write(assignment, 4);
        let bits_code = match self.bits {
            8 => 1,
            16 => 4,
            _ => 6,
        };
        frame.write(bits_code, 3);
        frame.write(0, 1);
        write_number(&mut frame, number);
        if size_code == 7 {
            frame.write(length.saturating_sub(1), 16);
        }
        if rate_code == 13 {
            frame.write(u64::from(self.rate), 16);
        }
        let checksum = crc8(frame.bytes());
        frame.write(u64::from(checksum), 8);
        frame
    }

    fn rate_code(self) -> u64 {
        match self.rate {
            88_200 => 1,
            176_400 => 2,
            192_000 => 3,
            8000 => 4,
            16_000 => 5,
            22_050 => 6,
            24_000 => 7,
            32_000 => 8,
            44_100 => 9,
            48_000 => 10,
            96_000 => 11,
            1..=65_535 => 13,
            // As the stream information says.
            _ => 0,
        }
    }
}

/// Returns left and side, side and right, or middle and side, if one of them is smaller.
fn best_stereo<'s>(
    left: &'s [i32],
    right: &'s [i32],
    bits: u32,
    plans: &[Plan<'s>],
) -> Option<(u64, Vec<Plan<'s>>)> {
    let [left_plan, right_plan] = plans else { return None };
    let pairs = || left.iter().zip(right);
    let side: Vec<i32> = pairs().map(|(left, right)| left - right).collect();
    let middle: Vec<i32> = pairs().map(|(left, right)| (left + right) >> 1).collect();
    let side = Plan::best(side.into(), bits + 1);
    let middle = Plan::best(middle.into(), bits);
    let costs = [
        (8, left_plan.bits() + side.bits()),
        (9, side.bits() + right_plan.bits()),
        (10, middle.bits() + side.bits()),
    ];
    let (name, cost) = costs.into_iter().min_by_key(|(_, cost)| *cost)?;
    if cost >= left_plan.bits() + right_plan.bits() {
        return None;
    }
    let pair = match name {
        8 => vec![left_plan.clone(), side],
        9 => vec![side, right_plan.clone()],
        _ => vec![middle, side],
    };
    Some((name, pair))
}

/// Writes the number of a frame as UTF-8 writes a character, but with up to 36 bits.
fn write_number(frame: &mut BitWriter, number: u32) {
    let number = u64::from(number);
    if number < 0x80 {
        frame.write(number, 8);
        return;
    }
    let mut more = 1;
    while number >= 1 << (6 * more + 6 - more) {
        more += 1;
    }
    let first = 0xff00 >> (more + 1) & 0xff | number >> (6 * more);
    frame.write(first, 8);
    for index in (0..more).rev() {
        frame.write(0x80 | (number >> (6 * index) & 0x3f), 8);
    }
}

fn crc8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ byte, |crc, _| if crc & 0x80 == 0 { crc << 1 } else { crc << 1 ^ 7 })
    })
}

fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        let start = crc ^ u16::from(*byte) << 8;
        (0..8).fold(start, |crc, _| if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x8005 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_match_published_values() {
        assert_eq!(crc8(b"123456789"), 0xf4);
        assert_eq!(crc16(b"123456789"), 0xfee8);
    }

    #[test]
    fn numbers_of_frames_are_written_as_utf_8() {
        for number in [0, 0x7f, 0x80, 0x7ff, 0x800, 0xffff, 0x1_0000, 0x10_ffff] {
            let Some(character) = char::from_u32(number) else { continue };
            let mut writer = BitWriter::default();
            write_number(&mut writer, number);
            let mut buffer = [0; 4];
            assert_eq!(writer.finish(), character.encode_utf8(&mut buffer).as_bytes(), "{number}");
        }
        let mut writer = BitWriter::default();
        write_number(&mut writer, u32::MAX);
        assert_eq!(writer.finish(), [0xfe, 0x83, 0xbf, 0xbf, 0xbf, 0xbf, 0xbf]);
    }
}
