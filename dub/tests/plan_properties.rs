//! Properties of the planner over generated voices and pictures.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

#[path = "plan_support/mod.rs"]
mod support;

use proptest::prelude::*;
use support::{Case, case, hour, oracle};
use viseme_dub::plan::{Plan, PlanError, Prefer, SegmentKind, plan};

const SHORTEST: (i128, i128) = (2, 1);
const LONGEST: (i128, i128) = (10, 1);

/// Returns whether `count` units of `num / den` seconds last between the shortest and longest segment.
fn within_limits(count: i128, num: i128, den: i128) -> bool {
    count * num * SHORTEST.1 >= SHORTEST.0 * den && count * num * LONGEST.1 <= LONGEST.0 * den
}

fn every_frame_and_sample_is_there_once(case: &Case, plan: &Plan) {
    let timeline = &plan.timeline;
    let frames = timeline.frames();
    let (num, den) = (i128::from(case.time_base().num), i128::from(case.time_base().den));
    let rate = i128::from(case.voice.rate);
    let (mut next_frame, mut next_sample) = (0, 0);
    for segment in &plan.segments {
        assert_eq!((segment.frames.start, segment.samples.start), (next_frame, next_sample));
        assert!(!segment.frames.is_empty());
        (next_frame, next_sample) = (segment.frames.end, segment.samples.end);
        // Nearest: no more than half a sample from the time of the frame.
        let time = i128::from(timeline.time_at(next_frame)) * num * rate;
        assert!((2 * (i128::from(next_sample) * den - time)).abs() <= den);
    }
    assert_eq!((next_frame, next_sample), (frames.len(), timeline.samples()));
    case.check_timeline(timeline);
}

fn every_job_is_within_the_limits(case: &Case, plan: &Plan) {
    for segment in plan.segments.iter().filter(|segment| segment.kind == SegmentKind::Dub) {
        let range = &segment.frames;
        let ticks = plan.timeline.time_at(range.end) - plan.timeline.time_at(range.start);
        let time_base = case.time_base();
        let (num, den) = (i128::from(time_base.num), i128::from(time_base.den));
        assert!(within_limits(i128::from(ticks), num, den), "{segment:?}: {ticks} ticks");
        let samples = i128::from(segment.samples.end - segment.samples.start);
        assert!(within_limits(samples, 1, i128::from(case.voice.rate)), "{segment:?}");
    }
}

fn kept_segments_have_no_speech(case: &Case, plan: &Plan) {
    for pair in plan.segments.windows(2) {
        assert!(pair.iter().any(|segment| segment.kind == SegmentKind::Dub), "{pair:?}");
    }
    let end = plan.timeline.samples();
    for segment in plan.segments.iter().filter(|segment| segment.kind == SegmentKind::Keep) {
        let samples = &segment.samples;
        let is_rest = samples.end == end && end > case.voice.samples;
        if !case.options.skip_silence {
            assert!(samples.start >= case.voice.samples, "{segment:?} is not the rest");
        }
        let min_kept = case.options.min_kept.as_secs_f64();
        let ticks =
            plan.timeline.time_at(segment.frames.end) - plan.timeline.time_at(segment.frames.start);
        let seconds = case.time_base().duration(ticks).as_secs_f64();
        assert!(is_rest || seconds >= min_kept - 1e-6, "{segment:?} is kept for {seconds} s");
        // The voice is over in the rest of the picture, so no word can be clipped there.
        let guard = if samples.start >= case.voice.samples { 0 } else { case.guard_samples() };
        let silent = case.silent_at(samples.start, end).unwrap();
        assert!(silent.end >= samples.end, "{segment:?} has speech");
        assert!(silent.start == 0 || samples.start - silent.start >= guard, "{segment:?}");
        assert!(silent.end == end || silent.end - samples.end >= guard, "{segment:?}");
    }
}

/// No cut in speech can move into silence without breaking the limits; under [`Prefer::Price`],
/// without a higher price.
fn cuts_lie_in_silence_if_any_is_within_reach(case: &Case, plan: &Plan) {
    let end = plan.timeline.samples();
    let mut in_speech = 0;
    for pair in plan.segments.windows(2) {
        let [before, after] = pair else { unreachable!() };
        if case.silent_at(before.samples.end, end).is_some() {
            continue;
        }
        in_speech += 1;
        let price = |at: usize| {
            let both = [before.frames.start..at, at..after.frames.end];
            both.iter().map(|range| case.price(plan, range)).sum::<u64>()
        };
        for boundary in before.frames.start + 1..after.frames.end {
            let both = [before.frames.start..boundary, boundary..after.frames.end];
            let possible = both.iter().all(|range| case.is_cuttable(plan, range));
            if !possible || case.silent_at(plan.timeline.sample_at(boundary), end).is_none() {
                continue;
            }
            let dearer = price(boundary) > price(before.frames.end);
            assert!(
                case.options.prefer == Prefer::Price && dearer,
                "the cut at frame {} can move to frame {boundary}",
                before.frames.end
            );
        }
    }
    assert_eq!(plan.summary.cuts_in_speech, in_speech);
}

fn no_job_is_superfluous(case: &Case, plan: &Plan) {
    // Two jobs that fit in one would be one.
    for pair in plan.segments.windows(2) {
        let [before, after] = pair else { unreachable!() };
        let both = before.frames.start..after.frames.end;
        let dubbed = pair.iter().all(|segment| segment.kind == SegmentKind::Dub);
        assert!(!dubbed || !case.is_cuttable(plan, &both), "{pair:?} fit in one");
    }
    let by_price = case.options.prefer == Prefer::Price && case.options.prices.is_none();
    let runs = plan.segments.chunk_by(|one, other| one.kind == other.kind);
    for run in runs.filter(|run| run[0].kind == SegmentKind::Dub) {
        let frames = run[0].frames.start..run[run.len() - 1].frames.end;
        let ticks = plan.timeline.time_at(frames.end) - plan.timeline.time_at(frames.start);
        let seconds = case.time_base().duration(ticks).as_secs_f64();
        // A cut can be as far from the longest segment as a frame lasts.
        let fewest = (seconds / (9.98 - case.longest_frame(plan))).ceil();
        let bound = if by_price { fewest + 1.0 } else { 2.0 * fewest + 1.0 };
        assert!(run.len() as f64 <= bound, "{} jobs for {seconds} s", run.len());
    }
}

fn the_summary_is_right(case: &Case, plan: &Plan) {
    let totals = plan.summary.totals;
    let jobs = plan.segments.iter().filter(|segment| segment.kind == SegmentKind::Dub);
    let price: u64 = jobs.clone().map(|job| case.price(plan, &job.frames)).sum();
    assert_eq!(totals.jobs, jobs.count());
    assert_eq!(totals.price, case.options.prices.as_ref().map(|_| price));
    let off = totals.dubbed + totals.kept;
    assert!(off.abs_diff(plan.timeline.duration()).as_nanos() <= 2);
}

fn check(case: &Case) {
    let found = plan(&case.picture, &case.voice, &case.options);
    let Ok(plan) = &found else {
        case.check_error(&found.unwrap_err());
        return;
    };
    every_frame_and_sample_is_there_once(case, plan);
    every_job_is_within_the_limits(case, plan);
    kept_segments_have_no_speech(case, plan);
    cuts_lie_in_silence_if_any_is_within_reach(case, plan);
    no_job_is_superfluous(case, plan);
    the_summary_is_right(case, plan);
}

/// Returns a configuration that writes no file.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}

proptest! {
    #![proptest_config(cases(10_000))]

    #[test]
    fn every_plan_is_exact_within_limits_and_cut_in_silence(case in case(0.42)) {
        check(&case);
    }
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn the_same_input_in_another_order_has_the_same_plan(case in case(0.42)) {
        let mut other = case.clone();
        other.voice.silences.reverse();
        other.picture.scene_changes.reverse();
        let plans = [&case, &other].map(|case| plan(&case.picture, &case.voice, &case.options));
        prop_assert_eq!(&plans[0], &plans[1]);
    }

    #[test]
    fn skipping_silence_never_costs_more(case in case(0.42)) {
        let mut unskipped = case.clone();
        unskipped.options.skip_silence = false;
        let mut skipped = case;
        skipped.options.skip_silence = true;
        let plans = [&unskipped, &skipped].map(|case| plan(&case.picture, &case.voice, &case.options));
        let [Ok(unskipped), Ok(skipped)] = plans else { return Ok(()) };
        let cost = |plan: &Plan| (plan.summary.totals.price, plan.summary.totals.jobs);
        prop_assert!(cost(&skipped) <= cost(&unskipped));
        prop_assert_eq!(skipped.summary.without_skipping, unskipped.summary.totals);
    }
}

proptest! {
    #![proptest_config(cases(150))]

    /// An independent search that tries every segment finds nothing better.
    #[test]
    fn no_plan_has_a_lower_cost(case in case(0.3)) {
        if let Ok(plan) = plan(&case.picture, &case.voice, &case.options) {
            oracle::check(&case, &plan);
        }
    }
}

#[test]
fn an_hour_at_60_frames_per_second_is_planned_quickly() {
    for seed in 0..2 {
        let case = hour(seed);
        let begin = std::time::Instant::now();
        let plan = plan(&case.picture, &case.voice, &case.options).unwrap();
        let took = begin.elapsed();
        every_job_is_within_the_limits(&case, &plan);
        every_frame_and_sample_is_there_once(&case, &plan);
        // About a second in a debug build.
        assert!(took.as_secs() < 30, "{took:?}");
    }
}

#[test]
fn what_cannot_be_planned_is_a_clear_error() {
    let mut case = hour(0);
    case.picture.times.truncate(60);
    case.picture.end = 60;
    case.voice.samples = u64::from(case.voice.rate);
    let error = |case: &Case| plan(&case.picture, &case.voice, &case.options).unwrap_err();
    assert_eq!(
        error(&case).to_string(),
        "the output would be 1.00 s long, and the model takes no less than 2 s; give a longer video \
         or audio"
    );
    case.voice.samples = 0;
    assert_eq!(error(&case), PlanError::EmptyVoice);
    case.picture.times.clear();
    assert_eq!(error(&case), PlanError::EmptyVoice);
    case.voice.samples = 1;
    assert_eq!(error(&case), PlanError::NoFrames);
    case.picture.times = vec![0, 1, 1, 2];
    assert_eq!(error(&case), PlanError::UnorderedFrames { frame: 2 });
    case.picture.times = vec![0, 1, 2];
    case.picture.end = 2;
    assert_eq!(error(&case), PlanError::UnorderedFrames { frame: 3 });
    case.voice.rate = 0;
    assert_eq!(error(&case), PlanError::NoRate);
}
