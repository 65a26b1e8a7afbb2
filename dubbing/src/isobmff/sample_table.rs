//! The sample table of a track: one sample after the other, in decoding order.

use super::boxes::{Cursor, child};
use crate::error::{Problem, unusable};
use crate::track::{MAX_SAMPLES, Sample};

/// Reads the samples of a sample table (`stbl`) whose description has this many entries. Samples
/// behind the end of the file are left out, and all after the first of them.
pub(super) fn read(table: &[u8], entries: usize, file_size: u64) -> Result<Vec<Sample>, Problem> {
    let Some(sizes) = Sizes::of(table) else { return Ok(Vec::new()) };
    if sizes.count > MAX_SAMPLES {
        return Err(unusable(format!("has more than {MAX_SAMPLES} samples in a track")));
    }
    let mut durations = Runs::of(child(table, b"stts"));
    let mut shifts = Runs::of(child(table, b"ctts"));
    let mut syncs = SyncSamples::of(child(table, b"stss"));
    let mut places = Places::of(table);
    let mut samples = Vec::with_capacity(sizes.count.min(file_size.try_into().unwrap_or(0)));
    for index in 0..sizes.count {
        let Some(size) = sizes.get(index) else { break };
        let Some((offset, description)) = places.next(size) else { break };
        if offset.checked_add(u64::from(size)).is_none_or(|end| end > file_size) {
            break;
        }
        let entry = usize::try_from(description).ok().and_then(|number| number.checked_sub(1));
        let Some(entry) = entry.filter(|entry| *entry < entries) else {
            return Err(unusable("has samples without a description"));
        };
        samples.push(Sample {
            offset,
            size,
            duration: durations.next().unwrap_or_default(),
            // Version 0 has no sign, but QuickTime and others write negative numbers all the same.
            shift: shifts.next().unwrap_or_default().cast_signed(),
            entry: u16::try_from(entry).unwrap_or_default(),
            sync: syncs.contains(index),
        });
    }
    Ok(samples)
}

/// The sizes of the samples: `stsz` or `stz2`.
struct Sizes<'b> {
    /// The size of all samples; 0 if the list says it.
    constant: u32,
    count: usize,
    list: &'b [u8],
    /// The bits of each number in the list.
    bits: usize,
}

impl<'b> Sizes<'b> {
    fn of(table: &'b [u8]) -> Option<Self> {
        let (body, is_compact) = match child(table, b"stsz") {
            Some(body) => (body, false),
            None => (child(table, b"stz2")?, true),
        };
        let mut cursor = Cursor(body);
        cursor.version_and_flags()?;
        let field = cursor.u32()?;
        let count = usize::try_from(cursor.u32()?).ok()?;
        let (constant, bits) = if is_compact { (0, (field & 0xff) as usize) } else { (field, 32) };
        Some(Self { constant, count, list: cursor.0, bits })
    }

    fn get(&self, index: usize) -> Option<u32> {
        let byte = |at: usize| self.list.get(at).copied();
        match (self.constant, self.bits) {
            (0, 32) => Cursor(self.list.get(index.checked_mul(4)?..)?).u32(),
            (0, 16) => Cursor(self.list.get(index.checked_mul(2)?..)?).u16().map(u32::from),
            (0, 8) => byte(index).map(u32::from),
            (0, 4) if index.is_multiple_of(2) => byte(index / 2).map(|byte| u32::from(byte >> 4)),
            (0, 4) => byte(index / 2).map(|byte| u32::from(byte & 15)),
            (0, _) => None,
            (constant, _) => Some(constant),
        }
    }
}

/// Numbers that repeat: durations (`stts`) or shifts (`ctts`). After the end, the last one repeats for
/// durations that the table does not have.
struct Runs<'b> {
    left: u32,
    value: Option<u32>,
    cursor: Cursor<'b>,
}

impl<'b> Runs<'b> {
    fn of(body: Option<&'b [u8]>) -> Self {
        let mut cursor = Cursor(body.unwrap_or_default());
        let header = cursor.version_and_flags().and_then(|_| cursor.u32());
        let cursor = Cursor(if header.is_some() { cursor.0 } else { &[] });
        Self { left: 0, value: None, cursor }
    }

    fn next(&mut self) -> Option<u32> {
        while self.left == 0 {
            let (Some(count), Some(value)) = (self.cursor.u32(), self.cursor.u32()) else {
                return self.value;
            };
            (self.left, self.value) = (count, Some(value));
        }
        self.left -= 1;
        self.value
    }
}

/// The samples that decoding can begin at (`stss`); all of them if there is no list.
struct SyncSamples<'b> {
    all: bool,
    next: Option<u32>,
    cursor: Cursor<'b>,
}

impl<'b> SyncSamples<'b> {
    fn of(body: Option<&'b [u8]>) -> Self {
        let mut cursor = Cursor(body.unwrap_or_default());
        let _ = cursor.version_and_flags().and_then(|_| cursor.u32());
        let next = cursor.u32();
        Self { all: body.is_none(), next, cursor }
    }

    /// Returns whether the sample is in the list. The indexes must rise.
    fn contains(&mut self, index: usize) -> bool {
        let number = index.saturating_add(1) as u64;
        while self.next.is_some_and(|next| u64::from(next) < number) {
            self.next = self.cursor.u32();
        }
        self.all || self.next.is_some_and(|next| u64::from(next) == number)
    }
}

/// The positions of the samples: chunks (`stco` or `co64`), and how many samples each has (`stsc`).
struct Places<'b> {
    chunks: Cursor<'b>,
    wide: bool,
    /// The number of the chunk, from 1.
    chunk: u32,
    position: u64,
    left: u32,
    /// Samples per chunk and description, from this chunk on.
    current: (u32, u32),
    /// The next entry of `stsc`: first chunk, samples per chunk, description.
    next: Option<(u32, u32, u32)>,
    runs: Cursor<'b>,
}

impl<'b> Places<'b> {
    fn of(table: &'b [u8]) -> Self {
        let list = |body: Option<&'b [u8]>| {
            let mut cursor = Cursor(body.unwrap_or_default());
            let _ = cursor.version_and_flags().and_then(|_| cursor.u32());
            cursor
        };
        let narrow = child(table, b"stco");
        let wide = narrow.is_none();
        let chunks = list(narrow.or_else(|| child(table, b"co64")));
        let mut runs = list(child(table, b"stsc"));
        let next = run(&mut runs);
        Self { chunks, wide, chunk: 0, position: 0, left: 0, current: (0, 0), next, runs }
    }

    /// Returns the position and the description of the next sample, which has this size.
    fn next(&mut self, size: u32) -> Option<(u64, u32)> {
        while self.left == 0 {
            self.position = self.chunks.wide(u8::from(self.wide))?;
            self.chunk = self.chunk.saturating_add(1);
            while let Some((first, count, description)) = self.next
                && first <= self.chunk
            {
                self.current = (count, description);
                self.next = run(&mut self.runs);
            }
            self.left = self.current.0;
        }
        let offset = self.position;
        self.position = self.position.checked_add(u64::from(size))?;
        self.left -= 1;
        Some((offset, self.current.1))
    }
}

fn run(cursor: &mut Cursor<'_>) -> Option<(u32, u32, u32)> {
    Some((cursor.u32()?, cursor.u32()?, cursor.u32()?))
}

#[cfg(test)]
mod tests {
    use super::super::boxes::full_box;
    use super::*;

    fn numbers(numbers: &[u32]) -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
    }

    fn table() -> Vec<u8> {
        [
            full_box(b"stts", 0, 0, &numbers(&[2, 3, 10, 1, 20])),
            full_box(b"ctts", 0, 0, &numbers(&[1, 1, u32::MAX])),
            full_box(b"stss", 0, 0, &numbers(&[2, 1, 4])),
            full_box(b"stsc", 0, 0, &numbers(&[2, 1, 2, 1, 2, 1, 2])),
            full_box(b"stsz", 0, 0, &numbers(&[0, 4, 5, 6, 7, 8])),
            full_box(b"stco", 0, 0, &numbers(&[3, 100, 300, 200])),
        ]
        .concat()
    }

    #[test]
    fn samples_have_their_chunk_time_and_entry() {
        let samples = read(&table(), 2, 1000).unwrap();
        let shown: Vec<_> = samples
            .iter()
            .map(|it| (it.offset, it.size, it.duration, it.shift, it.entry, it.sync))
            .collect();
        assert_eq!(
            shown,
            [
                (100, 5, 10, -1, 0, true),
                (105, 6, 10, -1, 0, false),
                (300, 7, 10, -1, 1, false),
                (200, 8, 20, -1, 1, true),
            ]
        );
    }

    #[test]
    fn samples_behind_the_end_of_the_file_are_left_out() {
        assert_eq!(read(&table(), 2, 307).unwrap().len(), 4);
        assert_eq!(read(&table(), 2, 306).unwrap().len(), 2);
        assert_eq!(read(&table(), 2, 0).unwrap().len(), 0);
    }

    #[test]
    fn an_entry_that_does_not_exist_is_an_error() {
        assert!(read(&table(), 1, 1000).is_err());
    }

    #[test]
    fn compact_sizes_have_4_8_or_16_bits() {
        for (bits, list, expected) in [
            (4, vec![0x12, 0x30], vec![1, 2, 3]),
            (8, vec![1, 2, 3], vec![1, 2, 3]),
            (16, vec![1, 0, 0, 2, 0, 3], vec![256, 2, 3]),
        ] {
            let body = [numbers(&[bits, 3]), list].concat();
            let table = full_box(b"stz2", 0, 0, &body);
            let sizes = Sizes::of(&table).unwrap();
            let found: Vec<_> = (0..3).filter_map(|index| sizes.get(index)).collect();
            assert_eq!(found, expected, "{bits} bits");
        }
    }
}
