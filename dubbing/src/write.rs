//! Writes the index of the result: the file type and movie boxes.

use crate::cut;
use crate::isobmff::boxes::{boxed, full_box};
use crate::track::{Edit, IDENTITY, Sample, Track, TrackKind};

/// The language "undetermined".
const LANGUAGE: u16 = 0x55c4;

/// Samples of a track that lie one after the other in the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// The index of the first sample.
    pub(crate) first: usize,
    /// How many samples it has.
    pub(crate) count: usize,
    /// The entry of all of them.
    pub(crate) entry: u16,
    /// When the first is decoded, in the timescale of the movie.
    pub(crate) time: u64,
    /// Its position in the result.
    pub(crate) offset: u64,
}

/// A track of the result.
pub(crate) struct OutputTrack {
    pub(crate) track: Track,
    /// The edits, in the timescale of the movie.
    pub(crate) edits: Vec<Edit>,
    pub(crate) chunks: Vec<Chunk>,
}

/// Returns the box in front of all others.
pub(crate) fn file_type() -> Vec<u8> {
    boxed(b"ftyp", b"isom\0\0\x02\0isomiso2iso4mp41")
}

/// Returns the movie box. `wide` offsets have 64 bits.
pub(crate) fn movie(tracks: &[&OutputTrack], timescale: u32, wide: bool) -> Vec<u8> {
    let length = tracks.iter().map(|track| cut::length(&track.edits)).max().unwrap_or_default();
    let matrix = tracks.first().map_or(IDENTITY, |track| track.track.movie_matrix);
    let mut header = Fields::times(length);
    header.u32(timescale);
    header.duration(length);
    // The rate, the volume, reserved.
    header.u32(0x0001_0000);
    header.u32(0x0100_0000);
    header.u64(0);
    header.bytes(&matrix);
    header.bytes(&[0; 24]);
    header.u32(u32::try_from(tracks.len()).unwrap_or_default().saturating_add(1));
    let mut content = header.full_box(b"mvhd", 0);
    for (number, track) in (1..).zip(tracks) {
        content.extend_from_slice(&track_box(track, number, wide));
    }
    boxed(b"moov", &content)
}

fn track_box(output: &OutputTrack, number: u32, wide: bool) -> Vec<u8> {
    let Track { kind, matrix, size, .. } = &output.track;
    let length = cut::length(&output.edits);
    let mut header = Fields::times(length);
    header.u32(number);
    header.u32(0);
    header.duration(length);
    header.u64(0);
    // Layer and group; the volume, reserved.
    header.u32(0);
    header.u32(if *kind == TrackKind::Sound { 0x0100_0000 } else { 0 });
    header.bytes(matrix);
    header.u32(size.0);
    header.u32(size.1);
    // Enabled, and part of the movie.
    let header = header.full_box(b"tkhd", 3);
    let edits = boxed(b"edts", &edit_list(&output.edits));
    boxed(b"trak", &[header, edits, media(output, wide)].concat())
}

fn edit_list(edits: &[Edit]) -> Vec<u8> {
    let is_wide = |edit: &Edit| {
        u32::try_from(edit.duration.unwrap_or_default()).is_err()
            || i32::try_from(edit.start.unwrap_or_default()).is_err()
    };
    let wide = edits.iter().any(is_wide);
    let mut list = Fields::default();
    list.u32(u32::try_from(edits.len()).unwrap_or_default());
    for edit in edits {
        let duration = edit.duration.unwrap_or_default();
        if wide {
            list.u64(duration);
            list.u64(edit.start.unwrap_or(u64::MAX));
        } else {
            list.u32(u32::try_from(duration).unwrap_or_default());
            list.u32(edit.start.and_then(|start| u32::try_from(start).ok()).unwrap_or(u32::MAX));
        }
        list.u32(0x0001_0000);
    }
    full_box(b"elst", u8::from(wide), 0, &list.bytes)
}

fn media(output: &OutputTrack, wide: bool) -> Vec<u8> {
    let track = &output.track;
    let duration = track.decoding_duration();
    let mut header = Fields::times(duration);
    header.u32(track.timescale);
    header.duration(duration);
    header.u16(LANGUAGE);
    header.u16(0);
    let header = header.full_box(b"mdhd", 0);
    let (handler, name, kind): (&[u8; 4], &[u8], Vec<u8>) = match track.kind {
        TrackKind::Picture => (b"vide", b"VideoHandler\0", full_box(b"vmhd", 0, 1, &[0; 8])),
        TrackKind::Sound => (b"soun", b"SoundHandler\0", full_box(b"smhd", 0, 0, &[0; 4])),
    };
    let handler = full_box(b"hdlr", 0, 0, &[&[0; 4][..], handler, &[0; 12], name].concat());
    // The samples are in this file.
    let reference =
        full_box(b"dref", 0, 0, &[&[0, 0, 0, 1][..], &full_box(b"url ", 0, 1, &[])].concat());
    let data = boxed(b"dinf", &reference);
    let table = boxed(b"stbl", &sample_table(output, wide));
    let information = boxed(b"minf", &[kind, data, table].concat());
    boxed(b"mdia", &[header, handler, information].concat())
}

fn sample_table(output: &OutputTrack, wide: bool) -> Vec<u8> {
    let samples = &output.track.samples;
    let mut descriptions = Fields::counted(output.track.entries.len());
    for entry in &output.track.entries {
        descriptions.bytes(entry);
    }
    let mut table = descriptions.full_box(b"stsd", 0);
    table.extend_from_slice(&runs(b"stts", 0, samples.iter().map(|it| it.duration)));
    if samples.iter().any(|sample| sample.shift != 0) {
        let version = u8::from(samples.iter().any(|sample| sample.shift < 0));
        let shifts = samples.iter().map(|sample| sample.shift.cast_unsigned());
        table.extend_from_slice(&runs(b"ctts", version, shifts));
    }
    if samples.iter().any(|sample| !sample.sync) {
        table.extend_from_slice(&sync_samples(samples));
    }
    table.extend_from_slice(&chunk_runs(&output.chunks));
    table.extend_from_slice(&sizes(samples));
    let mut offsets = Fields::counted(output.chunks.len());
    for chunk in &output.chunks {
        if wide {
            offsets.u64(chunk.offset);
        } else {
            offsets.u32(u32::try_from(chunk.offset).unwrap_or(u32::MAX));
        }
    }
    table.extend_from_slice(&offsets.full_box(if wide { b"co64" } else { b"stco" }, 0));
    table
}

/// Returns a box of numbers, each with how often it follows.
fn runs(kind: &[u8; 4], version: u8, numbers: impl Iterator<Item = u32>) -> Vec<u8> {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((count, last)) if *last == number => *count = count.saturating_add(1),
            _ => runs.push((1, number)),
        }
    }
    let mut list = Fields::counted(runs.len());
    for (count, number) in runs {
        list.u32(count);
        list.u32(number);
    }
    full_box(kind, version, 0, &list.bytes)
}

fn sync_samples(samples: &[Sample]) -> Vec<u8> {
    let numbers = (1_u32..).zip(samples).filter(|(_, sample)| sample.sync);
    let numbers: Vec<u32> = numbers.map(|(number, _)| number).collect();
    let mut list = Fields::counted(numbers.len());
    for number in numbers {
        list.u32(number);
    }
    list.full_box(b"stss", 0)
}

/// Returns how many samples the chunks have.
fn chunk_runs(chunks: &[Chunk]) -> Vec<u8> {
    let mut runs: Vec<(u32, u32, u32)> = Vec::new();
    for (number, chunk) in (1..).zip(chunks) {
        let count = u32::try_from(chunk.count).unwrap_or(u32::MAX);
        let description = u32::from(chunk.entry).saturating_add(1);
        if runs.last().is_none_or(|(_, last, same)| (*last, *same) != (count, description)) {
            runs.push((number, count, description));
        }
    }
    let mut list = Fields::counted(runs.len());
    for (number, count, description) in runs {
        list.u32(number);
        list.u32(count);
        list.u32(description);
    }
    list.full_box(b"stsc", 0)
}

fn sizes(samples: &[Sample]) -> Vec<u8> {
    let mut list = Fields::default();
    list.u32(0);
    list.u32(u32::try_from(samples.len()).unwrap_or_default());
    for sample in samples {
        list.u32(sample.size);
    }
    list.full_box(b"stsz", 0)
}

/// The fields of a box.
#[derive(Default)]
struct Fields {
    bytes: Vec<u8>,
    /// Whether times and durations have 64 bits.
    wide: bool,
}

impl Fields {
    /// Returns fields that begin with the times of creation and of change, which are not known.
    /// `duration` decides how many bits they have.
    fn times(duration: u64) -> Self {
        let wide = u32::try_from(duration).is_err();
        Self { bytes: vec![0; if wide { 16 } else { 8 }], wide }
    }

    /// Returns fields that begin with a count.
    fn counted(count: usize) -> Self {
        let mut fields = Self::default();
        fields.u32(u32::try_from(count).unwrap_or(u32::MAX));
        fields
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    fn u16(&mut self, number: u16) {
        self.bytes(&number.to_be_bytes());
    }

    fn u32(&mut self, number: u32) {
        self.bytes(&number.to_be_bytes());
    }

    fn u64(&mut self, number: u64) {
        self.bytes(&number.to_be_bytes());
    }

    fn duration(&mut self, duration: u64) {
        match u32::try_from(duration) {
            Ok(duration) if !self.wide => self.u32(duration),
            _ => self.u64(duration),
        }
    }

    fn full_box(self, kind: &[u8; 4], flags: u32) -> Vec<u8> {
        full_box(kind, u8::from(self.wide), flags, &self.bytes)
    }
}
