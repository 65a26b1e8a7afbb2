//! Fits: their options, and what they did with each file.

use serde::{Deserialize, Serialize};

use super::{Fix, MediaInfo, Violation};

/// Options of `fit`.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct FitOptions {
    /// Crops a picture of another shape. Default: false, borders are added.
    pub crop: Option<bool>,
    /// Holds the last frame of a video that is too short, and adds silence to audio that is too short.
    /// Default: false, they are errors.
    pub extend: Option<bool>,
    /// Where the part starts that is kept. Default: the start.
    pub start_ms: Option<f64>,
    /// Where the part ends that is kept. Default: as late as the model accepts.
    pub end_ms: Option<f64>,
    /// Mends what is only a warning too. Default: false.
    pub strict: Option<bool>,
    /// Returns what would be done, and makes no file. Default: false.
    pub dry_run: Option<bool>,
}

/// What a fit did, or would do.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FitResult {
    /// The files of the input, each with what was done with it.
    pub files: Vec<FittedFile>,
}

/// What a fit did with one file, or would do.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FittedFile {
    /// The model's parameter, such as `video`.
    pub field: String,
    /// The steps, in their order. Empty if the file is acceptable as it is.
    pub steps: Vec<FitStep>,
    /// The path of the new file; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The properties of the source.
    pub before: MediaInfo,
    /// The properties of the new file; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<MediaInfo>,
    /// The errors that no step mends. Only a dry run has some.
    pub violations: Vec<Violation>,
}

/// One step of a fit.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FitStep {
    /// The step.
    pub fix: Fix,
    /// Whether it loses quality: something is encoded again, and not copied.
    pub lossy: bool,
}
