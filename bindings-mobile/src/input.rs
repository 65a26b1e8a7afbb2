//! Inputs, media and options.

use std::time::Duration;

use viseme::{Input, Media, Run, Submit};

use crate::error::NativeError;

/// One medium.
#[derive(uniffi::Enum)]
pub enum NativeMedia {
    /// A file.
    Path {
        /// Where it is.
        path: String,
    },
    /// A file in memory.
    Bytes {
        /// What to call it.
        name: String,
        /// What is in it.
        content: Vec<u8>,
    },
    /// A file behind a URL.
    Url {
        /// The URL.
        url: String,
    },
}

/// The value of one parameter.
#[derive(uniffi::Enum)]
pub enum NativeValue {
    /// Any JSON.
    Json {
        /// As text.
        json: String,
    },
    /// A medium.
    Medium {
        /// Which.
        medium: NativeMedia,
    },
}

/// One parameter.
#[derive(uniffi::Record)]
pub struct NativeField {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: NativeValue,
}

/// A model and its parameters.
#[derive(uniffi::Record)]
pub struct NativeInput {
    /// The model's id.
    pub model: String,
    /// In the order in which they were given.
    pub fields: Vec<NativeField>,
}

/// How to run or submit. What is absent is the core's default.
#[derive(uniffi::Record)]
pub struct NativeOptions {
    /// How long to wait for the result; a submit has none.
    pub timeout: Option<Duration>,
    /// Whether media are judged before anything is sent.
    pub check_media: Option<bool>,
    /// Whether warnings are errors.
    pub strict: Option<bool>,
    /// Whether the service answers the submit with the result.
    pub sync: Option<bool>,
    /// Whether outputs come as base64.
    pub base64: Option<bool>,
    /// Where the service tells a server of the result.
    pub webhook: Option<String>,
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

impl NativeOptions {
    pub(crate) fn for_run(self, run: Run) -> Run {
        let run = match self.timeout {
            Some(timeout) => run.deadline(timeout),
            None => run,
        };
        told!(self, run)
    }

    pub(crate) fn for_submit(self, submit: Submit) -> Submit {
        told!(self, submit)
    }
}

impl NativeInput {
    pub(crate) fn into_input(self) -> Result<Input, NativeError> {
        let mut input = Input::new(self.model);
        for NativeField { name, value } in self.fields {
            input = match value {
                NativeValue::Medium { medium } => input.media(name, Media::from(medium)),
                NativeValue::Json { json } => {
                    let value: serde_json::Value = serde_json::from_str(&json).map_err(|why| {
                        NativeError::input(format!(
                            "The parameter `{name}` is no JSON: {why}. Nothing was sent."
                        ))
                    })?;
                    input.set(name, value)
                }
            };
        }
        Ok(input)
    }
}

impl From<NativeMedia> for Media {
    fn from(medium: NativeMedia) -> Self {
        match medium {
            NativeMedia::Path { path } => Self::path(path),
            NativeMedia::Bytes { name, content } => Self::bytes(name, content),
            NativeMedia::Url { url } => Self::from(url),
        }
    }
}
