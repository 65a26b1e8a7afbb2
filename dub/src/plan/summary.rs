//! What a plan costs.

use std::time::Duration;

use super::prices::Prices;
use super::search::Edge;
use super::timeline::Timeline;

/// The totals of a list of segments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Totals {
    /// The number of jobs.
    pub jobs: usize,
    /// The length of the segments that are dubbed.
    pub dubbed: Duration,
    /// The length of the segments that keep the original picture.
    pub kept: Duration,
    /// The price in millionths of a US dollar, if the model's prices are known.
    pub price: Option<u64>,
}

impl Totals {
    /// Returns what is compared: the price, then the jobs.
    pub(super) fn cost(&self) -> (u64, usize) {
        (self.price.unwrap_or_default(), self.jobs)
    }
}

/// What a plan costs, and what skipping silence saves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    /// The totals of the plan.
    pub totals: Totals,
    /// The totals of the plan that does not skip silence.
    pub without_skipping: Totals,
    /// The number of cuts inside speech.
    pub cuts_in_speech: usize,
    /// The length of the picture.
    pub picture: Duration,
    /// The length of the voice.
    pub voice: Duration,
    /// Whether the voice is silent throughout.
    pub is_silent: bool,
}

impl Summary {
    /// Returns how many jobs skipping silence saves.
    #[must_use]
    pub fn saved_jobs(&self) -> usize {
        self.without_skipping.jobs.saturating_sub(self.totals.jobs)
    }

    /// Returns how much less is dubbed because silence is skipped.
    #[must_use]
    pub fn saved_time(&self) -> Duration {
        self.without_skipping.dubbed.saturating_sub(self.totals.dubbed)
    }

    /// Returns what skipping silence saves in millionths of a US dollar, if the prices are known.
    #[must_use]
    pub fn saved_price(&self) -> Option<u64> {
        Some(self.without_skipping.price?.saturating_sub(self.totals.price?))
    }
}

pub(super) fn totals(edges: &[Edge], timeline: &Timeline, prices: Option<&Prices>) -> Totals {
    let mut jobs = 0;
    let (mut dubbed, mut kept) = (0, 0);
    let mut price = prices.map(|_| 0_u64);
    for edge in edges {
        let (start, end) = (edge.frames.start, edge.frames.end);
        let ticks = timeline.time_at(end) - timeline.time_at(start);
        if !edge.dub {
            kept += ticks;
            continue;
        }
        jobs += 1;
        dubbed += ticks;
        let samples = timeline.sample_at(end) - timeline.sample_at(start);
        let of_job = prices.map(|prices| prices.of(timeline, ticks, samples));
        price = price.zip(of_job).map(|(sum, more)| sum.saturating_add(more));
    }
    let time_base = timeline.time_base();
    Totals { jobs, dubbed: time_base.duration(dubbed), kept: time_base.duration(kept), price }
}
