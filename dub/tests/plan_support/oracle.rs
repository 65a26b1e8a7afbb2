//! An independent search that tries every segment.

use std::ops::Range;

use viseme_dub::plan::{Plan, Prefer, SegmentKind};

use super::Case;

/// The costs of a plan in the order of the planner's documentation.
type Cost = [i64; 6];

struct Oracle<'a> {
    case: &'a Case,
    plan: &'a Plan,
    /// The samples of the silent range that each boundary is in.
    silent: Vec<Option<Range<u64>>>,
    /// The sample of each boundary.
    samples: Vec<u64>,
}

impl Oracle<'_> {
    fn order(&self, speech: i64, price: i64, jobs: i64, rest: [i64; 3]) -> Cost {
        let [dubbed, scene, near] = rest;
        match self.case.options.prefer {
            Prefer::Silence => [speech, price, jobs, dubbed, scene, near],
            Prefer::Price => [price, jobs, speech, dubbed, scene, near],
        }
    }

    fn cut(&self, boundary: usize) -> Cost {
        let frames = self.plan.timeline.frames();
        if boundary == 0 || boundary == frames.len() {
            return [0; 6];
        }
        let (before, source) = (frames[boundary - 1].source, frames[boundary].source);
        let begins = self.case.picture.scene_changes.contains(&source) && before != source;
        let within_scene = i64::from(!begins && source >= before);
        let sample = self.plan.timeline.sample_at(boundary);
        let Some(silent) = &self.silent[boundary] else {
            return self.order(1, 0, 0, [0, within_scene, 0]);
        };
        let guard = self.case.options.guard.as_micros() as u64 * u64::from(self.case.voice.rate);
        let far = |samples: u64| samples * 1_000_000 >= guard;
        let far_before = silent.start == 0 || far(sample - silent.start);
        let far_after = silent.end == self.plan.timeline.samples() || far(silent.end - sample);
        self.order(0, 0, 0, [0, within_scene, i64::from(!(far_before && far_after))])
    }

    fn dub(&self, range: &Range<usize>) -> Option<Cost> {
        let price = self.case.price(self.plan, range) as i64;
        let ticks = Case::ticks(self.plan, range);
        let possible = self.case.is_cuttable(self.plan, range);
        possible.then(|| self.order(0, price, 1, [ticks, 0, 0]))
    }

    fn may_keep(&self, range: &Range<usize>) -> bool {
        let timeline = &self.plan.timeline;
        let (start, end) = (timeline.sample_at(range.start), timeline.sample_at(range.end));
        let (voice, total) = (self.case.voice.samples, timeline.samples());
        if start >= voice {
            return true;
        }
        let Some(silent) = self.silent[range.start].clone().filter(|silent| silent.end >= end)
        else {
            return false;
        };
        let (case, options) = (self.case, &self.case.options);
        let guard = options.guard.as_micros() as u64 * u64::from(case.voice.rate);
        let boundary_from = |sample: u64| self.samples.partition_point(|other| *other < sample);
        // The last boundary that is not after a sample.
        let boundary_to = |sample: u64| self.samples.partition_point(|other| *other <= sample) - 1;
        let guarded = |from: u64, to: u64| {
            (to - from) * 1_000_000 >= guard && boundary_to(to) >= boundary_from(from) + 2
        };
        let last = timeline.frames().len();
        let min_kept = options.min_kept.as_micros() as i128 * i128::from(case.time_base().den);
        let touches_rest = silent.end == total && timeline.sample_at(last - 1) >= voice;
        options.skip_silence
            && (silent.start == 0 || guarded(silent.start, start))
            && (silent.end == total || guarded(end, silent.end))
            && (touches_rest
                || i128::from(Case::ticks(self.plan, range))
                    * i128::from(case.time_base().num)
                    * 1_000_000
                    >= min_kept)
    }
}

fn plus(one: Cost, other: Cost) -> Cost {
    std::array::from_fn(|index| one[index] + other[index])
}

/// Checks that no list of segments has a lower cost than the plan.
pub fn check(case: &Case, plan: &Plan) {
    let last = plan.timeline.frames().len();
    let end = plan.timeline.samples();
    let silent = (0..=last).map(|at| case.silent_at(plan.timeline.sample_at(at), end)).collect();
    let samples = (0..=last).map(|at| plan.timeline.sample_at(at)).collect();
    let oracle = Oracle { case, plan, silent, samples };
    let mut dubbed: Vec<Option<Cost>> = vec![None; last + 1];
    let mut kept = dubbed.clone();
    dubbed[0] = Some([0; 6]);
    for to in 1..=last {
        for from in 0..to {
            let reached = dubbed[from].min_by_some(kept[from]);
            let Some(reached) = reached else { continue };
            if let Some(cost) = oracle.dub(&(from..to)) {
                let cost = plus(plus(reached, oracle.cut(from)), cost);
                dubbed[to] = dubbed[to].min_by_some(Some(cost));
            }
            if let Some(before) = dubbed[from].filter(|_| oracle.may_keep(&(from..to))) {
                let cost = plus(before, oracle.cut(from));
                kept[to] = kept[to].min_by_some(Some(cost));
            }
        }
    }
    let best = dubbed[last].min_by_some(kept[last]).unwrap();
    let found = plan.segments.iter().fold([0; 6], |sum, segment| {
        let cost = match segment.kind {
            SegmentKind::Dub => oracle.dub(&segment.frames).unwrap(),
            SegmentKind::Keep => {
                assert!(oracle.may_keep(&segment.frames), "{segment:?} cannot be kept");
                [0; 6]
            }
        };
        plus(plus(sum, oracle.cut(segment.frames.start)), cost)
    });
    // A plan that skips nothing replaces one that skips and costs more.
    let replaced =
        case.options.skip_silence && plan.summary.totals == plan.summary.without_skipping;
    assert!(found == best || (replaced && found > best), "{found:?} is not {best:?}");
}

trait MinBySome {
    fn min_by_some(self, other: Self) -> Self;
}

impl MinBySome for Option<Cost> {
    fn min_by_some(self, other: Self) -> Self {
        self.into_iter().chain(other).min()
    }
}
