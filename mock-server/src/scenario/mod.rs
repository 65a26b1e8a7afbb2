//! What shall happen in a world: how jobs go, and what breaks. The same grammar in YAML, in JSON
//! and over the control API.

mod effect;
mod fault;
mod limits;
mod span;
mod timeline;
mod webhook;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use effect::{Body, FaultAction, ResponseMutation, RetryAfter, StatusReply, WireFault};
pub use fault::{Fault, Nth, RequestKind, When};
pub use limits::{HistoryScenario, Limits};
pub use span::Span;
pub use timeline::{JobMatch, JobRule, MissingInput, Timeline, UnknownModels};
pub use webhook::{Offset, WebhookOrder, WebhookScenario, WebhookSignature};

use crate::clock::ClockMode;

/// A world's script.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    /// What ids and random choices are made from; the same seed gives the same ones.
    pub seed: Option<u64>,
    /// How time passes.
    pub clock: Option<ClockScenario>,
    /// How jobs go; the first rule that fits a submit is taken.
    pub jobs: Vec<JobRule>,
    /// What breaks.
    pub faults: Vec<Fault>,
    /// What becomes of a submit that lacks a required input. How the service does it is not
    /// known.
    pub missing_input: MissingInput,
    /// What becomes of a submit for a model that the mock has no description of.
    pub unknown_models: UnknownModels,
    /// The balance in dollars at the start; 100 by default.
    pub balance_usd: Option<f64>,
    /// How webhooks go.
    pub webhooks: WebhookScenario,
    /// What the account may do at most; nothing is limited by default.
    pub limits: Limits,
    /// How the list of past jobs goes.
    pub history: HistoryScenario,
}

/// A world's clock, in a script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockScenario {
    /// How time passes.
    pub mode: ClockMode,
    /// When the world begins; now by default.
    #[serde(default)]
    pub start: Option<Timestamp>,
}

impl Scenario {
    /// An empty script: every job completes after about four seconds, nothing breaks.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a script in YAML, of which JSON is a part.
    ///
    /// # Errors
    /// A sentence that names the place and what is wrong there.
    pub fn parse(text: &str) -> Result<Self, String> {
        let scenario: Self = serde_saphyr::from_str(text)
            .map_err(|error| format!("The scenario is wrong: {error}"))?;
        scenario.check().map_err(|error| format!("The scenario is wrong: {error}"))?;
        Ok(scenario)
    }

    /// Says what in the script has no meaning, though its grammar is right.
    pub(crate) fn check(&self) -> Result<(), String> {
        if let Some(clock) = &self.clock {
            clock.mode.check()?;
        }
        let within = |place: &str, number: usize, verdict: Result<(), String>| {
            verdict.map_err(|error| format!("{place}[{number}]: {error}"))
        };
        for (number, rule) in self.jobs.iter().enumerate() {
            within("jobs", number, rule.check())?;
        }
        for (number, fault) in self.faults.iter().enumerate() {
            within("faults", number, fault.check())?;
        }
        match self.balance_usd {
            Some(balance) if !(balance.is_finite() && balance >= 0.0) => {
                Err("balance_usd is not below zero".to_owned())
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

    /// Sets what becomes of a submit that lacks a required input.
    #[must_use]
    pub fn missing_input(mut self, missing_input: MissingInput) -> Self {
        self.missing_input = missing_input;
        self
    }

    /// Takes any model, not only those that the mock has a description of.
    #[must_use]
    pub fn accept_unknown_models(mut self) -> Self {
        self.unknown_models = UnknownModels::Accepted;
        self
    }

    /// Sets the balance at the start, in dollars.
    #[must_use]
    pub fn balance_usd(mut self, balance: f64) -> Self {
        self.balance_usd = Some(balance);
        self
    }

    /// Sets how webhooks go.
    #[must_use]
    pub fn webhooks(mut self, webhooks: WebhookScenario) -> Self {
        self.webhooks = webhooks;
        self
    }

    /// Sets what the account may do at most.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets how the list of past jobs goes.
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
    fn the_grammar_of_the_documentation() {
        let text = r#"
seed: 42
clock: {mode: manual, start: 2026-01-01T00:00:00Z}
balance_usd: 12.5
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
faults:
  - {at: submit, nth: 1, when: after_accept, do: reset}
  - {at: poll, nth: [2, 3], do: {status: 503, retry_after: 7s}}
  - {at: poll, every: 2, do: {status: 502, body: html}}
  - {at: any, probability: 0.5, until: 3, do: {delay: 10ms}}
  - {at: output, do: {fin_at: 100}}
  - {at: put, do: {status: 429, retry_after: {raw: soon}}}
"#;
        let scenario = Scenario::parse(text).unwrap();
        assert_eq!(scenario.jobs.len(), 3);
        assert_eq!(scenario.faults.len(), 6);
        assert_eq!(
            scenario.faults[0],
            Fault::at(RequestKind::Submit).nth(1).after_accept().reset()
        );
        let json = serde_json::to_string(&scenario).unwrap();
        assert_eq!(Scenario::parse(&json).unwrap(), scenario, "JSON says the same");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, word) in [
            ("jobz: []", "jobz"),
            ("faults: [{at: moon, do: reset}]", "moon"),
            ("faults: [{at: poll, do: explode}]", "explode"),
            ("faults: [{at: poll, nth: 1, do: {status: 503, retry: 7}}]", "retry"),
            ("faults: [{at: poll, do: {reset: 1, close: 2}}]", "one word"),
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
            ("clock: {mode: lockstepp}", "lockstepp"),
            ("balance_usd: .inf", "balance_usd"),
            ("limits: {per_hour: 1}", "per_hour"),
            ("history: {appears_after: soon}", "soon"),
        ] {
            let error = Scenario::parse(text).unwrap_err();
            assert!(error.starts_with("The scenario is wrong: "), "{text}: {error}");
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
