//! How long the result is, and what of each track that keeps. No I/O.

use crate::track::{Edit, Track, presented_at};

/// How long the result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Length {
    /// As long as the video. A longer voice is cut; after a shorter one it is silent.
    OfPicture,
    /// As long as the shorter of the two.
    OfShorter,
}

/// Returns the units per second of the result: the edits of both tracks are exact in them, unless the
/// tracks have no common timescale of a sensible size.
pub(crate) fn movie_timescale(picture: u32, voice: u32) -> u32 {
    let multiple = u64::from(picture) / u64::from(gcd(picture, voice)).max(1) * u64::from(voice);
    let exact = u32::try_from(multiple).ok().filter(|multiple| *multiple <= 1 << 28);
    exact.unwrap_or(voice).max(1)
}

fn gcd(one: u32, other: u32) -> u32 {
    if other == 0 { one } else { gcd(other, one % other) }
}

/// Converts a time between timescales. `round_up` says what happens to a rest.
pub(crate) fn rescale(time: u64, from: u32, to: u32, round_up: bool) -> u64 {
    let product = u128::from(time) * u128::from(to);
    let from = u128::from(from.max(1));
    let scaled = if round_up { product.div_ceil(from) } else { product / from };
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

/// Returns the edits of a track with a duration each, in `timescale`. None reaches beyond the media.
pub(crate) fn presentation(track: &Track, timescale: u32) -> Vec<Edit> {
    let at_least_0 =
        |time: Option<i64>| u64::try_from(time.unwrap_or_default()).unwrap_or_default();
    let times = || track.timed().map(|(at, sample)| (presented_at(at, sample), sample.duration));
    let begin = at_least_0(times().map(|(at, _)| at).min());
    let end =
        at_least_0(times().map(|(at, duration)| at.saturating_add(i64::from(duration))).max());
    // Without edits, players begin with the first picture.
    let whole = [Edit { start: Some(begin), duration: None }];
    let edits = if track.edits.is_empty() { &whole[..] } else { &track.edits };
    let shown = edits.iter().map(|edit| {
        let stated =
            edit.duration.map(|time| rescale(time, track.edit_timescale, timescale, false));
        let available = edit
            .start
            .map(|start| rescale(end.saturating_sub(start), track.timescale, timescale, true));
        let duration = match (stated, available) {
            (Some(stated), Some(available)) => stated.min(available),
            (stated, available) => stated.or(available).unwrap_or_default(),
        };
        Edit { duration: Some(duration), ..*edit }
    });
    shown.filter(|edit| edit.duration != Some(0)).collect()
}

/// Returns how long these edits are together.
pub(crate) fn length(edits: &[Edit]) -> u64 {
    edits.iter().filter_map(|edit| edit.duration).fold(0, u64::saturating_add)
}

/// Cuts the edits to a length.
pub(crate) fn truncate(edits: &[Edit], limit: u64) -> Vec<Edit> {
    let mut left = limit;
    let cut = edits.iter().map(|edit| {
        let duration = edit.duration.unwrap_or_default().min(left);
        left = left.saturating_sub(duration);
        Edit { duration: Some(duration), ..*edit }
    });
    cut.filter(|edit| edit.duration != Some(0)).collect()
}

/// Returns how many samples, in decoding order, the edits need: all up to the last that is shown. A
/// sample that is shown later than the end stays if a later sample in decoding order is shown.
pub(crate) fn needed_samples(track: &Track, edits: &[Edit], timescale: u32) -> usize {
    let ends = edits.iter().filter_map(|edit| {
        let duration = rescale(edit.duration?, timescale, track.timescale, true);
        Some(edit.start?.saturating_add(duration))
    });
    let end = i64::try_from(ends.max().unwrap_or_default()).unwrap_or(i64::MAX);
    let shown =
        track.timed().enumerate().filter(|(_, (at, sample))| presented_at(*at, sample) < end);
    shown.last().map_or(0, |(index, _)| index.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::track::{Sample, TrackKind};

    fn track(samples: &[(u32, i32)], edits: Vec<Edit>) -> Track {
        let sample = |(duration, shift): &(u32, i32)| Sample {
            offset: 0,
            size: 1,
            duration: *duration,
            shift: *shift,
            entry: 0,
            sync: true,
        };
        let samples = samples.iter().map(sample).collect();
        let sound = Track::sound(10, Vec::new(), samples);
        Track { kind: TrackKind::Picture, edits, edit_timescale: 100, ..sound }
    }

    fn edit(start: Option<u64>, duration: Option<u64>) -> Edit {
        Edit { start, duration }
    }

    #[test]
    fn the_length_is_the_last_presentation_less_the_start_of_the_edit() {
        // I P B B: decoded at 0, 1, 2, 3, shown at 2, 5, 3, 4.
        let frames = [(1, 2), (1, 4), (1, 1), (1, 1)];
        for (edits, expected) in [
            (vec![], 400),
            (vec![edit(Some(0), None)], 600),
            (vec![edit(Some(2), None)], 400),
            (vec![edit(Some(2), Some(40))], 400),
            (vec![edit(Some(2), Some(35))], 350),
            (vec![edit(Some(2), Some(900))], 400),
            (vec![edit(None, Some(50)), edit(Some(2), Some(40))], 900),
            (vec![edit(Some(99), Some(40))], 0),
        ] {
            let track = track(&frames, edits.clone());
            assert_eq!(length(&presentation(&track, 1000)), expected, "{edits:?}");
        }
    }

    #[test]
    fn a_picture_that_others_refer_to_stays_although_it_is_shown_after_the_end() {
        let track = track(&[(1, 2), (1, 4), (1, 1), (1, 1), (1, 2)], vec![edit(Some(2), None)]);
        let kept = |limit| {
            let edits = truncate(&presentation(&track, 10), limit);
            needed_samples(&track, &edits, 10)
        };
        // Shown at 0, 3, 1, 2, 4.
        assert_eq!([kept(1), kept(2), kept(3), kept(4), kept(5)], [1, 3, 4, 4, 5]);
        assert_eq!(kept(0), 0);
        assert_eq!(kept(u64::MAX), 5);
    }

    #[test]
    fn the_timescale_is_exact_for_both_tracks_unless_it_is_huge() {
        assert_eq!(movie_timescale(12800, 44100), 5_644_800);
        assert_eq!(movie_timescale(90000, 48000), 720_000);
        assert_eq!(movie_timescale(u32::MAX, 48000), 48000);
        assert_eq!(movie_timescale(1, 0), 1);
    }

    fn any_edit() -> impl Strategy<Value = Edit> {
        let small = prop_oneof![0..50_u64, any::<u64>()];
        (proptest::option::of(small.clone()), proptest::option::of(small))
            .prop_map(|(start, duration)| Edit { start, duration })
    }

    proptest! {
        #[test]
        fn a_cut_never_fails_and_never_lengthens(
            samples in prop::collection::vec((prop_oneof![0..5_u32, any::<u32>()], prop_oneof![-5..5_i32, any::<i32>()]), 1..40),
            edits in prop::collection::vec(any_edit(), 0..5),
            timescale in 1..100_000_u32,
            limit in prop_oneof![0..100_u64, any::<u64>()],
        ) {
            let track = track(&samples, edits);
            let shown = presentation(&track, timescale);
            let cut = truncate(&shown, limit);
            prop_assert_eq!(length(&cut), length(&shown).min(limit));
            let kept = needed_samples(&track, &cut, timescale);
            prop_assert!(kept <= samples.len());
            prop_assert!(kept <= needed_samples(&track, &shown, timescale));
        }

        #[test]
        fn every_picture_within_the_cut_is_kept(
            samples in prop::collection::vec((1..5_u32, 0..9_i32), 1..40),
            start in 0..20_u64,
            limit in 1..60_u64,
        ) {
            let track = track(&samples, vec![edit(Some(start), None)]);
            let cut = truncate(&presentation(&track, 10), limit);
            let kept = needed_samples(&track, &cut, 10);
            let end = (start + length(&cut)) as i64;
            let is_shown = |(at, sample): (u64, &Sample)| presented_at(at, sample) < end;
            let shown: Vec<bool> = track.timed().map(is_shown).collect();
            if cut.is_empty() {
                prop_assert_eq!(kept, 0);
            } else {
                prop_assert!(shown[kept..].iter().all(|shown| !shown));
                prop_assert!(kept == 0 || shown[kept - 1]);
            }
        }
    }
}
