//! The arguments of the tools.

use std::collections::BTreeMap;
use std::time::Duration;

use rmcp::model::{JsonObject, Tool};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::tool_error::ToolError;

/// The model and its input.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct ModelInput {
    /// The model's id, as the tool `models` lists it. Without it, `video` is lip-synced to `audio` by Kling
    /// LipSync (kwaivgi/kling-lipsync/audio-to-video).
    pub(crate) model: Option<String>,
    /// The video of a face: a file in an allowed folder, or a URL. For Kling LipSync MP4 or MOV, 2 to 10
    /// seconds, 720p or 1080p, at most 100 MB.
    pub(crate) video: Option<String>,
    /// The audio track with the voice: a file in an allowed folder, or a URL. For Kling LipSync MP3, WAV,
    /// M4A or AAC, at most 5 MB.
    pub(crate) audio: Option<String>,
    /// Other parameters of the model, as the tool `schema` describes them, such as {"text": "Hello"}.
    pub(crate) parameters: Option<Map<String, Value>>,
    /// Other parameters that are media, such as {"image": "face.png"}: files in an allowed folder, or URLs.
    pub(crate) media: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct CheckArguments {
    #[serde(flatten)]
    pub(crate) input: ModelInput,
    /// Treat warnings as errors.
    pub(crate) strict: Option<bool>,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct FitArguments {
    #[serde(flatten)]
    pub(crate) input: ModelInput,
    /// The folder for the new files, within an allowed folder. By default the first allowed folder.
    pub(crate) folder: Option<String>,
    /// Crop the picture to an accepted ratio of its sides, instead of adding borders.
    pub(crate) crop: Option<bool>,
    /// Extend media that are too short: hold the last frame, and add silence.
    pub(crate) extend: Option<bool>,
    /// The start of the part to keep, in seconds.
    #[schemars(range(min = 0.0))]
    pub(crate) from_seconds: Option<f64>,
    /// The end of the part to keep, in seconds.
    #[schemars(range(min = 0.0))]
    pub(crate) to_seconds: Option<f64>,
    /// Mend warnings too.
    pub(crate) strict: Option<bool>,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct PriceArguments {
    #[serde(flatten)]
    pub(crate) input: ModelInput,
    /// Upload files first, so that the price is exact. Uploading costs nothing. With false, the price is
    /// the base price of the model. Default: true.
    pub(crate) upload: Option<bool>,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct RunArguments {
    #[serde(flatten)]
    pub(crate) input: ModelInput,
    /// Identifies this piece of work: at most one job is paid for with a key, however often the tool is
    /// called. By default it is derived from the input, so that the same input is paid for once; pass a new
    /// key to run the same input again.
    #[schemars(length(min = 1, max = 512))]
    pub(crate) idempotency_key: Option<String>,
    /// The price in USD that the user agreed to, as an earlier call returned it. Nothing is submitted if the
    /// price is higher. Clients that can ask the user themselves do that instead.
    #[schemars(range(min = 0.0))]
    pub(crate) confirm_price_usd: Option<f64>,
    /// How long to wait for the result, in seconds. The job continues after it, and the tool `wait`
    /// continues to wait. Default: 45.
    #[schemars(range(min = 0.0, max = 3600.0))]
    pub(crate) wait_seconds: Option<f64>,
    /// Submit again if the job of the key ended without a result. It is paid for again; the service refunds
    /// failed jobs.
    pub(crate) retry_failed: Option<bool>,
    /// Treat warnings as errors.
    pub(crate) strict: Option<bool>,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct WaitArguments {
    /// The job.
    pub(crate) job_id: String,
    /// How long to wait, in seconds. The job continues after it. Default: 45; with 0 the status is requested
    /// once.
    #[schemars(range(min = 0.0, max = 3600.0))]
    pub(crate) wait_seconds: Option<f64>,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct DownloadArguments {
    /// The completed job.
    pub(crate) job_id: String,
    /// The folder for the files, within an allowed folder. By default the first allowed folder.
    pub(crate) folder: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct HistoryArguments {
    /// Only jobs of this model.
    pub(crate) model: Option<String>,
    /// Only jobs with this status: created, processing, completed, failed, cancelled or timeout.
    pub(crate) status: Option<String>,
    /// Only jobs of the last hours. The service keeps seven days.
    #[schemars(range(min = 0.0))]
    pub(crate) since_hours: Option<f64>,
    /// At most this many jobs, the newest first. Default: 20.
    #[schemars(range(min = 1, max = 500))]
    pub(crate) limit: Option<u32>,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct ModelsArguments {
    /// Only models with all these words in their id, name, category or description.
    pub(crate) search: Option<String>,
    /// At most this many models. Default: 50.
    #[schemars(range(min = 1, max = 2000))]
    pub(crate) limit: Option<u32>,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct SchemaArguments {
    /// The model's id.
    pub(crate) model: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct NoArguments {}

/// Reads the arguments of a call.
///
/// # Errors
/// `invalid_arguments` that names the argument: a mistyped one could change what is paid for.
pub(crate) fn parse<T: DeserializeOwned>(
    tool: &Tool,
    arguments: JsonObject,
) -> Result<T, ToolError> {
    let name = &tool.name;
    let schema = Value::Object(tool.input_schema.as_ref().clone());
    let validator = jsonschema::validator_for(&schema).map_err(|error| {
        ToolError::new("internal", format!("The schema of `{name}` is wrong: {error}."))
    })?;
    let arguments = Value::Object(arguments);
    let faults: Vec<String> = validator
        .iter_errors(&arguments)
        .map(|error| match error.instance_path().to_string().trim_start_matches('/') {
            "" => error.to_string(),
            argument => format!("`{argument}`: {error}"),
        })
        .collect();
    if !faults.is_empty() {
        let faults = faults.join("; ");
        return Err(ToolError::argument(format!("Invalid arguments of `{name}`: {faults}.")));
    }
    serde_json::from_value(arguments).map_err(|error| {
        ToolError::argument(format!("The arguments of `{name}` cannot be read: {error}."))
    })
}

/// Reads a time in seconds, of which the schema states the limits.
pub(crate) fn seconds(value: Option<f64>) -> Option<Duration> {
    value.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic fails the test")]

    use serde_json::json;

    use super::*;
    use crate::schema;

    fn message(arguments: Value) -> Option<String> {
        let tool = Tool::new("run", "", schema::of_arguments::<RunArguments>());
        let Value::Object(arguments) = arguments else { return None };
        let error = parse::<RunArguments>(&tool, arguments).err()?;
        let result = error.into_result();
        Some(result.content.first().unwrap().as_text().unwrap().text.clone())
    }

    #[test]
    fn arguments_that_do_not_match_the_schema_are_named() {
        assert_eq!(message(json!({"video": "a.mp4", "audio": null, "wait_seconds": 5})), None);
        for (arguments, words) in [
            (json!({"vidoe": "a.mp4"}), "vidoe"),
            (json!({"wait_seconds": "soon"}), "wait_seconds"),
            (json!({"wait_seconds": -1}), "wait_seconds"),
            (json!({"confirm_price_usd": true}), "confirm_price_usd"),
            (json!({"idempotency_key": ""}), "idempotency_key"),
        ] {
            let message = message(arguments).unwrap();
            assert!(message.contains("invalid_arguments") && message.contains(words), "{message}");
        }
    }

    #[test]
    fn times_that_no_clock_can_count_are_left_out() {
        assert_eq!(seconds(Some(1.5)), Some(Duration::from_millis(1500)));
        assert_eq!(seconds(Some(-1.0)), None);
        assert_eq!(seconds(Some(1e300)), None);
    }
}
