//! Turns media times and edit lists into the period that a player shows.

use super::fragments::Span;
use super::movie::{Edit, Movie, Track};

/// When a track plays, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Period {
    /// The start of the timeline: above 0 in a part of a live stream.
    pub(super) origin: f64,
    pub(super) end: f64,
}

/// Returns when a track plays; `None` if its length is unknown. `span` are its samples if there
/// are fragments.
pub(super) fn period(track: &Track, movie: &Movie, span: Option<Span>) -> Option<Period> {
    if track.timescale == 0 {
        return None;
    }
    match span {
        Some(span) => fragmented(track, movie.timescale, span),
        None => plain(track, movie),
    }
}

/// Fragmented files use edit lists only to say where playing starts.
fn fragmented(track: &Track, movie_timescale: u32, span: Span) -> Option<Period> {
    let delay: f64 =
        leading_empty(track).map(|edit| in_seconds(edit.length, movie_timescale)).sum();
    let first = track.edits.iter().map(|edit| edit.media_time).find(|time| *time >= 0);
    let first = first.unwrap_or(0);
    let start = span.start.saturating_sub(first).max(0);
    let end = span.end.saturating_sub(first);
    let period = Period {
        origin: signed_seconds(start, track.timescale),
        end: delay + signed_seconds(end, track.timescale),
    };
    (end > start).then_some(period)
}

fn leading_empty(track: &Track) -> impl Iterator<Item = &Edit> {
    track.edits.iter().take_while(|edit| edit.media_time < 0)
}

fn plain(track: &Track, movie: &Movie) -> Option<Period> {
    let length = media_length(track, movie)?;
    let media = in_seconds(length, track.timescale);
    let mut played = 0.0;
    let mut empty = 0.0;
    if movie.timescale > 0 {
        for edit in &track.edits {
            let declared = in_seconds(edit.length, movie.timescale);
            if edit.media_time < 0 {
                empty += declared;
            } else {
                let skipped = edit.media_time.saturating_sub(track.samples.first_offset);
                let skipped = u64::try_from(skipped).unwrap_or(0);
                let left = (media - in_seconds(skipped, track.timescale)).max(0.0);
                // An edit plays no longer than its media: some writers mix up the timescales.
                played += if edit.length == 0 { left } else { declared.min(left) };
            }
        }
    }
    // An edit list that shows nothing is an error of the writer.
    let end = if played > 0.0 { empty + played } else { media };
    Some(Period { origin: 0.0, end })
}

/// Returns the length of the media in the track's timescale.
///
/// The sample durations decide, as in players. Only if they are far above the media header, and
/// the movie header agrees with that, they are wrong.
fn media_length(track: &Track, movie: &Movie) -> Option<u64> {
    let declared = track.declared_length;
    match (track.samples.duration, declared) {
        (Some(summed), Some(declared))
            if summed > declared.saturating_mul(2) && agrees(declared, track, movie) =>
        {
            Some(declared)
        }
        (Some(summed), _) => Some(summed),
        (None, declared) => declared,
    }
}

fn agrees(declared: u64, track: &Track, movie: &Movie) -> bool {
    let (Some(whole), 1..) = (movie.declared_length, movie.timescale) else { return false };
    let whole = in_seconds(whole, movie.timescale);
    (in_seconds(declared, track.timescale) - whole).abs() <= whole * 0.1
}

fn in_seconds(length: u64, timescale: u32) -> f64 {
    // Exact up to 2^53 units, far above any real length.
    let length = length as f64;
    if timescale == 0 { 0.0 } else { length / f64::from(timescale) }
}

fn signed_seconds(length: i64, timescale: u32) -> f64 {
    // As above.
    let length = length as f64;
    if timescale == 0 { 0.0 } else { length / f64::from(timescale) }
}

#[cfg(test)]
mod tests {
    use super::super::movie::Matrix;
    use super::super::sample_table::SampleTable;
    use super::*;

    const MOVIE: Movie = Movie {
        timescale: 1_000,
        declared_length: None,
        matrix: Matrix::IDENTITY,
        tracks: Vec::new(),
        is_fragmented: false,
        defaults: Vec::new(),
        is_compressed: false,
    };

    fn track(timescale: u32, length: u64, edits: &[Edit]) -> Track {
        let samples =
            SampleTable { duration: (length > 0).then_some(length), ..SampleTable::default() };
        Track { timescale, samples, edits: edits.to_vec(), ..Track::new() }
    }

    fn edit(length: u64, media_time: i64) -> Edit {
        Edit { length, media_time }
    }

    fn end(track: &Track, movie: &Movie) -> Option<f64> {
        period(track, movie, None).map(|period| period.end)
    }

    #[test]
    fn an_edit_list_decides_what_is_played() {
        for (length, edits, expected) in [
            (90_000, vec![], Some(10.0)),
            (90_000, vec![edit(6_500, 31_500)], Some(6.5)),
            (90_000, vec![edit(500, -1), edit(10_000, 0)], Some(10.5)),
            (90_000, vec![edit(0, 9_000)], Some(9.0)),
            // No media are left to play: the list is wrong.
            (90_000, vec![edit(0, i64::MAX)], Some(10.0)),
            (90_000, vec![edit(9_000, 81_000)], Some(1.0)),
            // The wrong timescale.
            (90_000, vec![edit(900_000, 0)], Some(10.0)),
            (0, vec![edit(6_500, 0)], None),
        ] {
            let track = track(9_000, length, &edits);
            assert_eq!(end(&track, &MOVIE), expected, "{edits:?}");
        }
    }

    #[test]
    fn sample_durations_outweigh_the_media_header() {
        for (summed, declared, movie, expected) in [
            (4_000, Some(40_000), Some(40_000), 4.0),
            (4_000, Some(333), Some(4_000), 4.0),
            // The last sample has an absurd duration.
            (900_000, Some(4_000), Some(4_050), 4.0),
            (900_000, Some(4_000), None, 900.0),
            (0, Some(4_000), None, 4.0),
        ] {
            let track = Track { declared_length: declared, ..track(1_000, summed, &[]) };
            let movie = Movie { declared_length: movie, ..MOVIE };
            assert_eq!(end(&track, &movie), Some(expected), "{summed} {declared:?}");
        }
    }

    #[test]
    fn fragments_decide_if_there_are_any() {
        let found = |track: &Track, start, end| {
            let period = period(track, &MOVIE, Some(Span { start, end }));
            period.map(|period| (period.origin, period.end))
        };
        let plain = track(1_000, 0, &[]);
        assert_eq!(found(&plain, 0, 3_000), Some((0.0, 3.0)));
        // A part of a live stream.
        assert_eq!(found(&plain, 3_600_000, 3_604_000), Some((3_600.0, 3_604.0)));
        let delayed = track(1_000, 0, &[edit(0, 80)]);
        assert_eq!(found(&delayed, 0, 3_080), Some((0.0, 3.0)));
        let late = track(1_000, 0, &[edit(500, -1), edit(0, 0)]);
        assert_eq!(found(&late, 0, 4_000), Some((0.0, 4.5)));
        assert_eq!(found(&plain, i64::MAX, i64::MIN), None);
        assert_eq!(period(&track(0, 5, &[]), &MOVIE, None), None);
    }
}
