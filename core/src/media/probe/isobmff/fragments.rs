//! Adds up the movie fragments (`moof`) and reads where the segment index (`sidx`) ends.

use super::super::ReadError;
use super::super::cursor::Cursor;
use super::super::window::Window;
use super::boxes::BoxAt;
use super::movie::{Movie, Track};
use super::timing::Span;

/// What the fragments read so far say of each track.
pub(super) struct Fragments {
    tracks: Vec<TrackSpan>,
}

struct TrackSpan {
    id: u32,
    default_duration: u32,
    /// Decoding time of the next sample, where its fragment does not say.
    next: i64,
    span: Option<Span>,
}

impl Fragments {
    pub(super) fn new(movie: &Movie) -> Self {
        Self { tracks: movie.tracks.iter().map(|track| TrackSpan::new(movie, track)).collect() }
    }

    /// The samples of the track of that id, those in `moov` included.
    pub(super) fn span(&self, id: u32) -> Option<Span> {
        self.tracks.iter().find(|track| track.id == id).and_then(|track| track.span)
    }

    /// Adds a `moof` box.
    pub(super) fn add(&mut self, window: &Window<'_>, moof: &BoxAt) -> Result<(), ReadError> {
        let mut walk = moof.children(window, 0);
        while let Some(child) = walk.next()? {
            if &child.kind == b"traf" {
                self.add_track(window, &child)?;
            }
        }
        Ok(())
    }

    fn add_track(&mut self, window: &Window<'_>, traf: &BoxAt) -> Result<(), ReadError> {
        let mut header = None;
        let mut walk = traf.children(window, 0);
        while let Some(child) = walk.next()? {
            match &child.kind {
                b"tfhd" => header = fragment_header(&child.content(window)?),
                b"tfdt" => {
                    let time = decode_time(&child.content(window)?);
                    if let (Some(track), Some(time)) = (self.of(header), time) {
                        track.next = time;
                    }
                }
                b"trun" => {
                    let content = child.content(window)?;
                    if let Some(track) = self.of(header) {
                        let default = header.and_then(|header| header.default_duration);
                        track.add_run(&content, default.unwrap_or(track.default_duration));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn of(&mut self, header: Option<FragmentHeader>) -> Option<&mut TrackSpan> {
        let id = header?.track_id;
        self.tracks.iter_mut().find(|track| track.id == id)
    }
}

impl TrackSpan {
    fn new(movie: &Movie, track: &Track) -> Self {
        let default = movie.defaults.iter().find(|(id, _)| *id == track.id);
        let length = i64::try_from(track.media_length).unwrap_or(0);
        let first = track.first_offset;
        Self {
            id: track.id,
            default_duration: default.map_or(0, |(_, duration)| *duration),
            next: length,
            span: (length > 0).then(|| Span { start: first, end: length.saturating_add(first) }),
        }
    }

    fn add_run(&mut self, content: &[u8], default: u32) -> Option<()> {
        let mut cursor = Cursor::new(content);
        cursor.skip(1)?;
        let [_, high, low] = cursor.array()?;
        let count = cursor.u32()?;
        if low & 0x01 != 0 {
            cursor.skip(4)?;
        }
        if low & 0x04 != 0 {
            cursor.skip(4)?;
        }
        let has = |bit: u8| high & bit != 0;
        if high & 0x0f == 0 {
            // Samples without fields of their own: nothing to walk.
            let length = i64::from(count).saturating_mul(i64::from(default));
            self.extend(self.next, self.next.saturating_add(length));
            self.next = self.next.saturating_add(length);
            return Some(());
        }
        for _ in 0..count {
            let duration = if has(0x01) { cursor.u32()? } else { default };
            cursor.skip(if has(0x02) { 4 } else { 0 } + if has(0x04) { 4 } else { 0 })?;
            let offset = if has(0x08) { cursor.i32()? } else { 0 };
            let shown = self.next.saturating_add(offset.into());
            self.extend(shown, shown.saturating_add(duration.into()));
            self.next = self.next.saturating_add(duration.into());
        }
        Some(())
    }

    fn extend(&mut self, start: i64, end: i64) {
        self.span = Some(match self.span {
            Some(span) => Span { start: span.start.min(start), end: span.end.max(end) },
            None => Span { start, end },
        });
    }
}

#[derive(Clone, Copy)]
struct FragmentHeader {
    track_id: u32,
    default_duration: Option<u32>,
}

fn fragment_header(content: &[u8]) -> Option<FragmentHeader> {
    let mut cursor = Cursor::new(content);
    cursor.skip(3)?;
    let flags = cursor.u8()?;
    let track_id = cursor.u32()?;
    if flags & 0x01 != 0 {
        cursor.skip(8)?;
    }
    if flags & 0x02 != 0 {
        cursor.skip(4)?;
    }
    let default_duration = if flags & 0x08 != 0 { cursor.u32() } else { None };
    Some(FragmentHeader { track_id, default_duration })
}

fn decode_time(content: &[u8]) -> Option<i64> {
    let mut cursor = Cursor::new(content);
    let wide = cursor.u8()? == 1;
    cursor.skip(3)?;
    cursor.time(wide).and_then(|time| i64::try_from(time).ok())
}

/// Where the last segment that a `sidx` box lists ends in the file; `None` where the box is corrupt
/// or points to further indexes.
///
/// Its times are not used: they are those of one track, and another may play longer.
pub(super) fn listed_end(window: &Window<'_>, sidx: &BoxAt) -> Result<Option<u64>, ReadError> {
    Ok(end_of(&sidx.content(window)?, sidx.end))
}

fn end_of(content: &[u8], anchor: u64) -> Option<u64> {
    let mut cursor = Cursor::new(content);
    let wide = cursor.u8()? == 1;
    cursor.skip(11)?;
    cursor.time(wide)?;
    let mut end = anchor.checked_add(cursor.time(wide)?)?;
    cursor.skip(2)?;
    for _ in 0..cursor.u16()? {
        let size = cursor.u32()?;
        if size & 0x8000_0000 != 0 {
            return None;
        }
        end = end.checked_add(size.into())?;
        cursor.skip(8)?;
    }
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(high: u8, low: u8, count: u32, fields: &[u32]) -> Vec<u8> {
        let mut bytes = vec![0, 0, high, low];
        bytes.extend(count.to_be_bytes());
        fields.iter().for_each(|field| bytes.extend(field.to_be_bytes()));
        bytes
    }

    fn track() -> TrackSpan {
        TrackSpan { id: 1, default_duration: 0, next: 0, span: None }
    }

    #[test]
    fn runs_add_up() {
        let mut plain = track();
        plain.add_run(&run(0x02, 0x01, 3, &[8, 100, 100, 100]), 40);
        assert_eq!(plain.span, Some(Span { start: 0, end: 120 }));

        let mut bare = track();
        bare.add_run(&run(0, 0, u32::MAX, &[]), 2);
        assert_eq!(bare.span, Some(Span { start: 0, end: i64::from(u32::MAX) * 2 }));

        // Durations with composition offsets: shown at 20, 0 and 40.
        let mut reordered = track();
        reordered.add_run(&run(0x09, 0, 3, &[20, 20, 20, (-20_i32).cast_unsigned(), 20, 0]), 0);
        assert_eq!(reordered.span, Some(Span { start: 0, end: 60 }));
    }

    #[test]
    fn a_boastful_run_ends_with_its_bytes() {
        let mut boastful = track();
        assert_eq!(boastful.add_run(&run(0x01, 0, u32::MAX, &[10, 10]), 0), None);
        assert_eq!(boastful.span, Some(Span { start: 0, end: 20 }));
    }

    #[test]
    fn an_index_says_where_the_media_end() {
        let mut content = vec![0; 20];
        content.extend([0, 0, 0, 2]);
        for size in [500_u32, 700] {
            content.extend(size.to_be_bytes());
            content.extend([0; 8]);
        }
        assert_eq!(end_of(&content, 100), Some(1_300));
        assert_eq!(end_of(&content[..40], 100), None);
        assert_eq!(end_of(&content, u64::MAX), None);
        content[24] = 0x80;
        assert_eq!(end_of(&content, 100), None);
    }
}
