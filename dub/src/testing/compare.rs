//! Compares the frames that were read with those that belong there.

use std::collections::HashMap;
use std::time::Duration;

use super::read::NumberedFrame;
use crate::plan::TimeBase;

/// The largest difference of two times that are equal but for rounding.
const ROUNDING: Duration = Duration::from_millis(1);

/// A frame that is shown at a wrong time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shift {
    /// The number of the frame.
    pub number: u32,
    /// By how many microseconds it is late, or early if negative.
    pub micros: i64,
}

/// What is wrong with the frames of a video.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrameReport {
    /// Numbers that are missing.
    pub lost: Vec<u32>,
    /// Numbers that are there too often.
    pub doubled: Vec<u32>,
    /// Numbers that come before a frame that they belong after.
    pub swapped: Vec<u32>,
    /// Frames at wrong times.
    pub shifted: Vec<Shift>,
    /// The indexes of frames without a number.
    pub unreadable: Vec<usize>,
}

impl FrameReport {
    /// Returns whether nothing is wrong.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        *self == Self::default()
    }
}

/// Compares frames with the numbers and times that belong there. Both begin at their first frame. A number
/// may be there several times.
#[must_use]
pub fn compare_frames(
    found: &[NumberedFrame],
    found_base: TimeBase,
    expected: &[(u32, i64)],
    expected_base: TimeBase,
) -> FrameReport {
    let mut report = FrameReport::default();
    let found_start = found.first().map_or(0, |frame| frame.time);
    let expected_start = expected.first().map_or(0, |frame| frame.1);
    // The places at which each number belongs, in reverse order.
    let mut places: HashMap<u32, Vec<usize>> = HashMap::new();
    for (place, (number, _)) in expected.iter().enumerate().rev() {
        places.entry(*number).or_default().push(place);
    }
    let mut last = None;
    for (index, frame) in found.iter().enumerate() {
        let Some(number) = frame.number else {
            report.unreadable.push(index);
            continue;
        };
        let Some(place) = places.get_mut(&number).and_then(Vec::pop) else {
            report.doubled.push(number);
            continue;
        };
        if last.is_some_and(|last| place < last) {
            report.swapped.push(number);
        }
        last = last.max(Some(place));
        let time = expected.get(place).map_or(0, |frame| frame.1) - expected_start;
        let late = micros(frame.time - found_start, found_base) - micros(time, expected_base);
        if late.unsigned_abs() > u64::try_from(ROUNDING.as_micros()).unwrap_or_default() {
            report.shifted.push(Shift { number, micros: late });
        }
    }
    let rest = places.into_iter().flat_map(|(number, rest)| rest.into_iter().map(move |_| number));
    report.lost = rest.collect();
    report.lost.sort_unstable();
    report
}

/// Returns a time in microseconds, rounded down.
fn micros(ticks: i64, base: TimeBase) -> i64 {
    let scaled = i128::from(ticks) * i128::from(base.num) * 1_000_000;
    i64::try_from(scaled.div_euclid(i128::from(base.den.max(1)))).unwrap_or(i64::MAX)
}
