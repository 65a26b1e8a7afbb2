//! What may be asked of a client, as it comes over the border.

use serde::Deserialize;
use serde_json::Value;
use viseme::{Run, Submit};

use crate::input::InputForm;
use crate::media::MediumForm;
use crate::time::{Millis, Moment};

/// What to do.
#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Request {
    Run {
        input: InputForm,
        #[serde(default)]
        options: Options,
        #[serde(default)]
        tell: bool,
    },
    RunMany {
        limit: usize,
        #[serde(default)]
        options: Options,
        #[serde(default)]
        tell: bool,
    },
    Submit {
        input: InputForm,
        #[serde(default)]
        options: Options,
        #[serde(default)]
        tell: bool,
    },
    Check {
        input: InputForm,
    },
    Validate {
        input: InputForm,
    },
    Price {
        input: InputForm,
        #[serde(default)]
        upload: bool,
    },
    Upload {
        medium: MediumForm,
        #[serde(default)]
        tell: bool,
    },
    Recover {
        record: viseme::SubmitRecord,
    },
    Download {
        /// None where a completed job has none, which is an error with words of its own.
        output: Option<OutputForm>,
        job_id: Option<String>,
        to: String,
        max_bytes: Option<u64>,
        #[serde(default)]
        tell: bool,
    },
    History(HistoryForm),
    Billings(BillingsForm),
    BillingsOfMonth {
        month: String,
    },
    Models,
    Model {
        id: String,
    },
    Balance,
    Usage {
        from: Moment,
        to: Moment,
        model: Option<String>,
    },
    Delete {
        ids: Vec<String>,
    },
    ReceiveWebhook {
        headers: Vec<(String, String)>,
    },
}

/// What may be asked of a job.
#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum JobRequest {
    Wait {
        timeout_ms: Option<Millis>,
        #[serde(default)]
        tell: bool,
    },
    Updates {
        timeout_ms: Option<Millis>,
    },
    Refresh,
}

/// One output, as it stands in a prediction.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum OutputForm {
    Url(String),
    Text(String),
    Json(Value),
}

/// Which past jobs.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct HistoryForm {
    pub(crate) model: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) created_after: Option<Moment>,
    pub(crate) created_before: Option<Moment>,
    pub(crate) include_inputs: Option<bool>,
    pub(crate) page_size: Option<u32>,
}

/// Which records of the bill.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct BillingsForm {
    pub(crate) kind: Option<String>,
    #[serde(default)]
    pub(crate) job_ids: Vec<String>,
    pub(crate) from: Option<Moment>,
    pub(crate) to: Option<Moment>,
}

/// How to run or submit.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Options {
    timeout_ms: Option<Millis>,
    check_media: Option<bool>,
    strict: Option<bool>,
    validate: Option<bool>,
    sync: Option<bool>,
    base64: Option<bool>,
    webhook: Option<String>,
}

/// Those that a run and a submit have in common.
macro_rules! told {
    ($options:expr, $call:expr) => {{
        let mut call = $call;
        if let Some(check) = $options.check_media {
            call = call.check_media(check);
        }
        if let Some(strict) = $options.strict {
            call = call.strict(strict);
        }
        if let Some(validate) = $options.validate {
            call = call.validate(validate);
        }
        if let Some(sync) = $options.sync {
            call = call.sync(sync);
        }
        if let Some(base64) = $options.base64 {
            call = call.base64(base64);
        }
        if let Some(url) = $options.webhook {
            call = call.webhook(url);
        }
        call
    }};
}

impl Options {
    pub(crate) fn for_run(self, run: Run) -> Run {
        let run = match self.timeout_ms {
            Some(Millis(deadline)) => run.deadline(deadline),
            None => run,
        };
        told!(self, run)
    }

    pub(crate) fn for_submit(self, submit: Submit) -> Submit {
        told!(self, submit)
    }
}
