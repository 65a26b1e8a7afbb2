//! Decides where a clip is cut and which parts are dubbed. No I/O.
//!
//! A plan is a list of segments, in order. A segment that is dubbed becomes one job; a segment that is
//! kept shows the original picture and needs none. Every cut lies between two frames. Its position in
//! the voice is the sample nearest to the time of the frame, so two segments that meet share it.
//!
//! The planner considers every possible cut and takes the plan with the lowest cost. Costs are compared
//! one after the other, and a later one decides only between equals:
//!
//! 1. the number of cuts inside speech,
//! 2. the price by the model's prices, if they are known,
//! 3. the number of jobs,
//! 4. the time that is dubbed: silence is kept if dubbing it saves no job,
//! 5. the number of cuts that are no scene changes,
//! 6. the number of cuts in silence that are nearer to speech than [`PlanOptions::guard`].
//!
//! With [`Prefer::Price`] the first cost comes after the third.
//!
//! The time of a plan is linear in the number of frames.

mod error;
mod formula;
mod limits;
mod prices;
mod search;
mod silence;
mod summary;
mod timeline;

use std::ops::Range;
use std::time::Duration;

pub use error::PlanError;
pub use formula::FormulaError;
pub use limits::SegmentLimits;
pub use prices::Prices;
pub use summary::{Summary, Totals};
pub use timeline::{Frame, Length, TimeBase, Timeline};

use search::{Edge, Search};

/// The picture, as the planner needs it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Picture {
    /// The unit of the times.
    pub time_base: TimeBase,
    /// The time of each frame, strictly increasing. The first frame need not be at 0.
    pub times: Vec<i64>,
    /// The time at which the last frame ends.
    pub end: i64,
    /// The index of each frame that begins a new scene. The order does not matter.
    pub scene_changes: Vec<usize>,
}

/// The voice, as the planner needs it. Its first sample is heard with the first frame.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Voice {
    /// The samples per second.
    pub rate: u32,
    /// The length in samples.
    pub samples: u64,
    /// The silent ranges in samples. They may overlap, and their order does not matter.
    pub silences: Vec<Range<u64>>,
}

/// What the planner saves first.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Prefer {
    /// Cuts inside speech. Every cut lies in silence if any silence is within reach, even if that
    /// takes more jobs.
    #[default]
    Silence,
    /// Money, then jobs. A cut lies in silence if that costs no more.
    Price,
}

/// The choices of a plan.
#[derive(Clone, Debug)]
pub struct PlanOptions {
    /// What happens if the voice and the picture differ in length.
    pub length: Length,
    /// Whether long silence keeps the original picture and needs no job.
    pub skip_silence: bool,
    /// What the planner saves first.
    pub prefer: Prefer,
    /// The shortest kept part of a silence. A shorter silence is dubbed with the speech around it.
    pub min_kept: Duration,
    /// The distance between speech and a kept segment, so that no word is clipped. It is at least two
    /// frames.
    pub guard: Duration,
    /// The lengths of a segment that the model takes.
    pub limits: SegmentLimits,
    /// What a job costs. `None` if it is not known.
    pub prices: Option<Prices>,
}

impl Default for PlanOptions {
    fn default() -> Self {
        Self {
            length: Length::default(),
            skip_silence: true,
            prefer: Prefer::default(),
            min_kept: Duration::from_secs(1),
            guard: Duration::from_millis(150),
            limits: SegmentLimits::default(),
            prices: None,
        }
    }
}

/// What happens to a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SegmentKind {
    /// One job dubs it.
    Dub,
    /// It keeps the original picture.
    Keep,
}

/// A part of the output.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Segment {
    /// Whether it is dubbed or kept.
    pub kind: SegmentKind,
    /// Its frames, as indexes into [`Timeline::frames`].
    pub frames: Range<usize>,
    /// Its samples of the voice. Samples after the end of the voice are silence.
    pub samples: Range<u64>,
}

/// Where to cut, and what each part is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The frames of the output.
    pub timeline: Timeline,
    /// The segments in order. They cover every frame and every sample of the output once.
    pub segments: Vec<Segment>,
    /// The totals.
    pub summary: Summary,
}

/// Plans a dub.
///
/// A dubbed segment is never shorter than the model takes: it is extended into the silence around the
/// speech, and after the end of the voice into the rest of the picture. Only an output that is shorter
/// as a whole is an error. A plan without jobs is possible if the whole voice is silent.
///
/// # Errors
/// The picture or the voice is empty, the output would be too short, or the voice is longer than the
/// picture and `length` is [`Length::Original`].
pub fn plan(picture: &Picture, voice: &Voice, options: &PlanOptions) -> Result<Plan, PlanError> {
    options.limits.validate()?;
    let timeline = Timeline::new(picture, voice, options.length)?;
    let shortest = options.limits.min();
    if !timeline.reaches(shortest) {
        return Err(PlanError::TooShort { output: timeline.duration(), shortest });
    }
    let silences = silence::Silences::new(&voice.silences, voice.samples, timeline.samples());
    let cuts = silences.rate_cuts(&timeline, picture, options.guard);
    let search = Search::new(&timeline, options, &cuts);
    let unskipped = search.run(&silences.rest(&timeline)).ok_or(PlanError::NoCuts)?;
    let unskipped_totals = summary::totals(&unskipped, &timeline, options.prices.as_ref());
    let mut chosen = unskipped;
    let mut totals = unskipped_totals;
    if options.skip_silence {
        let zones = silences.keepable(&timeline, options.min_kept, options.guard);
        let skipped = search.run(&zones).ok_or(PlanError::NoCuts)?;
        let skipped_totals = summary::totals(&skipped, &timeline, options.prices.as_ref());
        // More cuts in silence can need more jobs; skipping must never cost more.
        if skipped_totals.cost() <= unskipped_totals.cost() {
            (chosen, totals) = (skipped, skipped_totals);
        }
    }
    let speech_cuts = chosen.iter().skip(1).filter(|edge| cuts.in_speech(edge.frames.start));
    let first = picture.times.first().copied().unwrap_or_default();
    let samples = TimeBase { num: 1, den: voice.rate };
    let summary = Summary {
        totals,
        without_skipping: unskipped_totals,
        cuts_in_speech: speech_cuts.count(),
        picture: picture.time_base.duration(picture.end.saturating_sub(first)),
        voice: samples.duration(i64::try_from(voice.samples).unwrap_or(i64::MAX)),
        is_silent: silence::Silences::new(&voice.silences, voice.samples, voice.samples).is_all(),
    };
    let segments = chosen.iter().map(|edge| segment(edge, &timeline)).collect();
    Ok(Plan { timeline, segments, summary })
}

fn segment(edge: &Edge, timeline: &Timeline) -> Segment {
    let samples = timeline.sample_at(edge.frames.start)..timeline.sample_at(edge.frames.end);
    let kind = if edge.dub { SegmentKind::Dub } else { SegmentKind::Keep };
    Segment { kind, frames: edge.frames.clone(), samples }
}
