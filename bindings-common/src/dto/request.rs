//! What a host requests.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use viseme::{Input, Media};

use super::{
    BatchManifest, BatchOptions, BillingFilterData, DubOptions, ErrorData, FitOptions,
    HistoryFilterData, LedgerState, OutputData, SubmitRecordData, duration,
};

/// An operation of a client. `progress` requests events.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "op", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are parameters of the methods of the same name")]
pub enum Request {
    /// Checks, uploads, submits and waits.
    Run {
        input: InputData,
        #[serde(default)]
        options: RunOptions,
        #[serde(default)]
        progress: bool,
    },
    /// Runs the inputs that the task receives, at most `limit` at the same time.
    RunMany {
        #[cfg_attr(test, schemars(range(min = 1)))]
        limit: u32,
        #[serde(default)]
        options: RunOptions,
        #[serde(default)]
        progress: bool,
    },
    /// Checks, uploads and submits.
    Submit {
        input: InputData,
        #[serde(default)]
        options: RunOptions,
        #[serde(default)]
        progress: bool,
    },
    /// Checks an input against the rules of its model.
    Check { input: InputData },
    /// Checks an input against the schema of the live catalogue as well.
    Validate { input: InputData },
    /// Returns the price of a run.
    Price {
        input: InputData,
        #[serde(default)]
        upload: bool,
    },
    /// Uploads one medium.
    Upload {
        medium: MediaData,
        #[serde(default)]
        progress: bool,
    },
    /// Searches for the job of a submit that got no response.
    Recover {
        record: SubmitRecordData,
        #[serde(default)]
        exclude: Vec<String>,
        sent_within_ms: Option<f64>,
        #[serde(default)]
        match_by_time: bool,
    },
    /// Downloads an output. A missing output is an error that names the job.
    Download {
        output: Option<OutputData>,
        job_id: Option<String>,
        to: String,
        max_bytes: Option<u64>,
        #[serde(default)]
        progress: bool,
    },
    /// Downloads all outputs of a job, into a folder, or to a file and to files next to it. No outputs
    /// are an error that names the job.
    DownloadOutputs {
        outputs: Vec<OutputData>,
        job_id: String,
        to: String,
        max_bytes: Option<u64>,
        #[serde(default)]
        progress: bool,
    },
    /// Lists past jobs.
    History {
        #[serde(default)]
        filter: HistoryFilterData,
    },
    /// Lists charges.
    Billings {
        #[serde(default)]
        filter: BillingFilterData,
    },
    /// Lists the charges of a month.
    BillingsOfMonth { month: String },
    /// Lists the models of the catalogue.
    Models,
    /// Reads one model of the catalogue.
    Model { id: String },
    /// Reads the balance.
    Balance,
    /// Reads the usage of a time span.
    Usage {
        #[cfg_attr(test, schemars(extend("format" = "unix-ms")))]
        from: f64,
        #[cfg_attr(test, schemars(extend("format" = "unix-ms")))]
        to: f64,
        model: Option<String>,
    },
    /// Deletes past jobs.
    Delete { ids: Vec<String> },
    /// Verifies a webhook delivery with the account's secret. Its body is the task's content.
    ReceiveWebhook { headers: Vec<(String, String)> },
    /// Lists the submits of the ledger, oldest first.
    LedgerSubmits { state: Option<LedgerState> },
    /// Records that the open submit of a key has no job.
    LedgerGiveUp { key: String },
    /// Records the job of the open submit of a key.
    LedgerAdopt { key: String, job_id: String },
    /// Makes the ledger accept the API key of the client.
    LedgerReplaceApiKey,
    /// Runs the rows of a batch that are not done.
    Batch {
        manifest: BatchManifest,
        out: String,
        #[serde(default)]
        options: BatchOptions,
    },
    /// Returns the items of the rows of a batch, in their order.
    BatchItems { manifest: BatchManifest, out: String },
    /// Counts the rows of a batch by their states.
    BatchSummary { manifest: BatchManifest, out: String },
    /// Makes the media of an input acceptable for its model, as new files in a folder.
    Fit {
        input: InputData,
        out: Option<String>,
        #[serde(default)]
        options: FitOptions,
        fallback_ffmpeg: Option<String>,
    },
    /// Dubs a clip of any length.
    Dub {
        video: String,
        audio: String,
        out: String,
        #[serde(default)]
        options: DubOptions,
        fallback_ffmpeg: Option<String>,
    },
    /// Returns where a clip is cut, and what its dub costs.
    DubPlan {
        video: String,
        audio: String,
        #[serde(default)]
        options: DubOptions,
        fallback_ffmpeg: Option<String>,
    },
}

/// An operation of a job.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "op", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are parameters of the methods of the same name")]
pub enum JobRequest {
    /// Waits until the job completes.
    Wait {
        timeout_ms: Option<f64>,
        #[serde(default)]
        headers: Headers,
        #[serde(default)]
        progress: bool,
    },
    /// Lists the job's states as they change.
    Updates {
        timeout_ms: Option<f64>,
        #[serde(default)]
        headers: Headers,
    },
    /// Reads the job's state once.
    Refresh {
        #[serde(default)]
        headers: Headers,
    },
}

/// A model and its parameters, in the order in which they were given.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct InputData {
    /// The model's id.
    pub model: String,
    /// The parameters.
    pub fields: Vec<(String, FieldData)>,
}

/// The value of one parameter.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum FieldData {
    /// JSON. Whether text is a medium depends on the model.
    Value(Value),
    /// A value that is a medium by its type.
    Media(MediaData),
}

/// One medium.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum MediaData {
    /// A path of the file system, even if it has the form of a URL.
    Path(String),
    /// A path or a URL.
    Text(String),
    /// One of the contents that travel beside the request.
    Bytes(MediaBytes),
}

/// Bytes that travel beside a request.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MediaBytes {
    /// The position among the contents.
    pub at: u32,
    /// The file name for the upload.
    pub name: String,
}

/// Options of `run`, `run_many` and `submit`.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RunOptions {
    /// How long to wait for the result, counted from the submit. Default: the client's timeout.
    pub timeout_ms: Option<f64>,
    /// Whether to check the media against the model's rules before anything is sent. Default: true.
    pub check_media: Option<bool>,
    /// Treats warnings of the check as errors. Default: false.
    pub strict: Option<bool>,
    /// Validates the input against the model's schema in the live catalogue as well. Default: false.
    pub validate: Option<bool>,
    /// Sync mode: the response to the submit waits for the result, up to 90 s. Default: false.
    pub sync: Option<bool>,
    /// Whether outputs come as base64 in the prediction itself. Default: false.
    pub base64: Option<bool>,
    /// A URL that the service calls when the job has completed or failed.
    pub webhook: Option<String>,
    /// Additional headers for the requests to the API. Other hosts never receive them.
    #[serde(default)]
    pub headers: Headers,
    /// Makes the submit idempotent: at most one job is paid for with this key, even if processes
    /// crash. Needs the client's `ledger`.
    pub key: Option<String>,
    /// Whether a job of the key that ended without a result is replaced by a new submit. Default:
    /// false, its error is returned again.
    pub retry_failed: Option<bool>,
}

/// Additional headers for the requests of one operation to the API.
pub type Headers = BTreeMap<String, String>;

/// Returns headers as pairs.
pub(crate) fn pairs(headers: &Headers) -> impl Iterator<Item = (&str, &str)> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}

/// The parameters of a webhook's verification.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WebhookVerification {
    /// The secrets, of which one must fit.
    pub secrets: Vec<String>,
    /// The headers of the request.
    pub headers: Vec<(String, String)>,
    /// How far the delivery's time may be from now, either way. Default: 300 s.
    pub tolerance_ms: Option<f64>,
    /// The time to compare with. Default: now.
    #[cfg_attr(test, schemars(extend("format" = "unix-ms")))]
    pub now: Option<f64>,
}

/// Applies the options that `run` and `submit` share.
macro_rules! apply {
    ($options:expr, $builder:expr) => {{
        let mut builder = $builder;
        if let Some(check) = $options.check_media {
            builder = builder.check_media(check);
        }
        if let Some(strict) = $options.strict {
            builder = builder.strict(strict);
        }
        if let Some(validate) = $options.validate {
            builder = builder.validate(validate);
        }
        if let Some(sync) = $options.sync {
            builder = builder.sync(sync);
        }
        if let Some(base64) = $options.base64 {
            builder = builder.base64(base64);
        }
        if let Some(url) = $options.webhook {
            builder = builder.webhook(url);
        }
        if let Some(key) = $options.key {
            builder = builder.key(key).retry_failed($options.retry_failed.unwrap_or(false));
        } else if $options.retry_failed.is_some() {
            let message = "`retryFailed` needs `key`: it is about the job of a key.";
            return Err(ErrorData::new("invalid_input", message));
        }
        builder
    }};
}

/// The contents of media that are in memory, copied: the host may change its own while they are
/// sent.
pub(crate) struct Contents(pub(crate) Vec<Vec<u8>>);

impl InputData {
    /// Returns the core's input, with contents taken out of `contents`.
    pub(crate) fn build(self, contents: &mut Contents) -> Result<Input, Box<ErrorData>> {
        let mut input = Input::new(&self.model);
        for (name, field) in self.fields {
            input = match field {
                FieldData::Value(value) => input.set(name, value),
                FieldData::Media(medium) => input.media(name, medium.build(contents)?),
            };
        }
        Ok(input)
    }
}

impl MediaData {
    /// Returns the core's medium, with its content taken out of `contents`.
    pub(crate) fn build(self, contents: &mut Contents) -> Result<Media, Box<ErrorData>> {
        Ok(match self {
            Self::Path(path) => Media::path(path),
            Self::Text(text) => Media::from(text),
            Self::Bytes(MediaBytes { at, name }) => {
                let content = contents.0.get_mut(at as usize).ok_or_else(|| {
                    ErrorData::new("invalid_input", format!("The medium `{name}` has no content."))
                })?;
                Media::bytes(name, std::mem::take(content))
            }
        })
    }
}

impl RunOptions {
    /// Refuses a key, which belongs to one input.
    pub(crate) fn require_no_key(&self) -> Result<(), Box<ErrorData>> {
        if self.key.is_none() && self.retry_failed.is_none() {
            return Ok(());
        }
        let message = "`key` belongs to one input: pass it to `run` or `submit`.";
        Err(ErrorData::new("invalid_input", message))
    }

    /// Applies the options to a run.
    ///
    /// # Errors
    /// Names the option that has no valid value.
    pub fn apply_to_run(self, mut run: viseme::Run) -> Result<viseme::Run, Box<ErrorData>> {
        if let Some(timeout) = self.timeout_ms {
            run = run.deadline(duration("timeoutMs", timeout)?);
        }
        Ok(apply!(self, run))
    }

    /// Applies the options to a submit, which has no timeout.
    ///
    /// # Errors
    /// Names the option that has no valid value.
    pub fn apply_to_submit(self, submit: viseme::Submit) -> Result<viseme::Submit, Box<ErrorData>> {
        if self.timeout_ms.is_some() {
            let message = "`timeoutMs` is no option of a submit, which does not wait. Pass it to \
                           `wait`.";
            return Err(ErrorData::new("config", message));
        }
        Ok(apply!(self, submit))
    }
}

impl TryFrom<SubmitRecordData> for viseme::SubmitRecord {
    type Error = Box<ErrorData>;

    fn try_from(record: SubmitRecordData) -> Result<Self, Box<ErrorData>> {
        let SubmitRecordData { model, input, sent_at } = record;
        let json = serde_json::json!({ "model": model, "input": input, "sent_at": sent_at });
        serde_json::from_value(json).map_err(|_| {
            let message =
                format!("`sentAt` must be a time such as 2026-01-31T09:00:00Z, got \"{sent_at}\".");
            ErrorData::new("invalid_input", message)
        })
    }
}
