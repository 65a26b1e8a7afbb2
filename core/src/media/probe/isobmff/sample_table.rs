//! Reads the sample tables of a track (`stbl`): number, duration and position of its samples.

use super::super::ReadError;
use super::super::cursor::Cursor;
use super::super::window::Window;
use super::boxes::BoxAt;

/// A list of chunk offsets beyond this size is read at its end only.
const MAX_OFFSETS: u64 = 64 * 1024;
/// Samples of the last chunk whose sizes are added up; the end is a lower bound beyond that.
const MAX_LAST_SAMPLES: u64 = 4096;

/// The facts of a track's samples. `None` is unknown: the table is missing or was read in part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SampleTable {
    pub(super) count: Option<u64>,
    /// The sum of all sample durations, in the track's timescale.
    pub(super) duration: Option<u64>,
    /// The difference between presentation and decoding time of the first sample.
    pub(super) first_offset: i64,
    /// Where the media data of the last chunk in the file start.
    pub(super) last_chunk: Option<u64>,
    /// Where the media data of that chunk end, or a lower bound.
    pub(super) data_end: Option<u64>,
    /// Every table is there with all its entries.
    pub(super) is_complete: bool,
}

/// The boxes of a sample table.
#[derive(Default)]
pub(super) struct TableBoxes {
    /// The sample descriptions.
    pub(super) stsd: Option<BoxAt>,
    stts: Option<BoxAt>,
    ctts: Option<BoxAt>,
    sizes: Option<BoxAt>,
    stsc: Option<BoxAt>,
    offsets: Option<BoxAt>,
}

impl TableBoxes {
    pub(super) fn find(window: &Window<'_>, stbl: &BoxAt) -> Result<Self, ReadError> {
        let mut found = Self::default();
        let mut walk = stbl.children(window, 0);
        while let Some(child) = walk.next()? {
            let place = match &child.kind {
                b"stsd" => &mut found.stsd,
                b"stts" => &mut found.stts,
                b"ctts" => &mut found.ctts,
                b"stsz" | b"stz2" => &mut found.sizes,
                b"stsc" => &mut found.stsc,
                b"stco" | b"co64" => &mut found.offsets,
                _ => continue,
            };
            place.get_or_insert(child);
        }
        Ok(found)
    }

    fn offset_size(&self) -> u64 {
        if self.offsets.is_some_and(|offsets| &offsets.kind == b"co64") { 8 } else { 4 }
    }

    pub(super) fn read(&self, window: &Window<'_>) -> Result<SampleTable, ReadError> {
        let sizes = self.sizes.map(|table| Sizes::read(window, table)).transpose()?.flatten();
        let (timed, duration) = match &self.stts {
            Some(stts) => durations(window, stts)?,
            None => (None, None),
        };
        let chunks = match &self.offsets {
            Some(offsets) => entry_count(window, offsets)?,
            None => None,
        };
        let runs = match &self.stsc {
            Some(stsc) => entry_count(window, stsc)?,
            None => None,
        };
        let mut table = SampleTable {
            count: sizes.as_ref().map(|sizes| sizes.count).or(timed),
            duration,
            is_complete: duration.is_some()
                && holds(window, self.stsc, 8, 12, runs)?
                && holds(window, self.offsets, 8, self.offset_size(), chunks)?
                && holds(window, self.sizes, 12, 4, sizes.as_ref().map(Sizes::entries))?,
            ..SampleTable::default()
        };
        if chunks == Some(0) || runs == Some(0) {
            // Samples that lie nowhere are none.
            table.count = Some(0);
        }
        if let Some(ctts) = &self.ctts {
            table.first_offset = first_composition_offset(&window.read(ctts.body, 16)?);
        }
        if let (Some(offsets), Some(chunks)) = (&self.offsets, chunks)
            && let Some((start, is_last)) = furthest_chunk(window, offsets, chunks)?
        {
            let size = match (&sizes, &self.stsc) {
                (Some(sizes), Some(stsc)) if is_last => {
                    sizes.of_last(window, samples_of_chunk(window, stsc, chunks)?)?
                }
                _ => 0,
            };
            table.last_chunk = Some(start);
            table.data_end = Some(start.saturating_add(size));
        }
        Ok(table)
    }
}

/// Returns true if a table and all its entries are in the file.
fn holds(
    window: &Window<'_>,
    table: Option<BoxAt>,
    header: u64,
    entry_size: u64,
    count: Option<u64>,
) -> Result<bool, ReadError> {
    let (Some(table), Some(count)) = (table, count) else { return Ok(false) };
    let length = count.saturating_mul(entry_size).saturating_add(header);
    let end = table.body.saturating_add(length);
    Ok(end <= table.end && window.reaches(end)?)
}

/// The table of sample sizes.
struct Sizes {
    table: BoxAt,
    count: u64,
    /// The size of every sample, if they are all equal.
    uniform: u64,
    is_compact: bool,
}

impl Sizes {
    fn read(window: &Window<'_>, table: BoxAt) -> Result<Option<Self>, ReadError> {
        let content = window.read(table.body, 12)?;
        let is_compact = &table.kind == b"stz2";
        let mut cursor = Cursor::new(&content);
        let fields = cursor.skip(4).and_then(|()| Some((cursor.u32()?, cursor.u32()?)));
        Ok(fields.map(|(size, count)| Self {
            table,
            count: count.into(),
            uniform: if is_compact { 0 } else { size.into() },
            is_compact,
        }))
    }

    /// Returns the number of entries of four bytes.
    fn entries(&self) -> u64 {
        if self.uniform > 0 || self.is_compact { 0 } else { self.count }
    }

    /// Returns the size of the last samples of the track, or a lower bound.
    fn of_last(&self, window: &Window<'_>, samples: u64) -> Result<u64, ReadError> {
        let samples = samples.min(self.count);
        if self.uniform > 0 {
            return Ok(self.uniform.saturating_mul(samples));
        }
        if self.is_compact {
            return Ok(0);
        }
        let samples = samples.min(MAX_LAST_SAMPLES);
        let skip = (self.count - samples).saturating_mul(4).saturating_add(12);
        let mut total = 0_u64;
        self.table.entries(window, skip, 4, samples, |entry| {
            total = total.saturating_add(Cursor::new(entry).u32().unwrap_or(0).into());
        })?;
        Ok(total)
    }
}

/// Returns the number of entries that a table declares.
fn entry_count(window: &Window<'_>, table: &BoxAt) -> Result<Option<u64>, ReadError> {
    let content = window.read(table.body, 8)?;
    let mut cursor = Cursor::new(&content);
    Ok(cursor.skip(4).and_then(|()| cursor.u32()).map(u64::from))
}

/// Returns the number of samples and the sum of their durations.
fn durations(window: &Window<'_>, stts: &BoxAt) -> Result<(Option<u64>, Option<u64>), ReadError> {
    let Some(entries) = entry_count(window, stts)? else { return Ok((None, None)) };
    let (mut samples, mut total) = (0_u64, 0_u64);
    let is_complete = stts.entries(window, 8, 8, entries, |entry| {
        let mut cursor = Cursor::new(entry);
        if let (Some(count), Some(each)) = (cursor.u32(), cursor.u32()) {
            // A negative duration is an error of the writer; players skip it.
            let each = if i32::try_from(each).is_ok() { each } else { 0 };
            samples = samples.saturating_add(count.into());
            total = total.saturating_add(u64::from(count).saturating_mul(each.into()));
        }
    })?;
    Ok((is_complete.then_some(samples), (is_complete && total > 0).then_some(total)))
}

fn first_composition_offset(content: &[u8]) -> i64 {
    let mut cursor = Cursor::new(content);
    // The standard says unsigned in version 0; writers store negative numbers as well.
    cursor.skip(12).and_then(|()| cursor.i32()).map_or(0, i64::from)
}

/// Returns the largest chunk offset, and whether it is the one of the last chunk.
fn furthest_chunk(
    window: &Window<'_>,
    offsets: &BoxAt,
    count: u64,
) -> Result<Option<(u64, bool)>, ReadError> {
    let is_wide = &offsets.kind == b"co64";
    let entry_size = if is_wide { 8 } else { 4 };
    let readable = MAX_OFFSETS / entry_size;
    let first = count.saturating_sub(readable);
    let skip = first.saturating_mul(entry_size).saturating_add(8);
    let mut furthest = None;
    let mut index = first;
    let size = if is_wide { 8 } else { 4 };
    offsets.entries(window, skip, size, count - first, |entry| {
        index = index.saturating_add(1);
        if let Some(offset) = Cursor::new(entry).time(is_wide)
            && furthest.is_none_or(|(known, _)| offset >= known)
        {
            furthest = Some((offset, index == count));
        }
    })?;
    Ok(furthest)
}

/// Returns the number of samples in the last of so many chunks.
fn samples_of_chunk(window: &Window<'_>, stsc: &BoxAt, chunks: u64) -> Result<u64, ReadError> {
    let entries = entry_count(window, stsc)?.unwrap_or(0);
    let mut samples = 0_u64;
    stsc.entries(window, 8, 12, entries, |entry| {
        let mut cursor = Cursor::new(entry);
        if let (Some(first), Some(count)) = (cursor.u32(), cursor.u32())
            && u64::from(first) <= chunks
        {
            samples = count.into();
        }
    })?;
    Ok(samples)
}

#[cfg(test)]
mod tests {
    use super::super::super::BytesSource;
    use super::super::boxes::BoxWalk;
    use super::*;

    fn full_box(kind: &[u8; 4], fields: &[u32]) -> Vec<u8> {
        let length = u32::try_from(fields.len() * 4 + 12).unwrap();
        let mut bytes = [&length.to_be_bytes()[..], kind, &[0; 4]].concat();
        fields.iter().for_each(|field| bytes.extend(field.to_be_bytes()));
        bytes
    }

    fn read(boxes: &[Vec<u8>]) -> SampleTable {
        let content = boxes.concat();
        let length = u32::try_from(content.len() + 8).unwrap();
        let source = BytesSource::new([&length.to_be_bytes()[..], b"stbl", &content].concat());
        let window = Window::new(&source, 1_000_000);
        let stbl = BoxWalk::of_file(&window, 0).next().unwrap().unwrap();
        TableBoxes::find(&window, &stbl).unwrap().read(&window).unwrap()
    }

    #[test]
    fn the_end_of_the_media_data_is_the_end_of_the_last_chunk() {
        let table = read(&[
            full_box(b"stts", &[2, 3, 100, 1, 50]),
            full_box(b"stsz", &[0, 4, 10, 20, 30, 40]),
            full_box(b"stsc", &[2, 1, 1, 1, 2, 3, 1]),
            full_box(b"stco", &[2, 1_000, 2_000]),
            full_box(b"ctts", &[1, 4, 7]),
        ]);
        let expected = SampleTable {
            count: Some(4),
            duration: Some(350),
            first_offset: 7,
            last_chunk: Some(2_000),
            data_end: Some(2_090),
            is_complete: true,
        };
        assert_eq!(table, expected);
    }

    #[test]
    fn equal_sizes_and_chunks_in_any_order() {
        let table = read(&[
            full_box(b"stsz", &[8, 6]),
            full_box(b"stsc", &[1, 1, 3, 1]),
            full_box(b"co64", &[2, 0, 9_000, 0, 500]),
        ]);
        assert_eq!((table.count, table.last_chunk), (Some(6), Some(9_000)));
        assert_eq!(table.data_end, Some(9_000), "the size of an earlier chunk is unknown");
    }

    #[test]
    fn tables_without_samples_or_chunks() {
        let empty = [full_box(b"stts", &[0]), full_box(b"stsz", &[0, 0])];
        assert_eq!(read(&empty).count, Some(0));
        let nowhere = [full_box(b"stsz", &[8, 6]), full_box(b"stco", &[0])];
        assert_eq!(read(&nowhere).count, Some(0));
        assert_eq!(read(&[]), SampleTable::default());
    }

    #[test]
    fn a_table_that_ends_early_proves_no_duration() {
        let table = read(&[full_box(b"stts", &[u32::MAX, 3, 100])]);
        assert_eq!((table.count, table.duration, table.is_complete), (None, None, false));
        let negative = read(&[full_box(b"stts", &[2, 3, 100, 1, (-5_i32).cast_unsigned()])]);
        assert_eq!(negative.duration, Some(300));
    }
}
