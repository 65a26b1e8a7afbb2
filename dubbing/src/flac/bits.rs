//! Writes numbers of any number of bits, most significant bit first.

/// Writes numbers of any number of bits, most significant bit first.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    /// The bits that do not fill a byte yet, and how many they are.
    rest: u64,
    count: u32,
}

impl BitWriter {
    /// Writes the lowest bits of a number, at most 56.
    pub(super) fn write(&mut self, number: u64, bits: u32) {
        self.rest = self.rest << bits | number & ((1 << bits) - 1);
        self.count += bits;
        while self.count >= 8 {
            self.count -= 8;
            self.bytes.push((self.rest >> self.count) as u8);
        }
        self.rest &= (1 << self.count) - 1;
    }

    /// Writes this many zeros and a one.
    pub(super) fn unary(&mut self, mut zeros: u32) {
        while zeros >= 32 {
            self.write(0, 32);
            zeros -= 32;
        }
        self.write(1, zeros + 1);
    }

    /// Fills the last byte with zeros.
    pub(super) fn align(&mut self) {
        if self.count > 0 {
            self.write(0, 8 - self.count);
        }
    }

    /// Returns the whole bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the bytes; the last is filled with zeros.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.align();
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_follow_each_other() {
        let mut writer = BitWriter::default();
        writer.write(0b101, 3);
        writer.unary(4);
        writer.write(0x00ff_ffff_ffff_ffff, 56);
        writer.write(0, 0);
        writer.unary(40);
        let bytes = writer.finish();
        assert_eq!(bytes[..9], [0xa1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0]);
        assert_eq!(bytes[9..], [0, 0, 0, 0, 0x80]);
    }
}
