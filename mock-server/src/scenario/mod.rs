//! Scenarios: how jobs proceed, and what breaks. YAML files, JSON and the control API share one format.

mod fault;
mod fault_action;
mod job;
pub(crate) mod parse;
mod span;
mod strict;
mod webhook;

use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

pub use fault::{Fault, Nth, RequestKind, When};
pub use fault_action::{
    Body, FaultAction, ResponseMutation, RetryAfter, StatusResponse, WireFault,
};
pub use job::{JobMatch, JobRule, JobRun, MissingInput, OutputMode, Timeline, UnknownModels};
pub use span::Span;
pub use webhook::{Offset, WebhookOrder, WebhookScenario, WebhookSignature};

use crate::clock::ClockMode;

/// The highest balance.
const MAX_BALANCE_USD: f64 = 1e9;
/// How many copies of a job or of a webhook there can be.
const MAX_COPIES: usize = 1000;

/// What happens in a world.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    /// The seed of ids and random choices. The same seed gives the same ones.
    pub seed: Option<u64>,
    /// How time passes.
    pub clock: Option<ClockScenario>,
    /// How jobs proceed. The first rule that matches a submit applies.
    pub jobs: Vec<JobRule>,
    /// What breaks.
    pub faults: Vec<Fault>,
    /// Status words besides the known ones. Any word can be a status, but one that differs in a single
    /// letter from a known one is taken for a mistake unless it is here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub other_statuses: Vec<String>,
    /// How a submit without a required input is handled. What the service does is not known.
    pub missing_input: MissingInput,
    /// How a submit to an unknown model is handled.
    pub unknown_models: UnknownModels,
    /// The output of a job whose inputs are a video and a voice. By default, the server decides:
    /// the programs dub, and the library returns the video.
    pub output: Option<OutputMode>,
    /// The balance in USD at the start; 100 by default.
    pub balance_usd: Option<f64>,
    /// How webhooks are sent.
    pub webhooks: WebhookScenario,
    /// The account's limits; none by default.
    pub limits: Limits,
    /// How the history differs from the submitted jobs.
    pub history: HistoryScenario,
}

/// The clock of a world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockScenario {
    /// How time passes.
    pub mode: ClockMode,
    /// The start of the world's time; now by default.
    #[serde(default, deserialize_with = "optional_date")]
    pub start: Option<Timestamp>,
}

/// The limits of an account. Submits beyond them get HTTP 429 and charge nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// How many submits are accepted in any 60 seconds of the world's time. `Retry-After` says when the
    /// next one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_minute: Option<usize>,
    /// How many jobs can run at once. `Retry-After` says when the next one ends, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrent: Option<usize>,
}

/// How the history differs from the submitted jobs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HistoryScenario {
    /// How long after its submit a job appears.
    pub appears_after: Span,
    /// How many more times each job is listed.
    pub duplicates: usize,
    /// Inputs are left out, even if they are requested.
    pub omit_inputs: bool,
}

/// Reads an optional date. Its error shows the form of a date.
pub(crate) fn optional_date<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Timestamp>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    text.parse().map(Some).map_err(|_| {
        let example = "2026-01-01T00:00:00Z";
        D::Error::custom(format!("must be a date and time such as {example}, got {text:?}"))
    })
}

impl Scenario {
    /// Returns an empty scenario: every job completes after about four seconds, nothing breaks.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a scenario in YAML or JSON.
    ///
    /// # Errors
    /// A sentence that names the field and says what is allowed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let scenario: Self =
            parse::parse(text).map_err(|error| format!("The scenario is invalid: {error}"))?;
        scenario.validate().map_err(|error| format!("The scenario is invalid: {error}"))?;
        Ok(scenario)
    }

    /// Returns an error if a value is out of range.
    pub(crate) fn validate(&self) -> Result<(), String> {
        if let Some(clock) = &self.clock {
            clock.mode.validate().map_err(|error| parse::within("clock.mode", &error))?;
        }
        let within = |place: &str, number: usize, result: Result<(), String>| {
            result.map_err(|error| parse::within(&format!("{place}[{number}]"), &error))
        };
        for (number, rule) in self.jobs.iter().enumerate() {
            within("jobs", number, rule.validate(&self.other_statuses))?;
        }
        for (number, fault) in self.faults.iter().enumerate() {
            within("faults", number, fault.validate())?;
        }
        let copies = self.history.duplicates;
        if copies > MAX_COPIES {
            return Err(format!("`history.duplicates` must be at most {MAX_COPIES}, got {copies}"));
        }
        self.webhooks.validate().map_err(|error| parse::within("webhooks", &error))?;
        match self.balance_usd {
            Some(balance) if !(0.0..=MAX_BALANCE_USD).contains(&balance) => {
                Err(format!("`balance_usd` must be from 0 to {MAX_BALANCE_USD}, got {balance}"))
            }
            _ => Ok(()),
        }
    }

    /// Adds a rule for jobs.
    #[must_use]
    pub fn job(mut self, rule: JobRule) -> Self {
        self.jobs.push(rule);
        self
    }

    /// Adds a fault.
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Sets how time passes.
    #[must_use]
    pub fn clock(mut self, mode: ClockMode) -> Self {
        self.clock = Some(ClockScenario { mode, start: None });
        self
    }

    /// Sets how a submit without a required input is handled.
    #[must_use]
    pub fn missing_input(mut self, missing_input: MissingInput) -> Self {
        self.missing_input = missing_input;
        self
    }

    /// Refuses unknown models with 404. By default they are accepted.
    #[must_use]
    pub fn refuse_unknown_models(mut self) -> Self {
        self.unknown_models = UnknownModels::Refused;
        self
    }

    /// Sets the output of jobs whose inputs are a video and a voice.
    #[must_use]
    pub fn output(mut self, output: OutputMode) -> Self {
        self.output = Some(output);
        self
    }

    /// Sets the balance at the start, in USD.
    #[must_use]
    pub fn balance_usd(mut self, balance: f64) -> Self {
        self.balance_usd = Some(balance);
        self
    }

    /// Sets how webhooks are sent.
    #[must_use]
    pub fn webhooks(mut self, webhooks: WebhookScenario) -> Self {
        self.webhooks = webhooks;
        self
    }

    /// Sets the account's limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets how the history differs from the submitted jobs.
    #[must_use]
    pub fn history(mut self, history: HistoryScenario) -> Self {
        self.history = history;
        self
    }

    /// Sets the seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_is_the_same_in_yaml_and_json() {
        let text = r#"
seed: 42
clock: {mode: manual, start: 2026-01-01T00:00:00Z}
balance_usd: 12.5
output: dubbed
limits: {per_minute: 10, concurrent: 3}
history: {appears_after: 20s, duplicates: 1, omit_inputs: true}
jobs:
  - match: {model: "kwaivgi/kling-lipsync/**", nth: 1}
    timeline: [{created: 0s}, {processing: 2s}, {completed: 300s}]
    price_usd: 0.07
  - timeline: {after_polls: 3}
  - timeline: {after_polls: 1, ends: failed}
    code: 1402
    error: "Failed to download image from the provided URL."
  - one_of:
      - timeline: [{created: 0ms}, {completed: 41s 250ms}]
      - {timeline: [{created: 0ms}, {failed: 900ms}], code: 1200, error: No., price_usd: 0}
faults:
  - {at: submit, nth: 1, when: after_accept, do: reset}
  - {at: poll, nth: [2, 3], do: {status: 503, retry_after: 7s}}
  - {at: poll, every: 2, do: {status: 502, body: html}}
  - {at: any, probability: 0.5, until: 3, do: {delay: 10ms}}
  - {at: output, do: {fin_at: 100}}
  - {at: put, do: {status: 429, retry_after: {raw: soon}}}
"#;
        let scenario = Scenario::parse(text).unwrap();
        assert_eq!(scenario.jobs.len(), 4);
        assert_eq!(scenario.jobs[3].one_of.len(), 2);
        assert_eq!(scenario.faults.len(), 6);
        assert_eq!(
            scenario.faults[0],
            Fault::at(RequestKind::Submit).nth(1).after_accept().reset()
        );
        let json = serde_json::to_string(&scenario).unwrap();
        assert_eq!(Scenario::parse(&json).unwrap(), scenario, "JSON is read as the same");
    }

    #[test]
    fn an_error_names_the_field() {
        for (text, word) in [
            ("jobz: []", "jobz"),
            ("faults: [{at: moon, do: reset}]", "moon"),
            ("faults: [{at: poll, do: explode}]", "explode"),
            ("faults: [{at: poll, nth: 1, do: {status: 503, retry: 7}}]", "retry"),
            ("faults: [{at: poll, do: {reset: 1, close: 2}}]", "one fault"),
            ("faults: [{at: poll, do: {drip: never}}]", "never"),
            ("faults: [{at: poll, do: {status: 99}}]", "status"),
            ("faults: [{at: poll, nth: 0, do: reset}]", "nth"),
            ("faults: [{at: poll, nth: two, do: reset}]", "nth"),
            ("faults: [{at: poll, every: 0, do: reset}]", "every"),
            ("faults: [{at: poll, probability: 2, do: reset}]", "probability"),
            ("faults: [{at: poll, do: {status: 503, retry_after: [1]}}]", "retry_after"),
            ("jobs: [{timeline: [{created: soon}]}]", "timeline"),
            ("jobs: [{timeline: []}]", "timeline"),
            ("jobs: [{timeline: [{created: 0s, completed: 1s}]}]", "timeline"),
            ("jobs: [{match: {model: 'a[b'}}]", "model"),
            ("jobs: [{price_usd: -1}]", "price_usd"),
            ("clock: {mode: {scaled: 0}}", "scaled"),
            ("clock: {mode: virtuall}", "virtuall"),
            ("balance_usd: .inf", "balance_usd"),
            ("output: silent", "silent"),
            ("limits: {per_hour: 1}", "per_hour"),
            ("history: {appears_after: soon}", "soon"),
        ] {
            let error = Scenario::parse(text).unwrap_err();
            assert!(error.starts_with("The scenario is invalid: "), "{text}: {error}");
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
