//! The list of tools.

use std::sync::LazyLock;

use rmcp::model::{Tool, ToolAnnotations};
use schemars::JsonSchema;

use crate::arguments::{
    CheckArguments, DownloadArguments, FitArguments, HistoryArguments, ModelsArguments,
    NoArguments, PriceArguments, RunArguments, SchemaArguments, WaitArguments,
};
use crate::output::{
    BalanceResult, CheckResult, DownloadResult, FitResult, HistoryResult, JobResult, ModelsResult,
    PriceResult, RunResult, SchemaResult,
};
use crate::schema;

/// What a tool does to its surroundings.
#[derive(Clone, Copy)]
enum Effect {
    /// Nothing.
    Reads,
    /// It adds files or uploads, and replaces none.
    Adds,
    /// It may spend money.
    Pays,
}

/// All tools, in the order in which an agent uses them.
pub(crate) static TOOLS: LazyLock<Vec<Tool>> = LazyLock::new(|| {
    vec![
        tool::<CheckArguments, CheckResult>(
            "check",
            "Check media",
            "Validates a video and an audio track, or the input of any model, before anything is paid for. \
             Needs no API key for the models that Viseme describes, and uploads nothing.",
            Effect::Reads,
        ),
        tool::<FitArguments, FitResult>(
            "fit",
            "Make media acceptable",
            "Makes new files that the model accepts: converts, scales, crops, cuts. The sources are never \
             changed. Needs ffmpeg, no API key, and costs nothing.",
            Effect::Adds,
        ),
        tool::<PriceArguments, PriceResult>(
            "price",
            "Ask for a price",
            "Returns what a run costs. Costs nothing.",
            Effect::Adds,
        ),
        tool::<RunArguments, RunResult>(
            "run",
            "Run a model (paid)",
            "Lip-syncs a video to an audio track, or runs any other model: checks, uploads, submits and \
             waits. It costs money: without a confirmed price it submits nothing and returns the price. \
             Repeating a call pays for no second job. If the job still runs after wait_seconds, call `wait`.",
            Effect::Pays,
        ),
        tool::<WaitArguments, JobResult>(
            "wait",
            "Wait for a job",
            "Waits for a job that was submitted, and returns the URLs of its outputs. Costs nothing.",
            Effect::Reads,
        ),
        tool::<DownloadArguments, DownloadResult>(
            "download",
            "Save the outputs of a job",
            "Saves the outputs of a completed job as new files in an allowed folder, and returns their paths.",
            Effect::Adds,
        ),
        tool::<HistoryArguments, HistoryResult>(
            "history",
            "List past jobs",
            "Lists the jobs of the account in the last seven days, the newest first.",
            Effect::Reads,
        ),
        tool::<ModelsArguments, ModelsResult>(
            "models",
            "List models",
            "Lists the models of the service with their lowest prices.",
            Effect::Reads,
        ),
        tool::<SchemaArguments, SchemaResult>(
            "schema",
            "Show the parameters of a model",
            "Returns the JSON Schema of the parameters of a model.",
            Effect::Reads,
        ),
        tool::<NoArguments, BalanceResult>(
            "balance",
            "Show the balance",
            "Returns the balance of the account in USD.",
            Effect::Reads,
        ),
    ]
});

fn tool<A: JsonSchema, R: JsonSchema>(
    name: &'static str,
    title: &'static str,
    description: &'static str,
    effect: Effect,
) -> Tool {
    let annotations = ToolAnnotations::with_title(title)
        .read_only(matches!(effect, Effect::Reads))
        .destructive(matches!(effect, Effect::Pays))
        // A download makes new files each time.
        .idempotent(name != "download")
        .open_world(true);
    Tool::new(name, description, schema::of_arguments::<A>())
        .with_title(title)
        .with_raw_output_schema(schema::of_result::<R>())
        .with_annotations(annotations)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic fails the test")]

    use serde_json::Value;

    use super::*;

    #[test]
    fn every_schema_is_valid_and_every_argument_is_described() {
        assert_eq!(TOOLS.len(), 10);
        for tool in TOOLS.iter() {
            let input = Value::Object(tool.input_schema.as_ref().clone());
            let output = Value::Object(tool.output_schema.as_ref().unwrap().as_ref().clone());
            for schema in [&input, &output] {
                jsonschema::meta::validate(schema).unwrap();
                assert_eq!(schema["type"], "object", "{}", tool.name);
                let text = schema.to_string();
                assert!(!text.contains("$ref") && !text.contains("uint"), "{text}");
            }
            assert_eq!(input["additionalProperties"], false);
            for (name, argument) in input["properties"].as_object().unwrap() {
                assert!(argument["description"].is_string(), "{}: {name}", tool.name);
            }
        }
    }
}
