//! What a dub reports while it runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use viseme_batch::ItemState;

/// Is called with each step of a dub.
pub type OnUpdate = Arc<dyn Fn(&DubUpdate) + Send + Sync>;

/// What a dub works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DubStage {
    /// Reads the frames and the voice. `done` counts frames, and `total` is 0: it is not known yet.
    Analysing,
    /// Cuts the segments. Both numbers count frames.
    Cutting,
    /// Runs the jobs. Both numbers count segments.
    Dubbing,
    /// Joins the results. Both numbers count frames.
    Joining,
}

/// A step of a dub.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct DubUpdate {
    /// What it works on.
    pub stage: DubStage,
    /// How much of the stage is done.
    pub done: usize,
    /// How much there is; 0 if it is not known.
    pub total: usize,
    /// The segment and its new state, while segments are dubbed.
    pub segment: Option<(String, ItemState)>,
}

impl DubUpdate {
    /// Returns how much of the whole dub is done, from 0 to 1. Stages count by their usual time.
    #[must_use]
    pub fn fraction(&self) -> f64 {
        let (before, share) = match self.stage {
            DubStage::Analysing => (0.0, 0.1),
            DubStage::Cutting => (0.1, 0.2),
            DubStage::Dubbing => (0.3, 0.5),
            DubStage::Joining => (0.8, 0.2),
        };
        // Fractions need no exact numbers.
        #[allow(clippy::cast_precision_loss)]
        let done = if self.total == 0 { 0.0 } else { self.done as f64 / self.total as f64 };
        before + share * done.min(1.0)
    }
}

/// Reports to the listener, if there is one.
#[derive(Clone)]
pub(super) struct Updates {
    listener: Option<OnUpdate>,
    /// How many segments are done, and how many there are.
    segments: Arc<[AtomicUsize; 2]>,
}

/// A report is sent after so many frames.
const FRAMES: usize = 25;

impl Updates {
    pub(super) fn new(listener: Option<OnUpdate>) -> Self {
        Self { listener, segments: Arc::default() }
    }

    pub(super) fn analysing(&self, frames: usize) {
        if frames.is_multiple_of(FRAMES) {
            self.send(DubStage::Analysing, frames, 0, None);
        }
    }

    pub(super) fn cutting(&self, frames: usize, total: usize) {
        self.frames(DubStage::Cutting, frames, total);
    }

    pub(super) fn joining(&self, frames: usize, total: usize) {
        self.frames(DubStage::Joining, frames, total);
    }

    pub(super) fn dubbing(&self, done: usize, total: usize) {
        for (count, new) in self.segments.iter().zip([done, total]) {
            count.store(new, Ordering::Relaxed);
        }
        self.send(DubStage::Dubbing, done, total, None);
    }

    pub(super) fn segment(&self, id: &str, state: ItemState) {
        let [done, total] = &*self.segments;
        let (done, total) = (done.load(Ordering::Relaxed), total.load(Ordering::Relaxed));
        self.send(DubStage::Dubbing, done, total, Some((id.to_owned(), state)));
    }

    fn frames(&self, stage: DubStage, frames: usize, total: usize) {
        if frames.is_multiple_of(FRAMES) || frames == total {
            self.send(stage, frames, total, None);
        }
    }

    fn send(
        &self,
        stage: DubStage,
        done: usize,
        total: usize,
        segment: Option<(String, ItemState)>,
    ) {
        if let Some(listener) = &self.listener {
            listener(&DubUpdate { stage, done, total, segment });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fraction_grows_from_stage_to_stage() {
        let stages = [DubStage::Analysing, DubStage::Cutting, DubStage::Dubbing, DubStage::Joining];
        let at = |stage, done| DubUpdate { stage, done, total: 10, segment: None }.fraction();
        let mut last = 0.0;
        for stage in stages {
            assert!(at(stage, 0) >= last - 1e-9 && at(stage, 10) > at(stage, 0), "{stage:?}");
            last = at(stage, 10);
        }
        assert!((last - 1.0).abs() < 1e-9);
    }
}
