//! Mutants: deliberate bugs, one at a time, which the suite must detect.
//!
//! A mutant alters the operation, its outcome, or the traffic between the client and the service.

mod proxy;

use clap::ValueEnum;
use serde_json::{Map, Value, json};
use viseme_conformance::protocol::{ClientError, Outcome, Run};

pub(crate) use proxy::Proxy;

/// A deliberate bug. mutants.yaml describes each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mutant {
    SubmitTwice,
    ResubmitAfterServerError,
    ResubmitAfterReset,
    IgnoreLedgerKey,
    RerunFailedJobs,
    NoRecovery,
    AdoptAnyJob,
    IgnoreRetryAfter,
    PollTooOften,
    ForgetDurations,
    StopAtFirstPollFailure,
    UnlimitedSubmitRetries,
    StopOnUnknownStatus,
    FailedAsCompleted,
    DropJobId,
    WrongCode,
    PollAfterCancel,
    IgnoreDeadline,
    KeyInError,
    KeyInLog,
    KeyInOutput,
    KeyInUrl,
    KeyToStorageHost,
    ReusePresignedUrl,
    SkipValidation,
    DecodeUrls,
    DuplicateUpdates,
    WrongResultIndex,
    TruncateDownloads,
    AcceptAnyWebhook,
    OmitWebhook,
    OmitDefaultVoice,
    IgnoreNewKey,
}

impl Mutant {
    /// Whether it needs the proxy between the client and the service.
    pub(crate) fn alters_traffic(self) -> bool {
        matches!(
            self,
            Self::SubmitTwice
                | Self::ResubmitAfterServerError
                | Self::ResubmitAfterReset
                | Self::AdoptAnyJob
                | Self::IgnoreRetryAfter
                | Self::StopOnUnknownStatus
                | Self::KeyInUrl
                | Self::KeyToStorageHost
                | Self::ReusePresignedUrl
                | Self::DecodeUrls
                | Self::OmitWebhook
                | Self::OmitDefaultVoice
        )
    }

    /// Alters the operation.
    pub(crate) fn alter_run(self, run: &mut Run) {
        alter_operation(self, run);
    }

    /// Alters the outcome.
    pub(crate) fn alter_outcome(self, run: &Run, outcome: &mut Outcome) {
        alter_result(self, run, outcome);
    }
}

fn alter_operation(mutant: Mutant, run: &mut Run) {
    let mut no_settings = Map::new();
    let settings = match run.client.as_mut() {
        Some(client) => &mut client.settings,
        None => &mut no_settings,
    };
    let mut set = |name: &str, value: Value| drop(settings.insert(name.to_owned(), value));
    match mutant {
        Mutant::PollTooOften => {
            let pacing =
                json!({"first": 0.2, "interval": 0.2, "growth": 1, "max": 0.2, "jitter": 0});
            set("pacing", pacing);
        }
        Mutant::ForgetDurations => set("learned_pacing", json!(false)),
        Mutant::NoRecovery => set("recovery_window", json!(0)),
        Mutant::StopAtFirstPollFailure => set("max_retries", json!(0)),
        Mutant::UnlimitedSubmitRetries => set("max_retries", json!(50)),
        Mutant::SkipValidation => {
            run.options.insert("check_media".to_owned(), json!(false));
        }
        Mutant::IgnoreNewKey => {
            let key = run.client.as_ref().map(|client| json!(client.key));
            if let (Some(old), Some(key)) = (run.input.get_mut("key"), key) {
                *old = key;
            }
        }
        Mutant::IgnoreLedgerKey => {
            run.options.remove("key");
        }
        Mutant::IgnoreDeadline => {
            run.options.remove("deadline");
        }
        _ => {}
    }
}

fn alter_result(mutant: Mutant, run: &Run, outcome: &mut Outcome) {
    let key = run.client.as_ref().map(|client| client.key.clone()).unwrap_or_default();
    match mutant {
        Mutant::FailedAsCompleted => {
            let prediction = outcome.error.as_ref().map(|error| &error.attributes);
            let prediction =
                prediction.and_then(|attributes| attributes.get("prediction")).cloned();
            if let Some(prediction) = prediction {
                *outcome = Outcome { value: Some(prediction), ..Outcome::default() };
            }
        }
        Mutant::DropJobId => edit_error(outcome, |error| {
            let Some(Value::String(id)) = error.attributes.remove("job_id") else { return };
            error.attributes.remove("prediction");
            error.message = error.message.replace(&id, "(removed)");
            error.text = error.text.replace(&id, "(removed)");
        }),
        Mutant::WrongCode => edit_error(outcome, |error| {
            if error.code.as_deref() == Some("rate_limit") {
                error.code = Some("server".to_owned());
            }
        }),
        Mutant::KeyInError => edit_error(outcome, |error| error.text.push_str(&key)),
        Mutant::KeyInLog => outcome.logs.push(format!("Authorization: Bearer {key}")),
        #[allow(clippy::print_stdout, reason = "this mutant prints the key on purpose")]
        Mutant::KeyInOutput => println!("debug: key={key}"),
        Mutant::DuplicateUpdates => {
            if let Some(Value::Array(updates)) = list(outcome, "updates")
                && let Some(first) = updates.first().cloned()
            {
                updates.insert(0, first);
            }
        }
        Mutant::WrongResultIndex => {
            if let Some(Value::Array(results)) = list(outcome, "results") {
                let count = results.len().max(1) as u64;
                for result in results {
                    if let Some(index) = result.get_mut("index") {
                        *index = json!(index.as_u64().map(|index| (index + 1) % count));
                    }
                }
            }
        }
        Mutant::TruncateDownloads => {
            let path = outcome.value.as_ref().and_then(|value| value.get("path")?.as_str());
            if let Some(path) = path
                && let Ok(content) = std::fs::read(path)
            {
                // If the file cannot be written, the mutant survives, which is red.
                let _ = std::fs::write(path, content.get(..content.len() / 2).unwrap_or_default());
            }
        }
        Mutant::AcceptAnyWebhook if has_code(outcome, "webhook") => {
            let value = json!({"id": "accepted", "prediction": {"status": "completed"}});
            *outcome = Outcome { value: Some(value), ..Outcome::default() };
        }
        _ => {}
    }
}

fn has_code(outcome: &Outcome, code: &str) -> bool {
    outcome.error.as_ref().is_some_and(|error| error.code.as_deref() == Some(code))
}

fn edit_error(outcome: &mut Outcome, change: impl FnOnce(&mut ClientError)) {
    if let Some(error) = &mut outcome.error {
        change(error);
    }
}

fn list<'o>(outcome: &'o mut Outcome, name: &str) -> Option<&'o mut Value> {
    outcome.value.as_mut()?.get_mut(name)
}
