//! Reads the `moov` box: what a movie says of its tracks.

use super::super::ReadError;
use super::super::cursor::Cursor;
use super::super::window::Window;
use super::boxes::BoxAt;
use super::sample_entry::{self, SampleEntry};

/// Tracks that are looked at; a real file has a handful.
const MOST_TRACKS: usize = 64;

/// The parts of a transformation that matter for size: rotation and scale, not position.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Matrix {
    pub(super) a: f64,
    pub(super) b: f64,
    pub(super) c: f64,
    pub(super) d: f64,
}

impl Matrix {
    pub(super) const IDENTITY: Self = Self { a: 1.0, b: 0.0, c: 0.0, d: 1.0 };

    /// This one first, then the other.
    pub(super) fn then(self, other: Self) -> Self {
        Self {
            a: self.a * other.a + self.b * other.c,
            b: self.a * other.b + self.b * other.d,
            c: self.c * other.a + self.d * other.c,
            d: self.c * other.b + self.d * other.d,
        }
    }
}

/// One entry of an edit list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    /// In the movie's timescale; 0 means "all of the media".
    pub(super) length: u64,
    /// Where it begins in the media, in the media's timescale; negative for a pause before it.
    pub(super) media_time: i64,
    /// Played at its normal speed.
    pub(super) normal_rate: bool,
}

/// What a `trak` box says.
#[derive(Clone, Debug)]
pub(super) struct Track {
    pub(super) id: u32,
    pub(super) is_enabled: bool,
    pub(super) handler: [u8; 4],
    pub(super) matrix: Matrix,
    /// Presentation size in pixels.
    pub(super) presented: (f64, f64),
    pub(super) timescale: u32,
    /// In the track's timescale; 0 where the samples are all in fragments.
    pub(super) media_length: u64,
    /// How much later than decoded the first sample is shown, in the track's timescale.
    pub(super) first_offset: i64,
    pub(super) edits: Vec<Edit>,
    pub(super) entry: Option<SampleEntry>,
}

impl Track {
    fn new() -> Self {
        Self {
            id: 0,
            is_enabled: true,
            handler: [0; 4],
            matrix: Matrix::IDENTITY,
            presented: (0.0, 0.0),
            timescale: 0,
            media_length: 0,
            first_offset: 0,
            edits: Vec::new(),
            entry: None,
        }
    }

    pub(super) fn is_video(&self) -> bool {
        &self.handler == b"vide"
    }

    pub(super) fn is_sound(&self) -> bool {
        &self.handler == b"soun"
    }
}

/// What the `moov` box says.
#[derive(Clone, Debug)]
pub(super) struct Movie {
    pub(super) timescale: u32,
    pub(super) matrix: Matrix,
    pub(super) tracks: Vec<Track>,
    /// Samples may follow in `moof` boxes.
    pub(super) is_fragmented: bool,
    /// Track id and default sample duration, from `trex`.
    pub(super) defaults: Vec<(u32, u32)>,
}

pub(super) fn read(window: &Window<'_>, moov: &BoxAt) -> Result<Movie, ReadError> {
    let mut movie = Movie {
        timescale: 0,
        matrix: Matrix::IDENTITY,
        tracks: Vec::new(),
        is_fragmented: false,
        defaults: Vec::new(),
    };
    let mut walk = moov.children(window, 0);
    while let Some(child) = walk.next()? {
        match &child.kind {
            b"mvhd" => {
                if let Some((timescale, matrix)) = movie_header(&child.content(window)?) {
                    movie.timescale = timescale;
                    movie.matrix = matrix;
                }
            }
            b"trak" if movie.tracks.len() < MOST_TRACKS => {
                movie.tracks.push(track(window, &child)?);
            }
            b"mvex" => {
                movie.is_fragmented = true;
                movie.defaults = fragment_defaults(window, &child)?;
            }
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
                let mut inner = child.children(window, 0);
                while let Some(list) = inner.next()? {
                    if &list.kind == b"elst" {
                        track.edits = edit_list(&list.content(window)?);
                    }
                }
            }
            b"mdia" => media(window, &child, &mut track)?,
            _ => {}
        }
    }
    Ok(track)
}

fn media(window: &Window<'_>, mdia: &BoxAt, track: &mut Track) -> Result<(), ReadError> {
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
            b"minf" => {
                let mut inner = child.children(window, 0);
                while let Some(table) = inner.next()? {
                    if &table.kind == b"stbl" {
                        sample_table(window, &table, track)?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn sample_table(window: &Window<'_>, stbl: &BoxAt, track: &mut Track) -> Result<(), ReadError> {
    let mut walk = stbl.children(window, 0);
    while let Some(child) = walk.next()? {
        match &child.kind {
            // The first description; a file with several is rare and plays at the first's size.
            b"stsd" => track.entry = sample_entry::first(window, &child, track.handler)?,
            b"stts" if track.media_length == 0 => {
                track.media_length = sum_of_times(&child.content(window)?);
            }
            b"ctts" => {
                let content = child.content(window)?;
                track.first_offset = first_composition_offset(&content).unwrap_or(0);
            }
            _ => {}
        }
    }
    Ok(())
}

fn fragment_defaults(window: &Window<'_>, mvex: &BoxAt) -> Result<Vec<(u32, u32)>, ReadError> {
    let mut defaults = Vec::new();
    let mut walk = mvex.children(window, 0);
    while let Some(child) = walk.next()? {
        if &child.kind == b"trex" && defaults.len() < MOST_TRACKS {
            defaults.extend(track_extends(&child.content(window)?));
        }
    }
    Ok(defaults)
}

fn track_extends(content: &[u8]) -> Option<(u32, u32)> {
    let mut cursor = Cursor::new(content);
    cursor.skip(4)?;
    let id = cursor.u32()?;
    cursor.skip(4)?;
    Some((id, cursor.u32()?))
}

fn movie_header(content: &[u8]) -> Option<(u32, Matrix)> {
    let mut cursor = Cursor::new(content);
    let wide = cursor.u8()? == 1;
    cursor.skip(3 + if wide { 16 } else { 8 })?;
    let timescale = cursor.u32()?;
    cursor.time(wide)?;
    // Rate, volume and reserved fields.
    cursor.skip(16)?;
    Some((timescale, matrix(&mut cursor)?))
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
    let length = cursor.time(wide)?;
    let is_unknown = length == if wide { u64::MAX } else { u64::from(u32::MAX) };
    track.media_length = if is_unknown { 0 } else { length };
    Some(())
}

/// The four numbers that matter of nine; leaves the cursor behind all nine.
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

fn edit_list(content: &[u8]) -> Vec<Edit> {
    let mut cursor = Cursor::new(content);
    let (Some(version), Some(()), Some(count)) = (cursor.u8(), cursor.skip(3), cursor.u32()) else {
        return Vec::new();
    };
    let wide = version == 1;
    // The content is bounded, so the count cannot be believed into a long loop.
    (0..count).map_while(|_| edit(&mut cursor, wide)).collect()
}

fn edit(cursor: &mut Cursor<'_>, wide: bool) -> Option<Edit> {
    let length = cursor.time(wide)?;
    let media_time = if wide { cursor.i64()? } else { i64::from(cursor.i32()?) };
    let rate = cursor.u32()?;
    Some(Edit { length, media_time, normal_rate: rate == 0x1_0000 })
}

fn sum_of_times(content: &[u8]) -> u64 {
    let mut cursor = Cursor::new(content);
    if cursor.skip(8).is_none() {
        return 0;
    }
    let mut total = 0_u64;
    while let (Some(count), Some(each)) = (cursor.u32(), cursor.u32()) {
        total = total.saturating_add(u64::from(count).saturating_mul(u64::from(each)));
    }
    total
}

fn first_composition_offset(content: &[u8]) -> Option<i64> {
    let mut cursor = Cursor::new(content);
    cursor.skip(12)?;
    // Version 0 says unsigned; writers put negative numbers there as well.
    cursor.i32().map(i64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_list_is_read_in_both_widths() {
        let narrow = [
            &[0, 0, 0, 0, 0, 0, 0, 2][..],
            &[0, 0, 0, 100, 0xff, 0xff, 0xff, 0xff, 0, 1, 0, 0],
            &[0, 0, 3, 232, 0, 0, 4, 0, 0, 1, 0, 0],
        ]
        .concat();
        assert_eq!(
            edit_list(&narrow),
            [
                Edit { length: 100, media_time: -1, normal_rate: true },
                Edit { length: 1000, media_time: 1024, normal_rate: true },
            ]
        );
        let wide = [
            &[1, 0, 0, 0, 0, 0, 0, 1][..],
            &[0, 0, 0, 1, 0, 0, 0, 0],
            &[0, 0, 0, 0, 0, 0, 0, 7],
            &[0, 0, 0, 0],
        ]
        .concat();
        assert_eq!(edit_list(&wide), [Edit { length: 1 << 32, media_time: 7, normal_rate: false }]);
    }

    #[test]
    fn a_boastful_count_ends_with_the_bytes() {
        let mut bytes = vec![0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff];
        bytes.extend([0; 24]);
        assert_eq!(edit_list(&bytes).len(), 2);
        assert_eq!(sum_of_times(&bytes), 0);
        assert_eq!(sum_of_times(&[]), 0);
    }

    #[test]
    fn quarter_turns_add_up() {
        let quarter = Matrix { a: 0.0, b: 1.0, c: -1.0, d: 0.0 };
        let half = quarter.then(quarter);
        assert_eq!(half, Matrix { a: -1.0, b: 0.0, c: 0.0, d: -1.0 });
        assert_eq!(half.then(half), Matrix::IDENTITY);
    }
}
