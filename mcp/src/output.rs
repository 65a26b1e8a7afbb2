//! The results of the tools.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use viseme::media::{MediaInfo, Violation};
use viseme::{Output, Prediction, Report};
use viseme_dub::Step;

/// The facts of a media file.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct MediaFacts {
    /// The parameter, such as `video`.
    field: String,
    /// The kind of file, by its content.
    container: String,
    duration_seconds: Option<f64>,
    width: Option<u32>,
    height: Option<u32>,
    bytes: Option<u64>,
    video_codec: Option<String>,
    audio_codec: Option<String>,
}

impl MediaFacts {
    pub(crate) fn new(field: &str, info: &MediaInfo) -> Self {
        Self {
            field: field.to_owned(),
            container: info.container.label().to_owned(),
            duration_seconds: info.duration.map(|duration| duration.as_secs_f64()),
            width: info.width,
            height: info.height,
            bytes: info.bytes,
            video_codec: info.video_codec.clone(),
            audio_codec: info.audio_codec.clone(),
        }
    }
}

/// A rule that the input breaks.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Problem {
    /// The parameter.
    field: String,
    /// Whether it stops a run.
    is_error: bool,
    /// What is wrong, and what to do.
    message: String,
    /// The step of the tool `fit` that mends it.
    fix: Option<String>,
}

impl From<&Violation> for Problem {
    fn from(violation: &Violation) -> Self {
        Self {
            field: violation.field.clone(),
            is_error: violation.is_error(),
            message: violation.message.clone(),
            fix: violation.fix.as_ref().map(ToString::to_string),
        }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CheckResult {
    /// Whether a run would accept the input.
    ok: bool,
    problems: Vec<Problem>,
    media: Vec<MediaFacts>,
}

impl From<&Report> for CheckResult {
    fn from(report: &Report) -> Self {
        Self {
            ok: report.is_ok(),
            problems: report.violations.iter().map(Problem::from).collect(),
            media: report.media.iter().map(|(name, info)| MediaFacts::new(name, info)).collect(),
        }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct FitStep {
    pub(crate) description: String,
    /// Whether it makes the quality worse.
    pub(crate) lossy: bool,
}

impl From<&Step> for FitStep {
    fn from(step: &Step) -> Self {
        Self { description: step.fix.to_string(), lossy: step.lossy }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct FittedMedia {
    /// The parameter.
    pub(crate) field: String,
    /// The file to pass to `run`: the new file, or the source if it is acceptable as it is.
    pub(crate) path: String,
    /// Whether the file is new.
    pub(crate) is_new: bool,
    pub(crate) steps: Vec<FitStep>,
    pub(crate) media: MediaFacts,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct FitResult {
    pub(crate) files: Vec<FittedMedia>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PriceResult {
    pub(crate) model: String,
    /// What a run costs.
    pub(crate) price_usd: f64,
    /// The price before the account's discount.
    pub(crate) undiscounted_usd: f64,
    /// Whether the service measured the media. Otherwise this is the base price of the model.
    pub(crate) is_exact: bool,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RunState {
    /// Nothing was submitted. Show the price to the user, and call `run` again to confirm it.
    ConfirmationRequired,
    /// The job runs on the service and is paid for. Call `wait`.
    Running,
    /// The result is in `outputs`. Call `download` to save it.
    Completed,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RunResult {
    pub(crate) state: RunState,
    /// The key of this piece of work. Another call with it pays for no second job.
    pub(crate) idempotency_key: String,
    /// What the run costs, if this call asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) price_usd: Option<f64>,
    /// What is left on the account, if the service says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) balance_usd: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) job_id: Option<String>,
    /// Whether the job was submitted by an earlier call with the key. Nothing was paid by this call then.
    pub(crate) is_earlier_job: bool,
    /// The URLs of the outputs, or outputs that are text.
    pub(crate) outputs: Vec<String>,
    /// Warnings of the check.
    pub(crate) warnings: Vec<String>,
    /// What to do next.
    pub(crate) next: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct JobResult {
    pub(crate) state: RunState,
    pub(crate) job_id: String,
    /// The service's word for the status, if it is known.
    pub(crate) status: Option<String>,
    pub(crate) outputs: Vec<String>,
    /// What to do next.
    pub(crate) next: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SavedFile {
    pub(crate) path: String,
    pub(crate) bytes: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct DownloadResult {
    pub(crate) files: Vec<SavedFile>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PastJob {
    job_id: String,
    model: String,
    status: String,
    /// RFC 3339, by the service's clock.
    created_at: Option<String>,
    outputs: Vec<String>,
    /// Why it failed.
    error: Option<String>,
}

impl From<&Prediction> for PastJob {
    fn from(job: &Prediction) -> Self {
        let json = serde_json::to_value(job).unwrap_or_default();
        let text = |name: &str| json.get(name).and_then(Value::as_str).map(str::to_owned);
        Self {
            job_id: job.id.clone(),
            model: job.model.clone(),
            status: job.status.as_str().to_owned(),
            created_at: text("created_at"),
            outputs: outputs(job),
            error: text("error").filter(|error| !error.is_empty()),
        }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct HistoryResult {
    /// The newest first.
    pub(crate) jobs: Vec<PastJob>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ListedModel {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) category: String,
    pub(crate) description: String,
    /// The lowest price of a run.
    pub(crate) price_from_usd: Option<f64>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ModelsResult {
    pub(crate) models: Vec<ListedModel>,
    /// How many more match.
    pub(crate) left_out: usize,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SchemaResult {
    pub(crate) model: String,
    pub(crate) description: String,
    /// The JSON Schema of the parameters, as the service states it.
    pub(crate) schema: Option<serde_json::Map<String, Value>>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct BalanceResult {
    pub(crate) balance_usd: f64,
}

/// Returns the outputs of a job: URLs, texts, or JSON as text.
pub(crate) fn outputs(job: &Prediction) -> Vec<String> {
    let text = |output: &Output| match output.url() {
        Some(url) => url.to_owned(),
        None => match serde_json::to_value(output) {
            Ok(Value::String(text)) => text,
            Ok(json) => json.to_string(),
            Err(_) => String::new(),
        },
    };
    job.outputs.iter().map(text).collect()
}
