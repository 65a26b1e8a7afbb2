//! Dubs: their options, their plan, their steps and their result.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Options of `dub`.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DubOptions {
    /// The model's id. It must have the parameters `video` and `audio`.
    pub model: Option<String>,
    /// What happens if the voice and the picture differ in length. Default: `hold`.
    pub length: Option<DubLength>,
    /// Keeps the original picture in long silence, which needs no job. Default: true.
    pub skip_silence: Option<bool>,
    /// Cuts where it costs least, even inside speech. Default: false, cuts lie in silence if there is any.
    pub cheapest: Option<bool>,
    /// Cuts off what does not fit the model's picture. Default: false, borders are added.
    pub crop: Option<bool>,
    /// What all jobs of the dub together may cost in USD, all runs together. Default: no limit.
    #[cfg_attr(test, schemars(range(min = 0.0)))]
    pub max_cost: Option<f64>,
    /// How many segments run at the same time. Default: 10.
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub limit: Option<u32>,
    /// How often a segment is submitted again after its job failed. Each submit is paid for. Default: 0.
    pub retry_failed: Option<u32>,
    /// What happens to a submit whose response was lost and whose job is not found: `keep` (the next
    /// run searches again), `stop` (nothing more is submitted) or a time such as `resubmit-after=24h`.
    /// Default: `keep`.
    pub on_unknown: Option<String>,
    /// How much time the encoder takes. Faster ones make larger files. Default: `medium`.
    pub preset: Option<DubPreset>,
    /// Keeps the folder with the segments and their results. Default: false.
    pub keep_segments: Option<bool>,
}

/// What happens if the voice and the picture of a dub differ in length.
#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum DubLength {
    /// The dub ends with the shorter of the two.
    Shorter,
    /// The last frame is held.
    Hold,
    /// The picture starts over.
    Loop,
    /// The dub ends with the picture; a longer voice is an error.
    Original,
}

/// How much time the encoder of a dub takes.
#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum DubPreset {
    /// The fastest, with the largest files.
    Ultrafast,
    /// Faster than `medium`.
    Fast,
    /// The default.
    Medium,
    /// The slowest, with the smallest files.
    Slow,
}

/// A step of a dub.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DubUpdate {
    /// What the dub works on.
    pub stage: DubStage,
    /// How much of the stage is done: segments while it is `dubbing`, otherwise frames.
    pub done: u64,
    /// How much there is; 0 if it is not known.
    pub total: u64,
    /// How much of the whole dub is done, from 0 to 1.
    pub fraction: f64,
    /// The id of the segment whose state changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment: Option<String>,
    /// The new state of the segment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<super::words::ItemState>"))]
    pub state: Option<String>,
}

/// What a dub works on.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum DubStage {
    /// Reads the frames and the voice.
    Analysing,
    /// Cuts the segments.
    Cutting,
    /// Runs the jobs.
    Dubbing,
    /// Joins the results.
    Joining,
}

/// The result of a dub.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DubResult {
    /// The path of the dubbed clip.
    pub out: String,
    /// How many segments were dubbed.
    pub segments: u64,
    /// The states of the segments, and how many are in each.
    pub states: BTreeMap<String, u64>,
    /// What the jobs cost in USD, all runs together.
    pub spent: f64,
}

/// Where a clip is cut, and what its dub costs.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DubPlan {
    /// The parts of the dub, in order.
    pub segments: Vec<DubSegment>,
    /// The number of jobs.
    pub jobs: u64,
    /// The length of the dub.
    pub duration_ms: f64,
    /// The length of the segments that are dubbed.
    pub dubbed_ms: f64,
    /// The length of the segments that keep the original picture.
    pub kept_ms: f64,
    /// What the jobs cost in USD; absent if the model's prices are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<f64>,
    /// How many jobs skipping silence saves.
    pub saved_jobs: u64,
    /// What skipping silence saves in USD; absent if the model's prices are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saved_price: Option<f64>,
    /// The number of cuts inside speech.
    pub cuts_in_speech: u64,
}

/// A part of a dub.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DubSegment {
    /// Whether one job dubs it, or it keeps the original picture.
    pub kind: DubSegmentKind,
    /// When it starts.
    pub start_ms: f64,
    /// When it ends.
    pub end_ms: f64,
}

/// What happens to a part of a dub.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum DubSegmentKind {
    /// One job dubs it.
    Dub,
    /// It keeps the original picture.
    Keep,
}
