//! Reads the `moov` box: the movie header and its tracks.

use super::super::ReadError;
use super::super::cursor::Cursor;
use super::super::window::Window;
use super::boxes::BoxAt;
use super::sample_entry::{self, SampleEntry};
use super::sample_table::{SampleTable, TableBoxes};

/// Tracks beyond this number are ignored; a real file has a handful.
const MAX_TRACKS: usize = 64;
/// Entries of an edit list beyond this number are ignored.
const MAX_EDITS: usize = 4096;

/// The parts of a transformation that affect the size: rotation and scale, not position.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Matrix {
    pub(super) a: f64,
    pub(super) b: f64,
    pub(super) c: f64,
    pub(super) d: f64,
}

impl Matrix {
    pub(super) const IDENTITY: Self = Self { a: 1.0, b: 0.0, c: 0.0, d: 1.0 };

    /// Returns the product: this transformation first, then the other.
    pub(super) fn then(self, other: Self) -> Self {
        Self {
            a: self.a * other.a + self.b * other.c,
            b: self.a * other.b + self.b * other.d,
            c: self.c * other.a + self.d * other.c,
            d: self.c * other.b + self.d * other.d,
        }
    }

    /// Returns true if the transformation swaps width and height.
    pub(super) fn is_quarter_turn(self) -> bool {
        self.b.abs() > self.a.abs()
    }
}

/// One entry of an edit list. Its rate is not kept: players ignore it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    /// In the movie's timescale; 0 means "all of the media".
    pub(super) length: u64,
    /// The start in the media, in the media's timescale; negative for an empty edit.
    pub(super) media_time: i64,
}

/// The facts of a `trak` box.
#[derive(Clone, Debug)]
pub(super) struct Track {
    pub(super) id: u32,
    pub(super) is_enabled: bool,
    pub(super) handler: [u8; 4],
    pub(super) matrix: Matrix,
    /// The presentation size in pixels.
    pub(super) presented: (f64, f64),
    pub(super) timescale: u32,
    /// The duration in the media header, in the track's timescale.
    pub(super) declared_length: Option<u64>,
    pub(super) samples: SampleTable,
    pub(super) edits: Vec<Edit>,
    pub(super) entry: Option<SampleEntry>,
    /// The tracks that hold this track's chapters.
    pub(super) chapters: Vec<u32>,
}

impl Track {
    pub(super) fn new() -> Self {
        Self {
            id: 0,
            is_enabled: true,
            handler: [0; 4],
            matrix: Matrix::IDENTITY,
            presented: (0.0, 0.0),
            timescale: 0,
            declared_length: None,
            samples: SampleTable::default(),
            edits: Vec::new(),
            entry: None,
            chapters: Vec::new(),
        }
    }

    pub(super) fn is_video(&self) -> bool {
        &self.handler == b"vide"
    }

    pub(super) fn is_audio(&self) -> bool {
        &self.handler == b"soun"
    }
}

/// The defaults of a track's fragments (`trex`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FragmentDefaults {
    pub(super) id: u32,
    pub(super) duration: u32,
    pub(super) size: u32,
}

/// The facts of the `moov` box.
#[derive(Clone, Debug)]
pub(super) struct Movie {
    pub(super) timescale: u32,
    /// The duration in the movie header, in the movie's timescale.
    pub(super) declared_length: Option<u64>,
    pub(super) matrix: Matrix,
    pub(super) tracks: Vec<Track>,
    /// Samples may follow in `moof` boxes.
    pub(super) is_fragmented: bool,
    pub(super) defaults: Vec<FragmentDefaults>,
    /// The tracks are compressed (`cmov`), which is not supported here.
    pub(super) is_compressed: bool,
}

pub(super) fn read(window: &Window<'_>, moov: &BoxAt) -> Result<Movie, ReadError> {
    let mut movie = Movie {
        timescale: 0,
        declared_length: None,
        matrix: Matrix::IDENTITY,
        tracks: Vec::new(),
        is_fragmented: false,
        defaults: Vec::new(),
        is_compressed: false,
    };
    let mut walk = moov.children(window, 0);
    while let Some(child) = walk.next()? {
        match &child.kind {
            b"mvhd" => {
                movie_header(&child.content(window)?, &mut movie);
            }
            b"trak" if movie.tracks.len() < MAX_TRACKS => {
                movie.tracks.push(track(window, &child)?);
            }
            b"mvex" => {
                movie.is_fragmented = true;
                movie.defaults = fragment_defaults(window, &child)?;
            }
            b"cmov" => movie.is_compressed = true,
            _ => {}
        }
    }
    Ok(movie)
}

fn track(window: &Window<'_>, trak: &BoxAt) -> Result<Track, ReadError> {
    let mut track = Track::new();
    let mut walk = trak.children(window, 0);
    while let Some(child) = walk.next()? {
        match &child.kind {
            b"tkhd" => {
                track_header(&child.content(window)?, &mut track);
            }
            b"edts" => {
                if let Some(list) = first_child(window, &child, *b"elst")? {
                    track.edits = edit_list(&list.content(window)?);
                }
            }
            b"tref" => {
                if let Some(list) = first_child(window, &child, *b"chap")? {
                    track.chapters = track_ids(&list.content(window)?);
                }
            }
            b"mdia" => media(window, &child, &mut track)?,
            _ => {}
        }
    }
    Ok(track)
}

fn first_child(
    window: &Window<'_>,
    parent: &BoxAt,
    kind: [u8; 4],
) -> Result<Option<BoxAt>, ReadError> {
    let mut walk = parent.children(window, 0);
    while let Some(child) = walk.next()? {
        if child.kind == kind {
            return Ok(Some(child));
        }
    }
    Ok(None)
}

fn media(window: &Window<'_>, mdia: &BoxAt, track: &mut Track) -> Result<(), ReadError> {
    // The handler decides how the sample description is read, and may come after it.
    let mut information = None;
    let mut walk = mdia.children(window, 0);
    while let Some(child) = walk.next()? {
        match &child.kind {
            b"mdhd" => {
                media_header(&child.content(window)?, track);
            }
            b"hdlr" => {
                let content = child.content(window)?;
                let mut cursor = Cursor::new(&content);
                if let Some(handler) = cursor.skip(8).and_then(|()| cursor.array()) {
                    track.handler = handler;
                }
            }
            b"minf" => information = information.or(Some(child)),
            _ => {}
        }
    }
    match information {
        Some(minf) => media_information(window, &minf, track),
        None => Ok(()),
    }
}

fn media_information(
    window: &Window<'_>,
    minf: &BoxAt,
    track: &mut Track,
) -> Result<(), ReadError> {
    let mut table = None;
    let mut walk = minf.children(window, 0);
    while let Some(child) = walk.next()? {
        match &child.kind {
            b"stbl" => table = table.or(Some(child)),
            b"vmhd" if track.handler == [0; 4] => track.handler = *b"vide",
            b"smhd" if track.handler == [0; 4] => track.handler = *b"soun",
            _ => {}
        }
    }
    let Some(stbl) = table else { return Ok(()) };
    let boxes = TableBoxes::find(window, &stbl)?;
    track.samples = boxes.read(window)?;
    if let Some(stsd) = &boxes.stsd {
        // Only the first description: a file with several is rare and plays at the first's size.
        track.entry = sample_entry::first(window, stsd, track.handler)?;
    }
    Ok(())
}

fn fragment_defaults(
    window: &Window<'_>,
    mvex: &BoxAt,
) -> Result<Vec<FragmentDefaults>, ReadError> {
    let mut defaults = Vec::new();
    let mut walk = mvex.children(window, 0);
    while let Some(child) = walk.next()? {
        if &child.kind == b"trex" && defaults.len() < MAX_TRACKS {
            defaults.extend(track_extends(&child.content(window)?));
        }
    }
    Ok(defaults)
}

fn track_extends(content: &[u8]) -> Option<FragmentDefaults> {
    let mut cursor = Cursor::new(content);
    cursor.skip(4)?;
    let id = cursor.u32()?;
    cursor.skip(4)?;
    Some(FragmentDefaults { id, duration: cursor.u32()?, size: cursor.u32()? })
}

fn movie_header(content: &[u8], movie: &mut Movie) -> Option<()> {
    let mut cursor = Cursor::new(content);
    let wide = cursor.u8()? == 1;
    cursor.skip(3 + if wide { 16 } else { 8 })?;
    movie.timescale = cursor.u32()?;
    movie.declared_length = known_length(cursor.time(wide)?);
    // Rate, volume and reserved fields.
    cursor.skip(16)?;
    movie.matrix = matrix(&mut cursor)?;
    Some(())
}

fn track_header(content: &[u8], track: &mut Track) -> Option<()> {
    let mut cursor = Cursor::new(content);
    let wide = cursor.u8()? == 1;
    let [_, _, flags] = cursor.array()?;
    track.is_enabled = flags & 1 == 1;
    cursor.skip(if wide { 16 } else { 8 })?;
    track.id = cursor.u32()?;
    cursor.skip(4)?;
    cursor.time(wide)?;
    // Reserved fields, layer, group and volume.
    cursor.skip(16)?;
    track.matrix = matrix(&mut cursor)?;
    track.presented = (fixed(cursor.u32()?), fixed(cursor.u32()?));
    Some(())
}

fn media_header(content: &[u8], track: &mut Track) -> Option<()> {
    let mut cursor = Cursor::new(content);
    let wide = cursor.u8()? == 1;
    cursor.skip(3 + if wide { 16 } else { 8 })?;
    track.timescale = cursor.u32()?;
    track.declared_length = known_length(cursor.time(wide)?);
    Some(())
}

/// Returns `None` for the values that mean "unknown". Writers store the 32-bit one in wide fields
/// as well.
fn known_length(length: u64) -> Option<u64> {
    let is_unknown = length == 0 || length == u64::from(u32::MAX) || length == u64::MAX;
    (!is_unknown).then_some(length)
}

/// Reads the four numbers that matter of nine; leaves the cursor after all nine.
fn matrix(cursor: &mut Cursor<'_>) -> Option<Matrix> {
    let a = signed_fixed(cursor.i32()?);
    let b = signed_fixed(cursor.i32()?);
    cursor.skip(4)?;
    let c = signed_fixed(cursor.i32()?);
    let d = signed_fixed(cursor.i32()?);
    cursor.skip(16)?;
    Some(Matrix { a, b, c, d })
}

fn fixed(value: u32) -> f64 {
    f64::from(value) / 65536.0
}

fn signed_fixed(value: i32) -> f64 {
    f64::from(value) / 65536.0
}

fn track_ids(content: &[u8]) -> Vec<u32> {
    let mut cursor = Cursor::new(content);
    std::iter::from_fn(|| cursor.u32()).take(MAX_TRACKS).collect()
}

fn edit_list(content: &[u8]) -> Vec<Edit> {
    let mut cursor = Cursor::new(content);
    let (Some(version), Some(()), Some(count)) = (cursor.u8(), cursor.skip(3), cursor.u32()) else {
        return Vec::new();
    };
    let wide = version == 1;
    // The content is bounded, so a false count cannot cause a long loop.
    (0..count).map_while(|_| edit(&mut cursor, wide)).take(MAX_EDITS).collect()
}

fn edit(cursor: &mut Cursor<'_>, wide: bool) -> Option<Edit> {
    let length = cursor.time(wide)?;
    let media_time = if wide { cursor.i64()? } else { i64::from(cursor.i32()?) };
    cursor.skip(4)?;
    Some(Edit { length, media_time })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edit_lists_of_both_widths() {
        let narrow = [
            &[0, 0, 0, 0, 0, 0, 0, 2][..],
            &[0, 0, 0, 100, 0xff, 0xff, 0xff, 0xff, 0, 1, 0, 0],
            &[0, 0, 3, 232, 0, 0, 4, 0, 0, 1, 0, 0],
        ]
        .concat();
        assert_eq!(
            edit_list(&narrow),
            [Edit { length: 100, media_time: -1 }, Edit { length: 1000, media_time: 1024 }]
        );
        let wide = [
            &[1, 0, 0, 0, 0, 0, 0, 1][..],
            &[0, 0, 0, 1, 0, 0, 0, 0],
            &[0, 0, 0, 0, 0, 0, 0, 7],
            &[0, 0, 0, 0],
        ]
        .concat();
        assert_eq!(edit_list(&wide), [Edit { length: 1 << 32, media_time: 7 }]);
    }

    #[test]
    fn a_false_count_ends_with_the_bytes() {
        let mut bytes = vec![0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff];
        bytes.extend([0; 24]);
        assert_eq!(edit_list(&bytes).len(), 2);
    }

    #[test]
    fn quarter_turns_add_up() {
        let quarter = Matrix { a: 0.0, b: 1.0, c: -1.0, d: 0.0 };
        let half = quarter.then(quarter);
        assert_eq!(half, Matrix { a: -1.0, b: 0.0, c: 0.0, d: -1.0 });
        assert_eq!(half.then(half), Matrix::IDENTITY);
        assert!(quarter.is_quarter_turn() && !half.is_quarter_turn());
    }

    #[test]
    fn unknown_lengths_of_either_width() {
        for length in [0, 0xffff_ffff, u64::MAX] {
            assert_eq!(known_length(length), None);
        }
        assert_eq!(known_length(0xffff_fffe), Some(0xffff_fffe));
    }
}
