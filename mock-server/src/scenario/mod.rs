//! What shall happen in a world: how jobs go, and what breaks. The same grammar in YAML, in JSON
//! and over the control API.

mod fault;
mod span;
mod timeline;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use fault::{Body, Content, Effect, Fault, Nth, Point, RetryAfter, StatusReply, When, Wire};
pub use span::Span;
pub use timeline::{JobMatch, JobRule, MissingInput, Timeline};

use crate::clock::ClockMode;

/// A world's script.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    /// What ids and random choices are made from; the same seed gives the same ones.
    pub seed: Option<u64>,
    /// How time passes.
    pub clock: Option<ClockScript>,
    /// How jobs go; the first rule that fits a submit is taken.
    pub jobs: Vec<JobRule>,
    /// What breaks.
    pub faults: Vec<Fault>,
    /// What becomes of a submit that lacks a required input. How the service does it is not
    /// known.
    pub missing_input: MissingInput,
    /// The balance in dollars at the start; 100 by default.
    pub balance_usd: Option<f64>,
}

/// A world's clock, in a script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockScript {
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
        serde_saphyr::from_str(text).map_err(|error| format!("The scenario is wrong: {error}"))
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
        self.clock = Some(ClockScript { mode, start: None });
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
        assert_eq!(scenario.faults[0], Fault::at(Point::Submit).nth(1).after_accept().reset());
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
            ("jobs: [{timeline: [{created: soon}]}]", "soon"),
        ] {
            let error = Scenario::parse(text).unwrap_err();
            assert!(error.contains("scenario"), "{text}: {error}");
            assert!(error.contains(word) || error.contains("variant"), "{text}: {error}");
        }
    }
}
