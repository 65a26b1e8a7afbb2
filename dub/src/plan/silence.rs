//! Where the voice is silent: which cuts lie in speech, and which parts may be kept.

use std::ops::Range;
use std::time::Duration;

use super::Picture;
use super::timeline::{Timeline, samples_covering};

/// The smallest distance in frames between speech and a kept part.
const GUARD_FRAMES: usize = 2;

/// The silent ranges of an output, in order and apart from each other. After the voice all is silent.
pub(super) struct Silences {
    ranges: Vec<Range<u64>>,
    voice: u64,
    end: u64,
}

/// A part of the output that may be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Zone {
    /// Its boundaries.
    pub(super) frames: Range<usize>,
    /// The shortest part that may be kept, in ticks.
    pub(super) min_ticks: i64,
}

/// What speaks against a cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cut {
    /// It lies inside speech.
    pub(super) in_speech: bool,
    /// It lies in silence, but nearer to speech than the guard.
    pub(super) near_speech: bool,
    /// No scene begins here.
    pub(super) within_scene: bool,
}

/// What speaks against a cut at each boundary.
pub(super) struct Cuts(Vec<Cut>);

impl Cuts {
    pub(super) fn at(&self, boundary: usize) -> Cut {
        self.0.get(boundary).copied().unwrap_or_default()
    }

    pub(super) fn in_speech(&self, boundary: usize) -> bool {
        self.at(boundary).in_speech
    }
}

impl Silences {
    /// Puts the silent ranges of a voice in order. `end` is the length of the output in samples.
    pub(super) fn new(silences: &[Range<u64>], voice: u64, end: u64) -> Self {
        let mut sorted: Vec<Range<u64>> = silences
            .iter()
            .map(|range| range.start..range.end.min(voice))
            .chain(std::iter::once(voice..end.max(voice)))
            .map(|range| range.start.min(end)..range.end.min(end))
            .filter(|range| range.start < range.end)
            .collect();
        sorted.sort_unstable_by_key(|range| range.start);
        let mut ranges: Vec<Range<u64>> = Vec::with_capacity(sorted.len());
        for range in sorted {
            match ranges.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => ranges.push(range),
            }
        }
        Self { ranges, voice, end }
    }

    /// Returns whether there is no speech.
    pub(super) fn is_all(&self) -> bool {
        self.ranges.first().is_some_and(|range| *range == (0..self.end))
    }

    /// Rates a cut at each boundary.
    pub(super) fn rate_cuts(
        &self,
        timeline: &Timeline,
        picture: &Picture,
        guard: Duration,
    ) -> Cuts {
        let guard = samples_covering(guard, timeline.rate());
        let mut begins_scene = vec![false; picture.times.len()];
        for change in &picture.scene_changes {
            if let Some(begins) = begins_scene.get_mut(*change) {
                *begins = true;
            }
        }
        let mut ranges = self.ranges.iter().peekable();
        let mut source_before = 0;
        let cuts = timeline.frames().iter().enumerate().map(|(boundary, frame)| {
            let source = frame.source;
            let begins = begins_scene.get(source).copied().unwrap_or_default();
            // The picture also changes where it starts over.
            let scene = source < source_before || (begins && source != source_before);
            source_before = source;
            let sample = timeline.sample_at(boundary);
            while ranges.next_if(|range| range.end < sample).is_some() {}
            let silent = ranges.peek().filter(|range| range.start <= sample);
            let near = silent.is_some_and(|range| !self.is_guarded(range, sample, guard));
            Cut { in_speech: silent.is_none(), near_speech: near, within_scene: !scene }
        });
        Cuts(cuts.collect())
    }

    /// Returns whether no speech is nearer to a sample of a silent range than the guard.
    fn is_guarded(&self, range: &Range<u64>, sample: u64, guard: u64) -> bool {
        (range.start == 0 || sample - range.start >= guard)
            && (range.end == self.end || range.end.saturating_sub(sample) >= guard)
    }

    /// Returns the rest of the picture after the voice, which is always kept.
    pub(super) fn rest(&self, timeline: &Timeline) -> Vec<Zone> {
        let frames = timeline.boundary_from(self.voice)..timeline.frames().len();
        let rest = Zone { frames, min_ticks: 1 };
        if rest.frames.is_empty() { Vec::new() } else { vec![rest] }
    }

    /// Returns the parts that may be kept: the rest of the picture and long silence, less a guard
    /// beside speech.
    pub(super) fn keepable(
        &self,
        timeline: &Timeline,
        min_kept: Duration,
        guard: Duration,
    ) -> Vec<Zone> {
        let rest = self.rest(timeline).pop();
        let guard = samples_covering(guard, timeline.rate());
        let min_ticks = timeline.time_base().ticks_covering(min_kept).max(1);
        let mut zones = Vec::new();
        for range in &self.ranges {
            let Some(frames) = self.guarded(range, timeline, guard) else { continue };
            let length = timeline.time_at(frames.end) - timeline.time_at(frames.start);
            // The silence at the end of the voice and the rest of the picture are one.
            let with_rest = rest.is_some() && range.end == self.end;
            let min_ticks = if with_rest { 1 } else { min_ticks };
            if length >= min_ticks {
                zones.push(Zone { frames, min_ticks });
            }
        }
        if let Some(rest) = rest {
            match zones.last_mut().filter(|last| last.frames.end == rest.frames.end) {
                // No word is clipped after the voice, so the rest needs no guard.
                Some(last) => last.frames.start = last.frames.start.min(rest.frames.start),
                None => zones.push(rest),
            }
        }
        zones
    }

    fn guarded(&self, range: &Range<u64>, timeline: &Timeline, guard: u64) -> Option<Range<usize>> {
        let start = if range.start == 0 {
            0
        } else {
            let by_time = timeline.boundary_from(range.start.saturating_add(guard));
            by_time.max(timeline.boundary_from(range.start) + GUARD_FRAMES)
        };
        let end = if range.end == self.end {
            timeline.frames().len()
        } else {
            // The last boundary that is not after a sample.
            let before = |sample: u64| timeline.boundary_from(sample + 1).checked_sub(1);
            let by_time = before(range.end.checked_sub(guard)?)?;
            by_time.min(before(range.end)?.checked_sub(GUARD_FRAMES)?)
        };
        (start < end).then_some(start..end)
    }
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init)]
mod tests {
    use super::super::{Length, TimeBase, Voice};
    use super::*;

    /// Ten seconds of picture at 10 frames per second, and a voice at 1,000 samples per second.
    fn timeline(samples: u64) -> Timeline {
        let picture = Picture {
            time_base: TimeBase { num: 1, den: 10 },
            times: (0..100).collect(),
            end: 100,
            scene_changes: Vec::new(),
        };
        let voice = Voice { rate: 1000, samples, silences: Vec::new() };
        Timeline::new(&picture, &voice, Length::Original).unwrap()
    }

    fn zones(silences: &[Range<u64>], samples: u64) -> Vec<(Range<usize>, i64)> {
        let timeline = timeline(samples);
        let silences = Silences::new(silences, samples, timeline.samples());
        let second = Duration::from_secs(1);
        let zones = silences.keepable(&timeline, second, Duration::from_millis(150));
        zones.into_iter().map(|zone| (zone.frames, zone.min_ticks)).collect()
    }

    #[test]
    fn ranges_are_sorted_merged_and_clipped() {
        let ranges = [500..700, 0..100, 100..200, 650..900, 40..50, 950..5_000, 300..300];
        let silences = Silences::new(&ranges, 1_000, 1_200);
        assert_eq!(silences.ranges, [0..200, 500..900, 950..1_200]);
        let cut = Silences::new(&[100..400, 800..900], 1_000, 300);
        assert_eq!(cut.ranges, vec![100..300]);
    }

    #[test]
    fn a_kept_part_stays_away_from_speech_on_both_sides() {
        // 150 ms and two frames after 3.0 s; the same before 6.05 s.
        assert_eq!(zones(&[3_000..6_050], 10_000), [(32..58, 10)]);
        assert_eq!(zones(&[0..3_000], 10_000), [(0..28, 10)]);
        assert_eq!(zones(&[7_010..10_000], 10_000), [(73..100, 10)]);
        assert_eq!(zones(&[3_000..4_350], 10_000), []);
    }

    #[test]
    fn the_rest_of_the_picture_needs_no_minimum_and_no_guard() {
        assert_eq!(zones(&[], 9_750), [(98..100, 1)]);
        assert_eq!(zones(&[9_500..9_750], 9_750), [(97..100, 1)]);
        assert_eq!(zones(&[7_010..9_750], 9_750), [(73..100, 1)]);
    }
}
