//! Generated pictures and voices, and what holds for them.

pub mod oracle;

use std::ops::Range;
use std::time::Duration;

use proptest::prelude::*;
use viseme_dub::plan::{
    Length, Picture, Plan, PlanError, PlanOptions, Prefer, Prices, SegmentLimits, TimeBase,
    Timeline, Voice,
};

/// An input of the planner.
#[derive(Clone, Debug)]
pub struct Case {
    pub picture: Picture,
    pub voice: Voice,
    pub options: PlanOptions,
    /// The silent ranges, in order and apart from each other.
    silences: Vec<Range<u64>>,
    per_second: Option<(u64, u64)>,
}

impl Case {
    pub fn time_base(&self) -> TimeBase {
        self.picture.time_base
    }

    pub fn guard_samples(&self) -> u64 {
        u64::from(self.voice.rate) * self.options.guard.as_millis() as u64 / 1_000
    }

    /// Returns the silent range that a sample is in or beside. `end` is the end of the output.
    pub fn silent_at(&self, sample: u64, end: u64) -> Option<Range<u64>> {
        let voice = self.voice.samples;
        let mut ranges: Vec<Range<u64>> = self.silences.clone();
        if end > voice {
            match ranges.last_mut().filter(|last| last.end >= voice) {
                Some(last) => last.end = end,
                None => ranges.push(voice..end),
            }
        }
        let clipped = ranges.into_iter().map(|range| range.start.min(end)..range.end.min(end));
        clipped
            .filter(|range| !range.is_empty())
            .find(|range| range.start <= sample && sample <= range.end)
    }

    fn ticks(plan: &Plan, range: &Range<usize>) -> i64 {
        plan.timeline.time_at(range.end) - plan.timeline.time_at(range.start)
    }

    fn samples(plan: &Plan, range: &Range<usize>) -> u64 {
        plan.timeline.sample_at(range.end) - plan.timeline.sample_at(range.start)
    }

    /// Returns whether a segment is within the limits less the margin of 20 ms, or is the whole output
    /// within the limits themselves.
    pub fn is_cuttable(&self, plan: &Plan, range: &Range<usize>) -> bool {
        let whole = *range == (0..plan.timeline.frames().len());
        let (min, max) = if whole { (2_000, 10_000) } else { (2_020, 9_980) };
        let time_base = self.time_base();
        let ticks = i128::from(Self::ticks(plan, range)) * i128::from(time_base.num) * 1_000;
        let samples = i128::from(Self::samples(plan, range)) * 1_000;
        let within = |scaled: i128, per_second: u32| {
            let per_second = i128::from(per_second);
            scaled >= min * per_second && scaled <= max * per_second
        };
        within(ticks, time_base.den) && within(samples, self.voice.rate)
    }

    /// Returns the price of a job by the rule that the prices were made from.
    pub fn price(&self, plan: &Plan, range: &Range<usize>) -> u64 {
        let Some((price, minimum)) = self.per_second else { return 0 };
        if minimum == 0 {
            return price;
        }
        let time_base = self.time_base();
        let ticks = i128::from(Self::ticks(plan, range)) * i128::from(time_base.num);
        let begun = |count: i128, per_second: u32| {
            let per_second = i128::from(per_second);
            ((count + per_second - 1) / per_second) as u64
        };
        let by_picture = begun(ticks, time_base.den);
        let by_voice = begun(i128::from(Self::samples(plan, range)), self.voice.rate);
        by_picture.max(by_voice).max(minimum) * price
    }

    /// Returns the longest frame in seconds.
    pub fn longest_frame(&self, plan: &Plan) -> f64 {
        let frames = 0..plan.timeline.frames().len();
        let longest = frames.map(|frame| Self::ticks(plan, &(frame..frame + 1))).max().unwrap();
        self.time_base().duration(longest).as_secs_f64()
    }

    fn source_length(&self) -> i64 {
        self.picture.end - self.picture.times[0]
    }

    fn sample_of(&self, ticks: i64) -> u64 {
        let seconds =
            ticks as f64 * f64::from(self.time_base().num) / f64::from(self.time_base().den);
        (seconds * f64::from(self.voice.rate)).round() as u64
    }

    /// Checks the frames of the output against the source and the choice of length.
    pub fn check_timeline(&self, timeline: &Timeline) {
        let frames = timeline.frames();
        let sources = &self.picture.times;
        let (length, begin) = (self.source_length(), sources[0]);
        let mut pass_start = 0;
        let mut before: Option<usize> = None;
        for (index, frame) in frames.iter().enumerate() {
            assert!(timeline.time_at(index + 1) > frame.start);
            let is_repeat = before == Some(frame.source);
            if !is_repeat {
                let next = before.map_or(0, |before| (before + 1) % sources.len());
                assert_eq!(frame.source, next, "frame {index}");
                if next == 0 && index > 0 {
                    pass_start += length;
                    assert_eq!(self.options.length, Length::Loop);
                }
                assert_eq!(frame.start, pass_start + sources[next] - begin);
            }
            before = Some(frame.source);
            let second = i64::from(self.time_base().den / self.time_base().num).max(1);
            assert!(timeline.time_at(index + 1) - frame.start <= second);
        }
        let (end, voice) = (timeline.end(), self.voice.samples);
        let last = frames.last().unwrap().start;
        match self.options.length {
            Length::Shorter => {
                assert!(end <= length && (end == length || timeline.samples() >= voice));
            }
            Length::Original => assert_eq!(end, length),
            _ => assert!(end >= length && timeline.samples() >= voice),
        }
        // Nothing follows the longer of the two, and with `Shorter` the shorter.
        let is_last = self.sample_of(last) < voice;
        assert!(is_last || (self.options.length != Length::Shorter && end == length));
    }

    /// Checks that an input without a plan has none.
    pub fn check_error(&self, error: &PlanError) {
        let picture = self.sample_of(self.source_length());
        let voice = self.voice.samples;
        match error {
            PlanError::VoiceIsLonger { .. } => {
                assert!(self.options.length == Length::Original && voice > picture);
            }
            PlanError::TooShort { output, .. } => {
                let length = match self.options.length {
                    Length::Shorter => picture.min(voice),
                    _ => picture.max(voice),
                };
                assert!(*output < Duration::from_secs(2));
                assert!(length < 2 * u64::from(self.voice.rate));
            }
            other => panic!("{other}"),
        }
    }
}

/// Time bases with the durations of frames that they have in files.
fn frame_times(seconds: f64) -> impl Strategy<Value = (TimeBase, Vec<i64>)> {
    let constant = prop::sample::select(vec![
        (1, 25, 1),
        (1, 90_000, 3_003),
        (1001, 24_000, 1),
        (1, 15_360, 1024),
        (1, 12, 1),
    ]);
    let constant = (constant, 1..=100_u32).prop_map(move |((num, den, step), percent)| {
        let frames = seconds * f64::from(percent) / 100.0 * f64::from(den) / f64::from(num);
        (TimeBase { num, den }, vec![step; (frames / step as f64) as usize + 1])
    });
    let gap = prop_oneof![40 => 20..150_i64, 1 => 1_000..15_000_i64];
    let variable = prop::collection::vec(gap, 1..(seconds * 8.0) as usize)
        .prop_map(|durations| (TimeBase { num: 1, den: 1_000 }, durations));
    prop_oneof![2 => constant, 1 => variable]
}

/// Alternating speech and silence in milliseconds.
fn utterances(seconds: f64) -> impl Strategy<Value = (bool, Vec<(u32, u32)>)> {
    let speech = prop_oneof![6 => 100..4_000_u32, 2 => 4_000..15_000_u32, 1 => 15_000..40_000_u32];
    let silence = prop_oneof![6 => 20..900_u32, 2 => 900..5_000_u32, 1 => 5_000..20_000_u32];
    (any::<bool>(), prop::collection::vec((speech, silence), 1..(seconds / 3.0) as usize))
}

fn options() -> impl Strategy<Value = (PlanOptions, Option<(u64, u64)>)> {
    let length =
        prop::sample::select(vec![Length::Shorter, Length::Hold, Length::Loop, Length::Original]);
    let per_second =
        prop::sample::select(vec![None, Some((70_000, 0)), Some((14_000, 5)), Some((9, 1))]);
    let prefer = prop::sample::select(vec![Prefer::Silence, Prefer::Price]);
    (length, prop::bool::weighted(0.8), prefer, per_second, 100..3_000_u64, 0..300_u64).prop_map(
        |(length, skip_silence, prefer, per_second, min_kept, guard)| {
            let prices = per_second.map(|(price, minimum)| match minimum {
                0 => Prices::per_job(price),
                _ => Prices::per_second(price, minimum),
            });
            let options = PlanOptions {
                length,
                skip_silence,
                prefer,
                min_kept: Duration::from_millis(min_kept),
                guard: Duration::from_millis(guard),
                limits: SegmentLimits::default(),
                prices,
            };
            (options, per_second)
        },
    )
}

/// Returns inputs of any kind, scaled so that larger ones take up to a minute.
pub fn case(scale: f64) -> impl Strategy<Value = Case> {
    let seconds = 60.0 * scale;
    let rate = prop::sample::select(vec![8_000_u32, 22_050, 44_100, 48_000]);
    let offset = prop_oneof![Just(0_i64), -500..500_i64];
    let scenes = prop::collection::vec(any::<prop::sample::Index>(), 0..8);
    let parts = (frame_times(seconds), utterances(seconds), options(), rate, offset, scenes);
    parts.prop_map(
        |((time_base, durations), (silence_first, utterances), options, rate, offset, scenes)| {
            let mut times = Vec::with_capacity(durations.len());
            let mut end = offset;
            for duration in &durations {
                times.push(end);
                end += duration;
            }
            let scene_changes = scenes.iter().map(|scene| scene.index(times.len())).collect();
            let mut samples = 0_u64;
            let mut silences = Vec::new();
            let length = |millis: u32| u64::from(millis) * u64::from(rate) / 1_000;
            for (speech, silence) in utterances {
                if !silence_first {
                    samples += length(speech);
                }
                silences.push(samples..samples + length(silence));
                samples += length(silence);
                if silence_first {
                    samples += length(speech);
                }
            }
            let (options, per_second) = options;
            Case {
                picture: Picture { time_base, times, end, scene_changes },
                voice: Voice { rate, samples, silences: silences.clone() },
                options,
                silences,
                per_second,
            }
        },
    )
}

/// Returns an hour of picture at 60 frames per second and a voice with a pause about every 3 s.
pub fn hour(seed: u64) -> Case {
    let rate = 48_000;
    let mut state = seed.wrapping_mul(2).wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut random = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let samples = 3_600 * u64::from(rate);
    let mut silences = Vec::new();
    let mut at = 0;
    while at < samples {
        let begin = at + random(6 * u64::from(rate));
        at = begin + random(u64::from(rate));
        silences.push(begin.min(samples)..at.min(samples));
    }
    silences.retain(|range| !range.is_empty());
    Case {
        picture: Picture {
            time_base: TimeBase { num: 1, den: 60 },
            times: (0..216_000).collect(),
            end: 216_000,
            scene_changes: (0..216_000).step_by(500).collect(),
        },
        voice: Voice { rate, samples, silences: silences.clone() },
        options: PlanOptions {
            prices: Some(Prices::per_second(14_000, 5)),
            ..PlanOptions::default()
        },
        silences,
        per_second: Some((14_000, 5)),
    }
}
