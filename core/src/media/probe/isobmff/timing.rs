//! From edit lists and media times to playing time.

use super::movie::{Edit, Track};

/// Where a track's samples in fragments begin and end, in its timescale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: i64,
    pub(super) end: i64,
}

/// A track's playing time in seconds; `None` where the track does not say it.
pub(super) fn seconds(track: &Track, movie_timescale: u32, span: Option<Span>) -> Option<f64> {
    if track.timescale == 0 {
        return None;
    }
    match span {
        Some(span) => fragmented(track, span),
        None if track.media_length == 0 => None,
        None => Some(edited(track, movie_timescale)),
    }
}

/// Fragmented movies use edit lists only to say where playing begins.
fn fragmented(track: &Track, span: Span) -> Option<f64> {
    let begins = track.edits.iter().map(|edit| edit.media_time).find(|time| *time >= 0);
    let start = begins.map_or(span.start, |begins| span.start.max(begins));
    let length = span.end.checked_sub(start).and_then(|length| u64::try_from(length).ok())?;
    (length > 0).then(|| in_seconds(length, track.timescale))
}

fn edited(track: &Track, movie_timescale: u32) -> f64 {
    let media = in_seconds(track.media_length, track.timescale);
    if track.edits.is_empty() || movie_timescale == 0 {
        return media;
    }
    track.edits.iter().map(|edit| edit_seconds(edit, track, movie_timescale, media)).sum()
}

fn edit_seconds(edit: &Edit, track: &Track, movie_timescale: u32, media: f64) -> f64 {
    let says = in_seconds(edit.length, movie_timescale);
    if edit.media_time >= 0 && edit.length == 0 {
        let skipped = edit.media_time.saturating_sub(track.first_offset);
        let skipped = u64::try_from(skipped).unwrap_or(0);
        return (media - in_seconds(skipped, track.timescale)).max(0.0);
    }
    if edit.media_time >= 0 && edit.normal_rate {
        // Nothing plays longer than it is: some writers mix up the timescales.
        return says.min(media);
    }
    says
}

fn in_seconds(length: u64, timescale: u32) -> f64 {
    // Exact up to 2^53 units, far above any real length.
    let length = length as f64;
    length / f64::from(timescale)
}

#[cfg(test)]
mod tests {
    use super::super::movie::Matrix;
    use super::*;

    fn track(timescale: u32, media_length: u64, edits: &[Edit]) -> Track {
        Track {
            id: 1,
            is_enabled: true,
            handler: *b"vide",
            matrix: Matrix::IDENTITY,
            presented: (0.0, 0.0),
            timescale,
            media_length,
            first_offset: 0,
            edits: edits.to_vec(),
            entry: None,
        }
    }

    fn edit(length: u64, media_time: i64) -> Edit {
        Edit { length, media_time, normal_rate: true }
    }

    #[test]
    fn edits_decide_what_is_played() {
        for (media_length, edits, expected) in [
            (90_000, vec![], Some(10.0)),
            (90_000, vec![edit(6_500, 31_500)], Some(6.5)),
            (90_000, vec![edit(500, -1), edit(10_000, 0)], Some(10.5)),
            (90_000, vec![edit(0, 9_000)], Some(9.0)),
            (90_000, vec![edit(0, i64::MAX)], Some(0.0)),
            // A segment in the wrong timescale.
            (90_000, vec![edit(900_000, 0)], Some(10.0)),
            // A freeze frame lasts as long as it says.
            (90_000, vec![Edit { length: 20_000, media_time: 0, normal_rate: false }], Some(20.0)),
            (0, vec![edit(6_500, 0)], None),
        ] {
            let track = track(9_000, media_length, &edits);
            assert_eq!(seconds(&track, 1_000, None), expected, "{edits:?}");
        }
    }

    #[test]
    fn fragments_decide_where_there_are_any() {
        let plain = track(1_000, 0, &[]);
        assert_eq!(seconds(&plain, 1_000, Some(Span { start: 0, end: 3_000 })), Some(3.0));
        // A piece of a live stream does not begin at zero.
        let live = Some(Span { start: 3_600_000, end: 3_604_000 });
        assert_eq!(seconds(&plain, 1_000, live), Some(4.0));
        let delayed = track(1_000, 0, &[edit(0, 80)]);
        assert_eq!(seconds(&delayed, 1_000, Some(Span { start: 0, end: 3_080 })), Some(3.0));
        assert_eq!(seconds(&plain, 1_000, Some(Span { start: i64::MAX, end: i64::MIN })), None);
        assert_eq!(seconds(&track(0, 5, &[]), 1_000, None), None);
    }
}
