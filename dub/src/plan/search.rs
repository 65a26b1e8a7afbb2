//! Finds the cuts with the lowest cost.
//!
//! Dynamic programming over the boundaries between frames. The cost of a dubbed segment depends only on
//! the range of prices that its length is in. For a fixed end, the starts of one range are a window of
//! boundaries, and the window moves forwards with the end. A queue per range keeps the best start of its
//! window, so each boundary enters and leaves each queue once.

use std::collections::VecDeque;
use std::ops::Range;

use super::limits::SegmentLimits;
use super::prices::{PriceRange, Prices};
use super::silence::{Cut, Cuts, Zone};
use super::timeline::{TimeBase, Timeline, samples_covering, samples_within};
use super::{PlanOptions, Prefer};

/// A segment that was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) dub: bool,
    pub(super) frames: Range<usize>,
}

/// What speaks against a list of segments, the most important first. The fourth is the time that is
/// kept, negative: less is dubbed, and the cost of a job depends on no length within its range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Cost([i64; 6]);

impl Cost {
    fn plus(self, other: Self) -> Self {
        let mut sum = self;
        for (one, more) in sum.0.iter_mut().zip(other.0) {
            *one = one.saturating_add(more);
        }
        sum
    }

    fn plus_ticks(self, ticks: i64) -> Self {
        self.plus(Self([0, 0, 0, ticks, 0, 0]))
    }
}

/// The best way to reach a boundary.
#[derive(Clone, Copy, Debug)]
struct Reached {
    cost: Cost,
    /// The boundary at which the last segment begins.
    from: usize,
}

/// A search over one timeline.
pub(super) struct Search<'a> {
    timeline: &'a Timeline,
    cuts: &'a Cuts,
    prefer: Prefer,
    min_ticks: i64,
    min_samples: u64,
    /// Ascending; the last one ends with the longest segment.
    ranges: Vec<PriceRange>,
    /// The price of the whole output as one segment, if the model takes it.
    whole: Option<u64>,
}

/// The starts of the segments whose length is in one range, for the end that the search is at.
struct Window<'a> {
    range: &'a PriceRange,
    /// The next boundary to enter.
    next: usize,
    /// Candidates in ascending order of boundary and of cost.
    queue: VecDeque<(usize, Cost)>,
}

impl<'a> Search<'a> {
    pub(super) fn new(timeline: &'a Timeline, options: &PlanOptions, cuts: &'a Cuts) -> Self {
        let (time_base, rate) = (timeline.time_base(), timeline.rate());
        let (min, max) = options.limits.inner();
        let max_ticks = time_base.ticks_within(max);
        let max_samples = samples_within(max, rate);
        let free = Prices::per_job(0);
        let prices = options.prices.as_ref().unwrap_or(&free);
        let mut ranges = Vec::new();
        for range in prices.ranges(timeline) {
            let is_last = range.max_ticks >= max_ticks && range.max_samples >= max_samples;
            ranges.push(PriceRange {
                max_ticks: range.max_ticks.min(max_ticks),
                max_samples: range.max_samples.min(max_samples),
                price: range.price,
            });
            if is_last {
                break;
            }
        }
        let whole = fits(timeline, options.limits, time_base)
            .then(|| prices.of(timeline, timeline.end(), timeline.samples()));
        Self {
            timeline,
            cuts,
            prefer: options.prefer,
            min_ticks: time_base.ticks_covering(min),
            min_samples: samples_covering(min, rate),
            ranges,
            whole,
        }
    }

    /// Returns the segments with the lowest cost, or `None` if no list satisfies the limits. `zones`
    /// are the parts that may be kept.
    pub(super) fn run(&self, zones: &[Zone]) -> Option<Vec<Edge>> {
        let last = self.timeline.frames().len();
        let mut dubbed: Vec<Option<Reached>> = vec![None; last + 1];
        let mut kept: Vec<Option<Reached>> = vec![None; last + 1];
        let mut windows: Vec<Window<'_>> = self.ranges.iter().map(Window::new).collect();
        let mut keeps = zones.iter().map(Keep::new).peekable();
        // The cost of reaching each boundary, with the cut there.
        let mut starts: Vec<Option<Cost>> = vec![Some(Cost::default())];
        let mut starts_after_dub: Vec<Option<Cost>> = vec![Some(Cost::default())];
        for end in 1..=last {
            let dub = self.best_dub(end, last, &starts, &mut windows);
            while keeps.next_if(|keep| keep.zone.frames.end < end).is_some() {}
            let keep =
                keeps.peek_mut().and_then(|keep| keep.best(end, self.timeline, &starts_after_dub));
            let cut = if end < last { self.cut_cost(self.cuts.at(end)) } else { Cost::default() };
            let to_start = |reached: Option<Reached>| reached.map(|at| at.cost.plus(cut));
            starts_after_dub.push(to_start(dub));
            starts.push(to_start(best(dub, keep)));
            if let Some(place) = dubbed.get_mut(end) {
                *place = dub;
            }
            if let Some(place) = kept.get_mut(end) {
                *place = keep;
            }
        }
        trace(&dubbed, &kept)
    }

    /// Returns the best way to reach a boundary with a dubbed segment.
    fn best_dub(
        &self,
        end: usize,
        last: usize,
        starts: &[Option<Cost>],
        windows: &mut [Window<'_>],
    ) -> Option<Reached> {
        let mut found = None;
        // From the longest segments to the shortest: among equals the first one stays.
        let shorter = windows.len();
        for index in (0..shorter).rev() {
            let below = index.checked_sub(1).and_then(|below| self.ranges.get(below));
            let Some(window) = windows.get_mut(index) else { continue };
            let ticks_and_samples = |start: usize| {
                let ticks = self.timeline.time_at(end) - self.timeline.time_at(start);
                (ticks, self.timeline.sample_at(end) - self.timeline.sample_at(start))
            };
            let is_long_enough = |start: usize| {
                let (ticks, samples) = ticks_and_samples(start);
                let min = ticks >= self.min_ticks && samples >= self.min_samples;
                min && below.is_none_or(|below| !below.contains(ticks, samples))
            };
            let is_short_enough = |start: usize| {
                let (ticks, samples) = ticks_and_samples(start);
                window.range.contains(ticks, samples)
            };
            while window.next < end && is_long_enough(window.next) {
                if let Some(Some(cost)) = starts.get(window.next) {
                    while window.queue.back().is_some_and(|(_, worse)| worse > cost) {
                        window.queue.pop_back();
                    }
                    window.queue.push_back((window.next, *cost));
                }
                window.next += 1;
            }
            while window.queue.front().is_some_and(|(start, _)| !is_short_enough(*start)) {
                window.queue.pop_front();
            }
            if let Some((start, cost)) = window.queue.front() {
                let cost = cost.plus(self.job_cost(window.range.price));
                found = best(found, Some(Reached { cost, from: *start }));
            }
        }
        if let Some(price) = self.whole.filter(|_| end == last) {
            let cost = self.job_cost(price);
            found = best(found, Some(Reached { cost, from: 0 }));
        }
        found
    }

    fn cut_cost(&self, cut: Cut) -> Cost {
        let speech = i64::from(cut.in_speech);
        let (scene, near) = (i64::from(cut.within_scene), i64::from(cut.near_speech));
        match self.prefer {
            Prefer::Silence => Cost([speech, 0, 0, 0, scene, near]),
            Prefer::Price => Cost([0, 0, speech, 0, scene, near]),
        }
    }

    fn job_cost(&self, price: u64) -> Cost {
        let price = i64::try_from(price).unwrap_or(i64::MAX);
        match self.prefer {
            Prefer::Silence => Cost([0, price, 1, 0, 0, 0]),
            Prefer::Price => Cost([price, 1, 0, 0, 0, 0]),
        }
    }
}

impl PriceRange {
    fn contains(&self, ticks: i64, samples: u64) -> bool {
        ticks <= self.max_ticks && samples <= self.max_samples
    }
}

impl<'a> Window<'a> {
    fn new(range: &'a PriceRange) -> Self {
        Self { range, next: 0, queue: VecDeque::new() }
    }
}

/// The best start of a kept segment in one zone.
struct Keep<'a> {
    zone: &'a Zone,
    /// The next boundary to consider.
    next: usize,
    /// Its cost is that of a kept segment that ends at 0.
    start: Option<Reached>,
}

impl<'a> Keep<'a> {
    fn new(zone: &'a Zone) -> Self {
        Self { zone, next: zone.frames.start, start: None }
    }

    fn best(
        &mut self,
        end: usize,
        timeline: &Timeline,
        starts: &[Option<Cost>],
    ) -> Option<Reached> {
        let is_long_enough =
            |start: usize| timeline.time_at(end) - timeline.time_at(start) >= self.zone.min_ticks;
        while self.next < end && is_long_enough(self.next) {
            if let Some(Some(cost)) = starts.get(self.next) {
                let cost = cost.plus_ticks(timeline.time_at(self.next));
                let start = Reached { cost, from: self.next };
                self.start = best(self.start, Some(start));
            }
            self.next += 1;
        }
        self.start
            .map(|start| Reached { cost: start.cost.plus_ticks(-timeline.time_at(end)), ..start })
    }
}

/// Returns the one with the lower cost; the first among equals.
fn best(one: Option<Reached>, other: Option<Reached>) -> Option<Reached> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if other.cost < one.cost { other } else { one }),
        (one, other) => one.or(other),
    }
}

fn fits(timeline: &Timeline, limits: SegmentLimits, time_base: TimeBase) -> bool {
    let longest = timeline.end() <= time_base.ticks_within(limits.max());
    timeline.reaches(limits.min())
        && longest
        && timeline.samples() <= samples_within(limits.max(), timeline.rate())
}

/// Returns the segments that lead to the end.
fn trace(dubbed: &[Option<Reached>], kept: &[Option<Reached>]) -> Option<Vec<Edge>> {
    let mut end = dubbed.len().checked_sub(1)?;
    let mut edges = Vec::new();
    let mut may_keep = true;
    while end > 0 {
        let dub = dubbed.get(end).copied().flatten();
        let keep = kept.get(end).copied().flatten().filter(|_| may_keep);
        let is_dub = match (&dub, &keep) {
            (Some(dub), Some(keep)) => dub.cost <= keep.cost,
            (dub, _) => dub.is_some(),
        };
        let reached = if is_dub { dub? } else { keep? };
        edges.push(Edge { dub: is_dub, frames: reached.from..end });
        // A kept segment follows a dubbed one.
        may_keep = is_dub;
        end = reached.from;
    }
    edges.reverse();
    Some(edges)
}
