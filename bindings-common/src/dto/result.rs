//! What operations return.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use viseme::{Output, Prediction};

use super::{millis, unix_millis};
use crate::host::in_words_of_host;

/// The state of a job as the service describes it at one moment; immutable.
///
/// The service is lenient about most fields: a value that is missing, `null` or of an unexpected
/// type is absent or empty here.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PredictionData {
    /// The job's id.
    pub id: String,
    /// The model; empty if the service did not say.
    pub model: String,
    /// The status, in the service's own word. An unknown one means that the job still runs.
    #[cfg_attr(test, schemars(with = "super::words::Status"))]
    pub status: String,
    /// Whether the job has ended: no further status will follow.
    pub is_terminal: bool,
    /// The outputs; empty until the job completes.
    pub outputs: Vec<OutputData>,
    /// For each output, its URL, or the URL that its JSON contains.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub output_urls: Vec<Option<String>>,
    /// The URL at which the service returns the result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_url: Option<String>,
    /// For each output, whether the service classified it as not safe for work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_nsfw_contents: Option<Vec<bool>>,
    /// When the job was created, by the service's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(extend("format" = "unix-ms")))]
    pub created_at: Option<f64>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The service's application code; absent if it is missing or 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    /// How long the job ran, as measured by the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_time_ms: Option<f64>,
    /// Parts of that time by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub timings_ms: BTreeMap<String, f64>,
    /// The job's input, if the service repeats it (webhooks, history).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<Value>,
    /// How the job was found in the history, if the submit got no response.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<super::words::RecoveredBy>"))]
    pub recovered: Option<viseme::RecoveredBy>,
    /// The id of the request whose response this is. Include it when you contact the support of the
    /// service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// All other fields of the service's response.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub extra: Map<String, Value>,
}

/// One output of a job.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum OutputData {
    /// A URL to download.
    Url(String),
    /// Text, or base64.
    Text(String),
    /// Any other JSON.
    Json(Value),
}

/// What was submitted and when: plain JSON, enough for `client.recover`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SubmitRecordData {
    /// The model's id.
    pub model: String,
    /// The body that was sent, with the URLs of uploaded media.
    pub input: Value,
    /// When it was sent, by this machine's clock, such as `2026-01-01T00:00:00Z`.
    pub sent_at: String,
}

/// A file that was downloaded.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DownloadedFile {
    /// The path of the file.
    pub path: String,
    /// Its size in bytes.
    pub bytes: u64,
}

/// A verified webhook delivery.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DeliveryData {
    /// The delivery's id. The service may send a delivery again: handle each id once.
    pub id: String,
    /// When the service sent it.
    #[cfg_attr(test, schemars(extend("format" = "unix-ms")))]
    pub sent_at: f64,
    /// The state of the job, with its input.
    pub prediction: PredictionData,
}

/// The result of a check.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Report {
    /// Whether the input can run; warnings do not matter.
    pub ok: bool,
    /// Every broken rule, both errors and warnings.
    pub violations: Vec<Violation>,
    /// What was read from each medium, by the parameter's name.
    pub media: BTreeMap<String, MediaInfo>,
}

/// One broken rule.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Violation {
    /// The model's parameter, such as `video`.
    pub field: String,
    /// The rule's stable code, such as `duration` or `container`.
    pub rule: String,
    /// Whether it stops a run.
    #[cfg_attr(test, schemars(with = "super::words::Level"))]
    pub level: viseme::model::Level,
    /// The value that was found: `10.52 s`.
    pub actual: String,
    /// The values that are allowed: `2 to 10 s`.
    pub allowed: String,
    /// What is wrong and what to do.
    pub message: String,
    /// The step that mends the file; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<Fix>,
}

/// One step that makes a file acceptable. `kind` says which of the other values it has.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Fix {
    /// The step's stable code: `convert`, `extract_audio`, `cut`, `scale`, `encode_video`,
    /// `encode_audio`, `hold_frame`, `add_silence`, `decode`, `remove_prefix` or `rename`.
    pub kind: String,
    /// The step in words, such as `scale to 1280 × 720 with borders`.
    pub description: String,
    /// The new container format, such as `mp4`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// Where the part that is kept starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_ms: Option<f64>,
    /// The new playing time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<f64>,
    /// The new width in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// The new height in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// What is done with a picture of another shape: `borders` or `crop`. Absent if it keeps its shape.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub framing: Option<String>,
    /// The new codec of the video, such as `h264`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codec: Option<String>,
    /// The new bit rate; the highest one of a video.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bits_per_second: Option<u64>,
    /// How many bytes are removed from the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// The new extension of the file's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_extension: Option<String>,
}

/// Properties of a media file. Those that could not be read are absent.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct MediaInfo {
    /// The container format of the content: `mp4`, `mov`, `mp3`, …, or `unknown`.
    #[cfg_attr(test, schemars(with = "String"))]
    pub container: viseme::media::Container,
    /// The size in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// The playing time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<f64>,
    /// The displayed width in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// The displayed height in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// The codec of the video track, such as `h264`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub video_codec: Option<String>,
    /// The codec of the audio track, such as `aac`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_codec: Option<String>,
    /// What is wrong with the file, as a clause that completes "the file …".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corruption: Option<String>,
    /// What is unusual about a file that most players still play.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anomaly: Option<String>,
}

impl From<Prediction> for PredictionData {
    fn from(prediction: Prediction) -> Self {
        let timings = prediction.timings.into_iter();
        let urls = prediction.outputs.iter().map(|output| output.url().map(str::to_owned));
        let output_urls = urls.collect();
        Self {
            id: prediction.id,
            model: prediction.model,
            is_terminal: prediction.status.is_terminal(),
            status: prediction.status.as_str().to_owned(),
            outputs: prediction.outputs.into_iter().map(OutputData::from).collect(),
            output_urls,
            result_url: prediction.result_url,
            has_nsfw_contents: prediction.has_nsfw_contents,
            created_at: prediction.created_at.map(unix_millis),
            error: prediction.error,
            code: prediction.code,
            execution_time_ms: prediction.execution_time.map(millis),
            timings_ms: timings.map(|(name, time)| (name, millis(time))).collect(),
            input: prediction.input,
            recovered: prediction.recovered,
            request_id: prediction.request_id,
            extra: prediction.extra,
        }
    }
}

impl From<Output> for OutputData {
    fn from(output: Output) -> Self {
        match output {
            Output::Url(url) => Self::Url(url),
            Output::Text(text) => Self::Text(text),
            Output::Json(json) => Self::Json(json),
            // A kind of output that this version does not know is passed on as JSON.
            other => Self::Json(serde_json::to_value(other).unwrap_or_default()),
        }
    }
}

impl From<OutputData> for Output {
    fn from(output: OutputData) -> Self {
        match output {
            OutputData::Url(url) => Self::Url(url),
            OutputData::Text(text) => Self::Text(text),
            OutputData::Json(json) => Self::Json(json),
        }
    }
}

impl From<&viseme::SubmitRecord> for SubmitRecordData {
    fn from(record: &viseme::SubmitRecord) -> Self {
        // The core's own JSON has the moment as text.
        let json = serde_json::to_value(record).unwrap_or_default();
        let sent_at = json.get("sent_at").and_then(Value::as_str).unwrap_or_default();
        Self {
            model: record.model.clone(),
            input: record.input.clone(),
            sent_at: sent_at.to_owned(),
        }
    }
}

impl From<viseme::DownloadedFile> for DownloadedFile {
    fn from(file: viseme::DownloadedFile) -> Self {
        Self { path: file.path.to_string_lossy().into_owned(), bytes: file.bytes }
    }
}

impl From<viseme::webhook::Delivery> for DeliveryData {
    fn from(delivery: viseme::webhook::Delivery) -> Self {
        Self {
            id: delivery.id,
            sent_at: unix_millis(delivery.sent_at),
            prediction: delivery.prediction.into(),
        }
    }
}

impl From<viseme::Report> for Report {
    fn from(report: viseme::Report) -> Self {
        let media = report.media.iter();
        Self {
            ok: report.is_ok(),
            violations: report.violations.iter().map(Violation::from).collect(),
            media: media.map(|(name, info)| (name.clone(), info.into())).collect(),
        }
    }
}

impl From<&viseme::media::Violation> for Violation {
    fn from(violation: &viseme::media::Violation) -> Self {
        Self {
            field: violation.field.clone(),
            rule: violation.rule.code().to_owned(),
            level: violation.level,
            actual: violation.actual.clone(),
            allowed: violation.allowed.clone(),
            message: in_words_of_host(&violation.message),
            fix: violation.fix.as_ref().map(Fix::from),
        }
    }
}

impl From<&viseme::media::Fix> for Fix {
    fn from(fix: &viseme::media::Fix) -> Self {
        let values = serde_json::to_value(fix).unwrap_or_default();
        let text = |name: &str| Some(values.get(name)?.as_str()?.to_owned());
        let number = |name: &str| values.get(name)?.as_u64();
        let side = |name: &str| number(name).and_then(|it| u32::try_from(it).ok());
        let time = |name: &str| Some((values.get(name)?.as_f64()? * 1e6).round() / 1e3);
        Self {
            kind: fix.kind().to_owned(),
            description: fix.to_string(),
            container: text("container"),
            start_ms: time("start_seconds"),
            duration_ms: time("duration_seconds"),
            width: side("width"),
            height: side("height"),
            framing: text("framing"),
            codec: text("codec"),
            bits_per_second: number("bits_per_second"),
            bytes: number("bytes"),
            file_extension: text("file_extension"),
        }
    }
}

impl From<&viseme::media::MediaInfo> for MediaInfo {
    fn from(info: &viseme::media::MediaInfo) -> Self {
        Self {
            container: info.container,
            bytes: info.bytes,
            duration_ms: info.duration.map(millis),
            width: info.width,
            height: info.height,
            video_codec: info.video_codec.clone(),
            audio_codec: info.audio_codec.clone(),
            corruption: info.corruption.clone(),
            anomaly: info.anomaly.clone(),
        }
    }
}
