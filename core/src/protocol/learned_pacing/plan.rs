//! Where to place the polls of a job.
//!
//! If polls are a time `h` apart where a job ends with the rate `r` (the hazard: ends per second among the jobs
//! that are open), the expected power `p` of the lateness grows with `r · hᵖ`, and the expected number of polls
//! with `1 / h`. The best `h` for a number of polls is `c · r^(-1/(p + 1))`; `c` follows from the number.
//!
//! No pause is much longer than the one before it: a job that ends just after the last place where ends were seen is
//! still seen soon, and what is learned wrongly is soon corrected.

use super::durations::{Durations, Span, begin};
use crate::protocol::Pacing;

/// `1 / (p + 1)`: the larger it is, the more the few late results count beside the typical one.
const EXPONENT: f64 = 1.0 / 5.0;
/// The shortest time between two polls of a job, in seconds.
const MIN_GAP: f64 = 0.025;
/// The shortest time between two polls, as a share of the job's age.
const MIN_GAP_SHARE: f64 = 1.0 / 400.0;
/// When fewer jobs than this share are open, the plan ends.
const TAIL: f64 = 0.002;
/// The fewest polls of a job.
const POLLS: f64 = 6.75;
/// The polls in place of one that the pacing without a plan needs if its pauses do not grow. With these, half of
/// evenly spread ends are seen within a quarter of its pause: half a second for most models.
const POLLS_FOR_STEADY: f64 = 1.1;
/// The most polls of a job, unless the pacing without a plan needs more: those of jobs of two minutes.
const MOST_POLLS: f64 = 66.0;
/// The polls beside those that the pacing without a plan needs, so that they are not more by chance.
const FEWER: f64 = 0.97;
/// The part of the first gap that chance takes away at most, so that jobs that began together do not poll together.
pub(super) const SPREAD: f64 = 0.5;
/// The longest pause after the end of the plan, as a share of the job's age.
const OVERDUE_SHARE: f64 = 0.25;
/// Fewer ends than this near an age are remainders of old times and of guesses.
const FEWEST: f64 = 0.1;
/// How much longer than a pause the next one may be, as a share of it.
const GAP_GROWTH: f64 = 0.5;
/// The most steps of the pacing without a plan that are counted.
const MAX_STEPS: u32 = 2000;

/// The polls of a job of one model, for jobs of any age. All times are ages in seconds.
#[derive(Clone, Debug, Default)]
pub(super) struct PollPlan {
    /// When the counts apply: the edges of spans.
    ages: Vec<f64>,
    /// How many polls are due by each age; grows.
    counts: Vec<f64>,
    /// The longest pause within the plan.
    longest: f64,
    /// The longest pause after it.
    overdue: f64,
    /// The last pause within the plan.
    last_gap: f64,
}

impl PollPlan {
    /// Returns the plan for these durations with an expected number of polls, or `None` if they tell nothing.
    /// Without a number the polls are as many as those of `fallback` would be if its pauses did not grow, up to a limit.
    /// `correction` is how many polls to plan for each of them.
    pub(super) fn new(
        durations: &Durations,
        fallback: &Pacing,
        polls: Option<f64>,
        correction: f64,
    ) -> Option<Self> {
        let hazards = smoothed(durations.spans(), width(durations.jobs()));
        let overdue = fallback.max.as_secs_f64();
        let spans = Survival::new(&hazards, overdue)?;
        let end = spans.0.last()?.end;
        let longest = overdue.max(end * OVERDUE_SHARE);
        // Every job needs these: the last one, and those of a long time in which no job ends.
        let begin = spans.0.iter().find(|span| span.longest.is_finite())?.begin;
        let needed = 1.0 - SPREAD / 2.0 + (begin / longest).floor();
        let polls = polls.unwrap_or_else(|| {
            let steady = Pacing { growth: 1.0, max: fallback.interval, ..*fallback };
            let soon = (POLLS_FOR_STEADY * spans.polls_of(&steady)).min(MOST_POLLS);
            soon.max(FEWER * spans.polls_of(fallback)).max(POLLS)
        });
        let polls = polls * correction;
        let scale = spans.scale_for((polls - needed).max(0.1));

        let mut plan = Self { longest, overdue, ..Self::default() };
        let mut count = 0.0;
        for (span, gap) in spans.gaps(scale) {
            plan.ages.push(span.begin);
            plan.counts.push(count);
            count += span.length() / gap;
            plan.last_gap = gap;
        }
        plan.ages.push(end);
        plan.counts.push(count);
        Some(plan)
    }

    /// Returns when to poll a job that was open at the age `open`. `share` is 1, or less to poll earlier by
    /// that share of a gap.
    pub(super) fn next(&self, open: f64, share: f64) -> f64 {
        let age = if open >= self.end() {
            open + share * self.overdue_gap(open)
        } else {
            self.age(self.count(open) + share)
        };
        age.clamp(open + MIN_GAP, open + self.longest)
    }

    /// Returns how many polls a job of this age has had on average, with the last one just now.
    pub(super) fn polls_by(&self, age: f64) -> f64 {
        self.count(age) + SPREAD / 2.0
    }

    /// Returns the age at which hardly any job is open.
    pub(super) fn end(&self) -> f64 {
        self.ages.last().copied().unwrap_or_default()
    }

    /// Returns the age before which no job ended.
    pub(super) fn start(&self) -> f64 {
        let before = self.counts.partition_point(|count| *count <= 0.0);
        self.ages.get(before.saturating_sub(1)).copied().unwrap_or_default()
    }

    fn overdue_gap(&self, age: f64) -> f64 {
        let grown = self.last_gap + GAP_GROWTH * (age - self.end()).max(0.0);
        grown.min(age * OVERDUE_SHARE).min(self.overdue).max(MIN_GAP)
    }

    /// Returns how many polls are due by an age.
    fn count(&self, age: f64) -> f64 {
        interpolate(&self.ages, &self.counts, age)
    }

    /// Returns the age by which this many polls are due.
    fn age(&self, count: f64) -> f64 {
        let all = self.counts.last().copied().unwrap_or_default();
        if count > all {
            return self.end() + (count - all) * self.overdue_gap(self.end());
        }
        interpolate(&self.counts, &self.ages, count)
    }
}

/// Returns the value at `x` between the points. Both lists grow; `xs` may have equal neighbours.
fn interpolate(xs: &[f64], ys: &[f64], x: f64) -> f64 {
    let after = xs.partition_point(|point| *point < x);
    let point = |index: usize| Some((*xs.get(index)?, *ys.get(index)?));
    let Some((x1, y1)) = point(after) else { return ys.last().copied().unwrap_or_default() };
    match after.checked_sub(1).and_then(point) {
        Some((x0, y0)) if x1 > x0 => y0 + (y1 - y0) * (x - x0) / (x1 - x0),
        _ => y1,
    }
}

/// A span of a job's age in a plan.
struct Stretch {
    begin: f64,
    end: f64,
    /// The share of jobs that are open in the middle.
    open: f64,
    /// The share of jobs that are open at the begin.
    open_before: f64,
    /// The best gap but for its scale.
    spacing: f64,
    shortest: f64,
    longest: f64,
}

impl Stretch {
    fn length(&self) -> f64 {
        self.end - self.begin
    }

    fn gap(&self, scale: f64) -> f64 {
        (scale * self.spacing).clamp(self.shortest, self.longest)
    }
}

/// The share of jobs that are open at each age.
struct Survival(Vec<Stretch>);

impl Survival {
    /// `overdue` is the longest pause once jobs may end.
    fn new(hazards: &[f64], overdue: f64) -> Option<Self> {
        let first = hazards.iter().position(|hazard| *hazard > 0.0)?;
        let last = hazards.iter().rposition(|hazard| *hazard > 0.0)?;
        let mut stretches = Vec::with_capacity(last + 1);
        let mut open = 1.0;
        for (number, hazard) in hazards.iter().take(last + 1).enumerate() {
            let (begin, end) = (begin(number), begin(number + 1));
            let left = open * (-hazard).exp();
            let shortest = MIN_GAP.max(begin * MIN_GAP_SHARE);
            let longest = if number < first { f64::INFINITY } else { overdue };
            stretches.push(Stretch {
                begin,
                end,
                open: f64::midpoint(open, left),
                open_before: open,
                spacing: (hazard / (end - begin)).powf(-EXPONENT),
                shortest,
                longest: longest.max(shortest),
            });
            open = left;
            if open < TAIL {
                break;
            }
        }
        Some(Self(stretches))
    }

    /// Returns how many polls a job needs on average with this pacing.
    fn polls_of(&self, pacing: &Pacing) -> f64 {
        let (mut age, mut polls) = (0.0, 0.0);
        let mut stretches = self.0.iter().peekable();
        for step in 0..MAX_STEPS {
            while stretches.next_if(|stretch| stretch.end <= age).is_some() {}
            let Some(stretch) = stretches.peek() else { break };
            polls += stretch.open_before;
            age += pacing.delay(step, 0.5).as_secs_f64();
        }
        polls
    }

    /// Returns each stretch with its gap.
    fn gaps(&self, scale: f64) -> impl Iterator<Item = (&Stretch, f64)> {
        let mut limit = f64::INFINITY;
        self.0.iter().map(move |stretch| {
            let gap = stretch.gap(scale).min(limit).max(stretch.shortest);
            limit = if stretch.longest.is_finite() {
                gap + GAP_GROWTH * stretch.length()
            } else {
                f64::INFINITY
            };
            (stretch, gap)
        })
    }

    /// Returns the scale of the gaps for an expected number of polls before the last.
    fn scale_for(&self, polls: f64) -> f64 {
        let (mut low, mut high) = (1e-4_f64, 1e5_f64);
        // The number falls with the scale. The bounds of gaps make it no simple formula.
        for _ in 0..40 {
            let scale = (low * high).sqrt();
            let expected: f64 =
                self.gaps(scale).map(|(span, gap)| span.open * span.length() / gap).sum();
            if expected > polls {
                low = scale;
            } else {
                high = scale;
            }
        }
        high
    }
}

/// How many spans on either side count for one, by the number of jobs.
fn width(jobs: f64) -> usize {
    match jobs {
        _ if jobs < 10.0 => 8,
        _ if jobs < 30.0 => 5,
        _ if jobs < 80.0 => 3,
        _ => 2,
    }
}

/// Returns the ends of an open job for each span.
fn smoothed(spans: &[Span], width: usize) -> Vec<f64> {
    let weight = |distance: usize| (width + 1 - distance) as f64;
    let hazard = |center: usize| {
        let (mut open, mut ended) = (0.0, 0.0);
        for index in center.saturating_sub(width)..=center + width {
            if let Some(span) = spans.get(index) {
                let weight = weight(center.abs_diff(index));
                open += weight * span.open;
                ended += weight * span.ended;
            }
        }
        if open > 0.0 && ended >= FEWEST * weight(0) { ended / open } else { 0.0 }
    };
    (0..spans.len() + width).map(hazard).collect()
}
