//! A track of a movie: the first that a player would show.

use super::boxes::{Cursor, child, children, descendant};
use super::fragments::FragmentReader;
use super::layout::{self, Layout};
use super::{sample_entry, sample_table};
use crate::error::{Problem, unusable};
use crate::source::ReadAt;
use crate::track::{Edit, IDENTITY, Track, TrackKind};

/// The most tracks that are looked at.
const MAX_TRACKS: usize = 64;
/// The most edits of a track.
const MAX_EDITS: usize = 1000;
/// The most sample entries of a track.
const MAX_ENTRIES: usize = 64;

/// Reads the track of this kind that players show: the first enabled one with samples, or else the
/// first one with samples.
pub(crate) fn read_track(source: &dyn ReadAt, kind: TrackKind) -> Result<Track, Problem> {
    let layout = layout::find(source)?;
    let handler = match kind {
        TrackKind::Picture => b"vide",
        TrackKind::Sound => b"soun",
    };
    let candidates = || {
        let tracks = children(&layout.movie).filter(|atom| atom.kind == *b"trak");
        let is_kind = |body: &&[u8]| {
            descendant(body, &[b"mdia", b"hdlr"]).and_then(|body| body.get(8..12))
                == Some(&handler[..])
        };
        tracks.take(MAX_TRACKS).map(|atom| atom.body).filter(is_kind)
    };
    let mut first_problem = None;
    for wants_enabled in [true, false] {
        for body in candidates().filter(|body| is_enabled(body) == wants_enabled) {
            match read_one(source, &layout, body, kind) {
                Ok(track) => return Ok(track),
                Err(Problem::Io(error)) => return Err(Problem::Io(error)),
                Err(problem) => first_problem = first_problem.or(Some(problem)),
            }
        }
    }
    Err(first_problem.unwrap_or_else(|| {
        unusable(match kind {
            TrackKind::Picture => "has no picture",
            TrackKind::Sound => "has no sound",
        })
    }))
}

fn is_enabled(track: &[u8]) -> bool {
    child(track, b"tkhd").and_then(|body| body.get(3)).is_none_or(|flags| flags & 1 == 1)
}

fn read_one(
    source: &dyn ReadAt,
    layout: &Layout,
    body: &[u8],
    kind: TrackKind,
) -> Result<Track, Problem> {
    let header = child(body, b"tkhd").and_then(TrackHeader::read);
    let header = header.ok_or_else(|| unusable("has a track without a header"))?;
    let timescale = descendant(body, &[b"mdia", b"mdhd"]).and_then(timescale);
    let movie_timescale = child(&layout.movie, b"mvhd").and_then(self::timescale);
    let (Some(timescale), Some(edit_timescale)) = (timescale, movie_timescale) else {
        return Err(unusable("has a track without a timescale"));
    };
    let table = descendant(body, &[b"mdia", b"minf", b"stbl"]).unwrap_or_default();
    let entries = read_entries(table, kind, timescale)?;
    let samples = sample_table::read(table, entries.len(), source.size())?;
    let mut reader =
        FragmentReader::new(&layout.movie, header.id, entries.len(), source.size(), samples);
    for place in &layout.fragments {
        if let Some(bytes) = layout::fragment(source, *place)? {
            reader.add(&bytes, place.0)?;
        }
    }
    if reader.samples.is_empty() {
        return Err(unusable("has a track without samples"));
    }
    let total: u64 = reader.samples.iter().map(|sample| u64::from(sample.size)).sum();
    if total > source.size() {
        return Err(unusable("has samples that overlap"));
    }
    let mut edits = read_edits(body);
    for edit in &mut edits {
        edit.start = edit.start.map(|start| start.saturating_sub(reader.origin));
    }
    Ok(Track {
        kind,
        timescale,
        edit_timescale,
        edits,
        entries,
        samples: reader.samples,
        matrix: header.matrix,
        movie_matrix: child(&layout.movie, b"mvhd").and_then(movie_matrix).unwrap_or(IDENTITY),
        size: header.size,
    })
}

struct TrackHeader {
    id: u32,
    matrix: [u8; 36],
    size: (u32, u32),
}

impl TrackHeader {
    fn read(body: &[u8]) -> Option<Self> {
        let mut cursor = Cursor(body);
        let (version, _) = cursor.version_and_flags()?;
        cursor.take(if version == 1 { 16 } else { 8 })?;
        let id = cursor.u32()?;
        // Reserved, the duration, reserved, layer, group, volume, reserved.
        cursor.take(4 + if version == 1 { 8 } else { 4 } + 16)?;
        let matrix = cursor.take(36)?.try_into().ok()?;
        Some(Self { id, matrix, size: (cursor.u32()?, cursor.u32()?) })
    }
}

/// Returns the units per second of a media header or a movie header.
fn timescale(body: &[u8]) -> Option<u32> {
    let mut cursor = Cursor(body);
    let (version, _) = cursor.version_and_flags()?;
    cursor.take(if version == 1 { 16 } else { 8 })?;
    cursor.u32().filter(|timescale| *timescale > 0)
}

/// Returns the matrix of a movie header.
fn movie_matrix(body: &[u8]) -> Option<[u8; 36]> {
    let mut cursor = Cursor(body);
    let (version, _) = cursor.version_and_flags()?;
    // Two times, the timescale, the duration; the rate, the volume, reserved.
    cursor.take(if version == 1 { 28 } else { 16 } + 16)?;
    cursor.take(36)?.try_into().ok()
}

fn read_entries(table: &[u8], kind: TrackKind, timescale: u32) -> Result<Vec<Vec<u8>>, Problem> {
    let mut cursor = Cursor(child(table, b"stsd").unwrap_or_default());
    let _ = cursor.version_and_flags().and_then(|_| cursor.u32());
    let atoms = children(cursor.0).take(MAX_ENTRIES);
    let entries: Result<Vec<_>, _> =
        atoms.map(|atom| sample_entry::for_mp4(atom, kind, timescale)).collect();
    match entries {
        Ok(entries) if entries.is_empty() => Err(unusable("has a track without a description")),
        other => other,
    }
}

fn read_edits(body: &[u8]) -> Vec<Edit> {
    let mut cursor = Cursor(descendant(body, &[b"edts", b"elst"]).unwrap_or_default());
    let Some((version, _)) = cursor.version_and_flags() else { return Vec::new() };
    let count = cursor.u32().unwrap_or_default();
    let mut edits = Vec::new();
    for _ in 0..count.min(MAX_EDITS as u32) {
        let edit = (|| {
            let duration = cursor.wide(version)?;
            let start = match version {
                1 => cursor.u64()?.cast_signed(),
                _ => i64::from(cursor.i32()?),
            };
            // The rate: all parts are shown at normal speed.
            cursor.u32()?;
            let start = u64::try_from(start).ok();
            // A part without a duration reaches to the end; one that shows nothing has none.
            let duration = Some(duration).filter(|duration| *duration > 0 || start.is_none());
            Some(Edit { start, duration })
        })();
        let Some(edit) = edit else { break };
        edits.push(edit);
    }
    edits
}
