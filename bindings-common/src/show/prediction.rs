//! Predictions.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};
use viseme::{Output, Prediction, RecoveredBy, Status};

use crate::time::{millis, since_1970};

/// A prediction; the face makes an object of its class `Prediction` of it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PredictionView {
    id: String,
    model: String,
    status: Status,
    outputs: Vec<OutputView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    has_nsfw_contents: Option<Vec<bool>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    execution_time_ms: Option<f64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    timings_ms: BTreeMap<String, f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recovered: Option<RecoveredBy>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    extra: Map<String, Value>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
enum OutputView {
    Url(String),
    Text(String),
    Json(Value),
}

impl PredictionView {
    pub(crate) fn of(prediction: Prediction) -> Self {
        let timings = prediction.timings.into_iter();
        Self {
            id: prediction.id,
            model: prediction.model,
            status: prediction.status,
            outputs: prediction.outputs.into_iter().map(output).collect(),
            result_url: prediction.result_url,
            has_nsfw_contents: prediction.has_nsfw_contents,
            created_at: prediction.created_at.map(since_1970),
            error: prediction.error,
            code: prediction.code,
            execution_time_ms: prediction.execution_time.map(millis),
            timings_ms: timings.map(|(name, time)| (name, millis(time))).collect(),
            input: prediction.input,
            recovered: prediction.recovered,
            extra: prediction.extra,
        }
    }
}

fn output(output: Output) -> OutputView {
    match output {
        Output::Url(url) => OutputView::Url(url),
        Output::Text(text) => OutputView::Text(text),
        Output::Json(json) => OutputView::Json(json),
        // A kind of output that this binding does not know yet is shown as JSON has it.
        other => OutputView::Json(serde_json::to_value(other).unwrap_or_default()),
    }
}
