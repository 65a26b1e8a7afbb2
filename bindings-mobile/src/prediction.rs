//! Predictions.

use std::time::{Duration, SystemTime};

use viseme::{Output, Prediction, RecoveredBy};

use crate::time::bounded;

/// What came out of a job.
#[derive(Debug, Clone, uniffi::Enum)]
pub enum NativeOutput {
    /// It can be downloaded.
    Url {
        /// Where.
        url: String,
    },
    /// Text, or base64.
    Text {
        /// As it came.
        text: String,
    },
    /// Anything else.
    Json {
        /// As JSON text.
        json: String,
    },
}

/// What the service says of a job at one moment.
#[derive(Debug, Clone, uniffi::Record)]
pub struct NativePrediction {
    /// The job's id.
    pub id: String,
    /// The model's id.
    pub model: String,
    /// The service's word for the state.
    pub status: String,
    /// Whether nothing more will happen.
    pub is_terminal: bool,
    /// What came out.
    pub outputs: Vec<NativeOutput>,
    /// Where the first output that has a URL can be downloaded.
    pub output_url: Option<String>,
    /// What the service says went wrong.
    pub failure: Option<String>,
    /// The service's application code.
    pub app_code: Option<i64>,
    /// When the job was made, by the service's clock.
    pub created_at: Option<SystemTime>,
    /// How long the job ran.
    pub execution_time: Option<Duration>,
    /// How the job was found, where the answer to its submit was lost.
    pub recovered_by: Option<String>,
    /// All of it as JSON, with what this version does not know.
    pub json: String,
}

impl From<&Prediction> for NativePrediction {
    fn from(prediction: &Prediction) -> Self {
        Self {
            id: prediction.id.clone(),
            model: prediction.model.clone(),
            status: prediction.status.to_string(),
            is_terminal: prediction.status.is_terminal(),
            outputs: prediction.outputs.iter().map(NativeOutput::from).collect(),
            output_url: prediction.output_url().map(str::to_owned),
            failure: prediction.error.clone(),
            app_code: prediction.code,
            created_at: prediction.created_at,
            execution_time: prediction.execution_time.map(bounded),
            recovered_by: prediction.recovered.map(|by| {
                match by {
                    RecoveredBy::Input => "input",
                    RecoveredBy::ModelAndTime => "model_and_time",
                    _ => "other",
                }
                .to_owned()
            }),
            // It is plain data with text for keys, which JSON always has a form for.
            json: serde_json::to_string(prediction).unwrap_or_default(),
        }
    }
}

impl From<&Output> for NativeOutput {
    fn from(output: &Output) -> Self {
        match output {
            Output::Url(url) => Self::Url { url: url.clone() },
            Output::Text(text) => Self::Text { text: text.clone() },
            Output::Json(json) => Self::Json { json: json.to_string() },
            // A kind of output that this binding does not know yet is shown as JSON has it.
            other => Self::Json { json: serde_json::to_string(other).unwrap_or_default() },
        }
    }
}
