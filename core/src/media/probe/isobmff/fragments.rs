//! Adds up the movie fragments (`moof`) and reads where the segment index (`sidx`) ends.

use super::super::ReadError;
use super::super::cursor::Cursor;
use super::super::window::Window;
use super::boxes::BoxAt;
use super::movie::{FragmentDefaults, Movie, Track};

/// The presentation times of the first and after the last sample, in a track's timescale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: i64,
    pub(super) end: i64,
}

/// The facts of the fragments read so far. Samples whose data lie beyond the end of the file are
/// not counted.
pub(super) struct Fragments {
    tracks: Vec<TrackFragments>,
    file_size: Option<u64>,
    /// Some samples lie beyond the end of the file.
    pub(super) is_cut: bool,
}

/// The samples of one track.
pub(super) struct TrackFragments {
    id: u32,
    defaults: FragmentDefaults,
    /// The decoding time of the next sample, if its fragment does not state it.
    next: i64,
    /// The samples in `moov` included.
    pub(super) samples: u64,
    pub(super) span: Option<Span>,
}

impl Fragments {
    pub(super) fn new(movie: &Movie, file_size: Option<u64>) -> Self {
        let tracks = movie.tracks.iter().map(|track| TrackFragments::new(movie, track)).collect();
        Self { tracks, file_size, is_cut: false }
    }

    /// Returns the samples of the track of that id.
    pub(super) fn of(&self, id: u32) -> Option<&TrackFragments> {
        self.tracks.iter().find(|track| track.id == id)
    }

    /// Adds a `moof` box.
    pub(super) fn add(&mut self, window: &Window<'_>, moof: &BoxAt) -> Result<(), ReadError> {
        // Without flags, the data of a track follow those of the track before.
        let mut data_at = moof.start;
        let mut walk = moof.children(window, 0);
        while let Some(child) = walk.next()? {
            if &child.kind == b"traf" {
                data_at = self.add_track(window, &child, moof.start, data_at)?;
            }
        }
        Ok(())
    }

    /// Adds a `traf` box; returns where its data end.
    fn add_track(
        &mut self,
        window: &Window<'_>,
        traf: &BoxAt,
        moof: u64,
        previous_end: u64,
    ) -> Result<u64, ReadError> {
        let mut header = FragmentHeader::default();
        let mut base = previous_end;
        let mut data_at = base;
        let mut walk = traf.children(window, 0);
        while let Some(child) = walk.next()? {
            match &child.kind {
                b"tfhd" => {
                    header = FragmentHeader::read(&child.content(window)?).unwrap_or_default();
                    let moof_base = header.is_moof_based.then_some(moof);
                    base = header.base.or(moof_base).unwrap_or(previous_end);
                    data_at = base;
                }
                b"tfdt" => {
                    let time = decode_time(&child.content(window)?);
                    let track = self.tracks.iter_mut().find(|track| track.id == header.track_id);
                    if let (Some(track), Some(time)) = (track, time) {
                        track.next = time;
                    }
                }
                b"trun" => {
                    let Some(run) = Run::read(&window.read(child.body, 16)?) else { continue };
                    let from = match run.data_offset {
                        Some(offset) => base.checked_add_signed(offset.into()).unwrap_or(base),
                        None => data_at,
                    };
                    data_at = self.add_run(window, &child, &run, &header, from)?;
                }
                _ => {}
            }
        }
        Ok(data_at)
    }

    /// Adds a `trun` box whose data start at `from`; returns where they end.
    fn add_run(
        &mut self,
        window: &Window<'_>,
        trun: &BoxAt,
        run: &Run,
        header: &FragmentHeader,
        from: u64,
    ) -> Result<u64, ReadError> {
        let file_size = self.file_size;
        let Some(track) = self.tracks.iter_mut().find(|track| track.id == header.track_id) else {
            return Ok(from);
        };
        let duration = header.duration.unwrap_or(track.defaults.duration);
        let size = header.size.unwrap_or(track.defaults.size);
        if run.entry_size() == 0 {
            let present = match (file_size, size) {
                (Some(file_size), 1..) => file_size.saturating_sub(from) / u64::from(size),
                _ => u64::MAX,
            };
            let counted = present.min(run.count.into());
            self.is_cut |= counted < run.count.into();
            track.add_equal(counted, duration);
            return Ok(from.saturating_add(u64::from(run.count).saturating_mul(size.into())));
        }
        let mut at = from;
        let mut is_cut = false;
        let is_whole =
            trun.entries(window, run.header, run.entry_size(), run.count.into(), |entry| {
                let sample = run.sample(entry, duration, size);
                at = at.saturating_add(sample.size.into());
                if sample.size > 0 && file_size.is_some_and(|file_size| at > file_size) {
                    is_cut = true;
                } else {
                    track.add(sample.duration, sample.offset);
                }
            })?;
        self.is_cut |= is_cut || !is_whole;
        Ok(at)
    }
}

impl TrackFragments {
    fn new(movie: &Movie, track: &Track) -> Self {
        let defaults = movie.defaults.iter().find(|defaults| defaults.id == track.id).copied();
        let samples = track.samples.count.unwrap_or(0);
        let length = match track.samples.duration {
            Some(duration) if samples > 0 => i64::try_from(duration).unwrap_or(0),
            _ => 0,
        };
        let first = track.samples.first_offset;
        Self {
            id: track.id,
            defaults: defaults.unwrap_or(FragmentDefaults { id: track.id, duration: 0, size: 0 }),
            next: length,
            samples,
            span: (length > 0).then(|| Span { start: first, end: length.saturating_add(first) }),
        }
    }

    fn add(&mut self, duration: u32, offset: i32) {
        let shown = self.next.saturating_add(offset.into());
        self.extend(shown, shown.saturating_add(duration.into()));
        self.next = self.next.saturating_add(duration.into());
        self.samples = self.samples.saturating_add(1);
    }

    fn add_equal(&mut self, count: u64, duration: u32) {
        if count == 0 {
            return;
        }
        let length = i64::try_from(count).unwrap_or(i64::MAX).saturating_mul(duration.into());
        self.extend(self.next, self.next.saturating_add(length));
        self.next = self.next.saturating_add(length);
        self.samples = self.samples.saturating_add(count);
    }

    fn extend(&mut self, start: i64, end: i64) {
        self.span = Some(match self.span {
            Some(span) => Span { start: span.start.min(start), end: span.end.max(end) },
            None => Span { start, end },
        });
    }
}

/// The fields of a `tfhd` box.
#[derive(Clone, Copy, Default)]
struct FragmentHeader {
    track_id: u32,
    base: Option<u64>,
    is_moof_based: bool,
    duration: Option<u32>,
    size: Option<u32>,
}

impl FragmentHeader {
    fn read(content: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(content);
        let [_, high, _, low] = cursor.array()?;
        let track_id = cursor.u32()?;
        let base = if low & 0x01 != 0 { Some(cursor.u64()?) } else { None };
        if low & 0x02 != 0 {
            cursor.skip(4)?;
        }
        let duration = if low & 0x08 != 0 { Some(cursor.u32()?) } else { None };
        let size = if low & 0x10 != 0 { Some(cursor.u32()?) } else { None };
        Some(Self { track_id, base, is_moof_based: high & 0x02 != 0, duration, size })
    }
}

/// The header of a `trun` box.
struct Run {
    count: u32,
    data_offset: Option<i32>,
    /// The bytes before the entries.
    header: u64,
    /// The flags that say which fields the entries have.
    fields: u8,
}

/// One sample of a run.
struct Sample {
    duration: u32,
    size: u32,
    offset: i32,
}

impl Run {
    fn read(content: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(content);
        cursor.skip(1)?;
        let [_, fields, low] = cursor.array()?;
        let count = cursor.u32()?;
        let data_offset = if low & 0x01 != 0 { Some(cursor.i32()?) } else { None };
        let header = 8 + if data_offset.is_some() { 4 } else { 0 } + u64::from(low & 0x04);
        Some(Self { count, data_offset, header, fields: fields & 0x0f })
    }

    fn entry_size(&self) -> usize {
        // At most four fields of four bytes.
        (self.fields.count_ones() as usize) * 4
    }

    fn sample(&self, entry: &[u8], duration: u32, size: u32) -> Sample {
        let mut cursor = Cursor::new(entry);
        let mut field = |bit: u8| {
            let is_present = self.fields & bit != 0;
            is_present.then(|| cursor.u32().unwrap_or(0))
        };
        let duration = field(0x01).unwrap_or(duration);
        let size = field(0x02).unwrap_or(size);
        field(0x04);
        let offset = field(0x08).map_or(0, u32::cast_signed);
        Sample { duration, size, offset }
    }
}

fn decode_time(content: &[u8]) -> Option<i64> {
    let mut cursor = Cursor::new(content);
    let wide = cursor.u8()? == 1;
    cursor.skip(3)?;
    cursor.time(wide).and_then(|time| i64::try_from(time).ok())
}

/// Returns where the last segment that a `sidx` box lists ends in the file; `None` if the box is
/// corrupt or points to further indexes.
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
    use super::super::super::BytesSource;
    use super::super::boxes::BoxWalk;
    use super::super::movie::Matrix;
    use super::*;

    fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len() + 8).unwrap();
        [&length.to_be_bytes()[..], kind, content].concat()
    }

    fn numbers(fields: &[u32]) -> Vec<u8> {
        fields.iter().flat_map(|field| field.to_be_bytes()).collect()
    }

    fn run(flags: u32, count: u32, fields: &[u32]) -> Vec<u8> {
        boxed(b"trun", &[numbers(&[flags, count]), numbers(fields)].concat())
    }

    fn movie() -> Movie {
        let track = Track { id: 1, ..Track::new() };
        Movie {
            timescale: 1_000,
            declared_length: None,
            matrix: Matrix::IDENTITY,
            tracks: vec![track],
            is_fragmented: true,
            defaults: vec![FragmentDefaults { id: 1, duration: 40, size: 100 }],
            is_compressed: false,
        }
    }

    /// Adds one fragment of one run, followed by so many bytes of media data.
    fn add(run: &[u8], data: usize) -> (u64, Option<Span>, bool) {
        let header = boxed(b"tfhd", &numbers(&[0x02_0000, 1]));
        let moof = boxed(b"moof", &boxed(b"traf", &[&header[..], run].concat()));
        let mut file = moof;
        file.resize(file.len() + data, 0);
        let source = BytesSource::new(file);
        let window = Window::new(&source, 1_000_000);
        let mut fragments = Fragments::new(&movie(), window.size());
        let moof = BoxWalk::of_file(&window, 0).next().unwrap().unwrap();
        fragments.add(&window, &moof).unwrap();
        let track = fragments.of(1).unwrap();
        (track.samples, track.span, fragments.is_cut)
    }

    #[test]
    fn the_samples_of_runs_are_added_up() {
        // Durations of their own; the data follow the fragment at an offset.
        let timed = run(0x0101, 3, &[76, 100, 100, 100]);
        assert_eq!(add(&timed, 400), (3, Some(Span { start: 0, end: 300 }), false));
        let equal = run(0, 3, &[]);
        assert_eq!(add(&equal, 300), (3, Some(Span { start: 0, end: 120 }), false));
        // Presented at 20, 0 and 40.
        let reordered = run(0x0900, 3, &[20, 20, 20, (-20_i32).cast_unsigned(), 20, 0]);
        assert_eq!(add(&reordered, 300), (3, Some(Span { start: 0, end: 60 }), false));
    }

    #[test]
    fn samples_beyond_the_end_of_the_file_do_not_count() {
        // The fragment has 56 bytes and three samples of 100 bytes.
        let sized = run(0x0200, 3, &[100, 100, 100]);
        assert_eq!(add(&sized, 150), (2, Some(Span { start: 0, end: 80 }), true));
        let equal = run(0, 3, &[]);
        assert_eq!(add(&equal, 180), (2, Some(Span { start: 0, end: 80 }), true));
        assert_eq!(add(&equal, 0), (0, None, true));
    }

    #[test]
    fn a_false_count_ends_with_the_bytes() {
        let long = run(0x0100, u32::MAX, &[10, 10]);
        assert_eq!(add(&long, 1_000), (2, Some(Span { start: 0, end: 20 }), true));
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
