//! Decides which frame of a result is shown in place of each frame of a segment. No I/O.

/// A frame that begins this much later counts as if it began at the same time: times are rounded.
const TOLERANCE: i64 = 2_000;

/// Returns the index of the frame of the result for each frame of the segment. Both times are microseconds
/// since the first frame, ascending.
///
/// A result with as many frames as the segment has the same frames. In any other, the frame is taken that
/// is shown at that time; the last one is held.
pub(super) fn map_frames(result: &[i64], segment: &[i64]) -> Vec<usize> {
    if result.len() == segment.len() {
        return (0..segment.len()).collect();
    }
    let shown_at = |time: &i64| {
        let later = result.partition_point(|begin| *begin <= time.saturating_add(TOLERANCE));
        later.saturating_sub(1)
    };
    segment.iter().map(shown_at).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns the times of frames at a rate.
    fn times(count: i64, per_second: i64) -> Vec<i64> {
        (0..count).map(|frame| frame * 1_000_000 / per_second).collect()
    }

    #[test]
    fn the_same_number_of_frames_are_the_same_frames() {
        assert_eq!(map_frames(&times(3, 30), &times(3, 25)), [0, 1, 2]);
        assert_eq!(map_frames(&[], &[]), Vec::<usize>::new());
    }

    #[test]
    fn other_rates_and_lengths_are_matched_by_time() {
        // Every other frame of 60 per second.
        assert_eq!(map_frames(&times(8, 60), &times(4, 30)), [0, 2, 4, 6]);
        // Each frame of 30 per second twice.
        assert_eq!(map_frames(&times(2, 30), &times(4, 60)), [0, 0, 1, 1]);
        // A result without its last two frames.
        assert_eq!(map_frames(&times(3, 30), &times(5, 30)), [0, 1, 2, 2, 2]);
        // A result that begins late, and one without a frame.
        assert_eq!(map_frames(&[0, 50_000], &[0, 10_000, 60_000]), [0, 0, 1]);
        assert_eq!(map_frames(&[], &[0]), [0]);
    }

    proptest! {
        #[test]
        fn frames_never_go_back(
            mut result in proptest::collection::vec(0_i64..10_000_000, 1..400),
            mut segment in proptest::collection::vec(0_i64..10_000_000, 1..400),
        ) {
            result.sort_unstable();
            segment.sort_unstable();
            let map = map_frames(&result, &segment);
            prop_assert_eq!(map.len(), segment.len());
            prop_assert!(map.is_sorted());
            prop_assert!(map.iter().all(|index| *index < result.len()));
        }
    }
}
