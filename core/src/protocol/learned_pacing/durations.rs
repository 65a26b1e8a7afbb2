//! How long the jobs of a model take, learned from polls.
//!
//! A poll tells only that a job was still open, or that it ended at some time since the previous poll. So this
//! counts, for each short span of a job's age, how many jobs were open in it and how many ended in it. Their ratio has no bias from the polls, nor from jobs that are still open: a thousand jobs that
//! began together end in the order of their durations, and the early ones must not make the rest look overdue.

use serde::{Deserialize, Serialize};

/// The age at which the second span begins, in seconds.
const FIRST: f64 = 0.05;
/// The length of a span, as a share of the age at its begin.
const GROWTH: f64 = 0.01;
/// The number of spans: the last begins after a day.
const SPANS: usize = 1446;
/// How much a span in which no job ever ended counts beside one that ended there: as if half a job had ended
/// somewhere in 460 spans, which is a factor of a hundred.
const UNKNOWN: f64 = 0.5 / 460.0;
/// About this many of the latest jobs count in each span.
const MEMORY: f64 = 120.0;

/// What is known of one span of a job's age.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Span {
    /// Jobs that were open in it. One that was open in half of it counts half.
    pub(super) open: f64,
    /// Jobs that ended in it.
    pub(super) ended: f64,
}

/// The durations of a model's jobs. Times are ages of a job in seconds: since its submit was accepted.
#[derive(Clone, Debug, Default)]
pub(super) struct Durations {
    spans: Vec<Span>,
    /// The number of jobs that ended, less what was forgotten.
    jobs: f64,
}

impl Durations {
    /// Returns what can be kept in a file.
    pub(super) fn save(&self) -> SavedDurations {
        let column =
            |of: fn(&Span) -> f64| self.spans.iter().map(|span| rounded(of(span))).collect();
        SavedDurations {
            jobs: rounded(self.jobs),
            open: column(|span| span.open),
            ended: column(|span| span.ended),
        }
    }

    /// Returns the durations of a file, or `None` if they are not valid.
    pub(super) fn restore(saved: &SavedDurations) -> Option<Self> {
        let SavedDurations { jobs, open, ended } = saved;
        let is_valid = |count: &f64| (0.0..=MEMORY + 1.0).contains(count);
        let valid = open.len() == ended.len()
            && open.len() <= SPANS
            && open.iter().chain(ended).chain([jobs]).all(is_valid);
        let spans = open.iter().zip(ended).map(|(open, ended)| Span { open: *open, ended: *ended });
        valid.then(|| Self { spans: spans.collect(), jobs: *jobs })
    }

    pub(super) fn spans(&self) -> &[Span] {
        &self.spans
    }

    pub(super) fn jobs(&self) -> f64 {
        self.jobs
    }

    /// A job that was open at the age `from` is still open at the age `to`.
    pub(super) fn open(&mut self, from: f64, to: f64) {
        for (number, share) in self.reach(from, to) {
            if let Some(span) = self.spans.get_mut(number) {
                span.add(share, 0.0);
            }
        }
    }

    /// A job that was open at the age `from` has ended by the age `to`.
    pub(super) fn ended(&mut self, from: f64, to: f64) {
        let shares: Vec<(usize, f64)> = self.reach(from, to.max(from)).collect();
        // The end is in one of these spans: each has the probability that the earlier jobs suggest. What was
        // never seen counts a little, so that a new duration is not pressed into the nearest old one.
        let unknown = UNKNOWN / (self.jobs + 1.0);
        let mut open = 1.0;
        let ends: Vec<f64> = shares
            .iter()
            .map(|(number, share)| {
                let hazard = self.spans.get(*number).map_or(0.0, |span| span.hazard());
                let ends = open * (hazard * share).clamp(unknown, 1.0);
                open -= ends;
                ends
            })
            .collect();
        let total: f64 = ends.iter().sum();
        let mut open = 1.0;
        for ((number, share), ends) in shares.into_iter().zip(ends) {
            let ends = ends / total;
            if let Some(span) = self.spans.get_mut(number) {
                span.add(share * (open - ends / 2.0).max(0.0), ends);
            }
            open -= ends;
        }
        self.jobs = (self.jobs + 1.0).min(MEMORY);
    }

    /// Forgets this share of everything.
    pub(super) fn forget(&mut self, share: f64) {
        let keep = 1.0 - share;
        for span in &mut self.spans {
            span.open *= keep;
            span.ended *= keep;
        }
        self.jobs *= keep;
    }

    /// Returns the numbers of the spans between two ages, each with the share of it that lies between them.
    fn reach(&mut self, from: f64, to: f64) -> impl Iterator<Item = (usize, f64)> + use<> {
        let (first, last) = (index(from), index(to));
        if self.spans.len() <= last {
            self.spans.resize(last + 1, Span::default());
        }
        (first..=last).map(move |number| {
            if number != first && number != last {
                return (number, 1.0);
            }
            let (begin, end) = (begin(number), begin(number + 1));
            let between = (to.min(end) - from.max(begin)).max(0.0);
            (number, (between / (end - begin)).min(1.0))
        })
    }
}

/// The durations of a model's jobs in a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SavedDurations {
    jobs: f64,
    open: Vec<f64>,
    ended: Vec<f64>,
}

fn rounded(count: f64) -> f64 {
    (count * 1000.0).round() / 1000.0
}

impl Span {
    /// The ends of an open job, per span.
    fn hazard(self) -> f64 {
        if self.open > 0.0 { self.ended / self.open } else { 0.0 }
    }

    fn add(&mut self, open: f64, ended: f64) {
        if self.open > MEMORY {
            let keep = 1.0 - open / (MEMORY + 1.0);
            self.open *= keep;
            self.ended *= keep;
        }
        self.open += open;
        self.ended += ended;
    }
}

/// Returns the number of the span that an age is in.
pub(super) fn index(age: f64) -> usize {
    if age.is_nan() || age <= FIRST {
        return 0;
    }
    let number = (age / FIRST).ln() / (1.0 + GROWTH).ln();
    // A cast of a number that is too large ends at the largest.
    (number as usize + 1).min(SPANS - 1)
}

/// Returns the age at which a span begins.
pub(super) fn begin(index: usize) -> f64 {
    match i32::try_from(index) {
        Ok(0) => 0.0,
        Ok(index) => FIRST * (1.0 + GROWTH).powi(index - 1),
        Err(_) => f64::MAX,
    }
}
