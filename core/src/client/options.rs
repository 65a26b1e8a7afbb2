//! How an input is judged, and what is asked of the service besides it.

use serde_json::{Map, Value};

use crate::model::{Input, InputValue};

/// What `run` and `submit` may be told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    /// Judge the media by the model's rules.
    pub(super) check_media: bool,
    /// Refuse what is only reported otherwise.
    pub(super) strict: bool,
    /// Judge the input by the model's schema in the live catalogue.
    pub(super) validate: bool,
    /// Have the answer to the submit wait for the result.
    pub(super) sync: bool,
    /// Have outputs in the answer in place of their URLs.
    pub(super) base64: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { check_media: true, strict: false, validate: false, sync: false, base64: false }
    }
}

impl Options {
    /// Whether outputs are to come as base64, by these options or by the input itself.
    pub(super) fn asks_for_base64(self, input: &Input) -> bool {
        let yes = InputValue::Json(Value::Bool(true));
        self.base64 || input.get("enable_base64_output") == Some(&yes)
    }

    /// Adds to the body of a submit what is asked for; what the input asks for itself stays.
    pub(super) fn add_to(self, body: &mut Map<String, Value>) {
        if self.sync {
            body.insert("enable_sync_mode".to_owned(), Value::Bool(true));
        }
        if self.base64 {
            body.insert("enable_base64_output".to_owned(), Value::Bool(true));
        }
    }
}

/// The methods by which `Run`, `Submit` and `RunMany` are told: the same words everywhere.
macro_rules! option_methods {
    ($change:expr) => {
        /// Whether media are judged by the model's rules before anything is sent. Default `true`.
        pub fn check_media(self, check: bool) -> Self {
            $change(self, |options| options.check_media = check)
        }

        /// Whether what the check would only report stops the run as well: a word that is in none
        /// of the lists known here, a limit that only third parties state, a medium that could not
        /// be judged. Default `false`.
        pub fn strict(self, strict: bool) -> Self {
            $change(self, |options| options.strict = strict)
        }

        /// Whether the input is judged by the model's schema in the service's catalogue as well,
        /// which is fetched where it is not at hand. Meant for models that this crate has no
        /// description of: the service drops a parameter that it does not know, and bills. Default
        /// `false`.
        pub fn validate(self, validate: bool) -> Self {
            $change(self, |options| options.validate = validate)
        }

        /// Sync mode: the answer to the submit waits for the result, up to 90 seconds by the
        /// service's clock, so that a short job needs no polls. A longer job is waited for as
        /// usual. Not all models support it. Default `false`.
        pub fn sync(self, sync: bool) -> Self {
            $change(self, |options| options.sync = sync)
        }

        /// Whether outputs come as base64 in the prediction itself, in place of URLs; see
        /// [`Output::decode`](crate::Output::decode). Not all models support it, and it does not
        /// go together with a webhook. Default `false`.
        pub fn base64(self, base64: bool) -> Self {
            $change(self, |options| options.base64 = base64)
        }
    };
}
pub(super) use option_methods;
