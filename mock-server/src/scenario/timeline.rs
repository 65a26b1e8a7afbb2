//! How a job goes.

use std::collections::BTreeMap;
use std::time::Duration;

use globset::Glob;
use serde::{Deserialize, Serialize};

use super::Span;

/// A rule for the jobs that fit it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JobRule {
    /// Which submits it is for; all of them by default.
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    pub matches: Option<JobMatch>,
    /// The job's states; the model's own by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeline: Option<Timeline>,
    /// What the job costs in dollars; 0.07 by default, a guess.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_usd: Option<f64>,
    /// The application code of a job that does not complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    /// The error text of a job that does not complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Which submits a rule is for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JobMatch {
    /// A glob over the model's id, such as `kwaivgi/**`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Only the n-th accepted submit of the world, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
}

impl JobMatch {
    /// Whether the n-th accepted submit, of this model, is meant.
    #[must_use]
    pub fn fits(&self, model: &str, nth: u64) -> bool {
        let model_fits = self.model.as_ref().is_none_or(|pattern| {
            Glob::new(pattern).is_ok_and(|glob| glob.compile_matcher().is_match(model))
        });
        model_fits && self.nth.is_none_or(|wanted| wanted == nth)
    }
}

/// The states of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "`timeline` is a list such as [{created: 0s}, {completed: 5s}], or {after_polls: 3}"
)]
pub enum Timeline {
    /// Each state and when it begins, counted from the submit.
    Times(Vec<BTreeMap<String, Span>>),
    /// By the number of polls.
    Polls(PollCount),
}

/// A timeline that goes by polls: `created` before the first, `processing` from the first, and
/// the last state from the n-th.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PollCount {
    /// The poll that sees the last state.
    pub after_polls: u64,
    /// The last state; `completed` by default.
    #[serde(default = "completed")]
    pub ends: String,
}

fn completed() -> String {
    "completed".to_owned()
}

impl Timeline {
    /// The given states at the given seconds after the submit.
    #[must_use]
    pub fn secs(states: &[(&str, u64)]) -> Self {
        let entry =
            |(word, at): &(&str, u64)| BTreeMap::from([((*word).to_owned(), Span::secs(*at))]);
        Self::Times(states.iter().map(entry).collect())
    }

    /// `created`, then `processing`, then the last state at the given times.
    #[must_use]
    pub fn usual(processing: Duration, end: Duration, last: &str) -> Self {
        Self::Times(vec![
            BTreeMap::from([("created".to_owned(), Span::default())]),
            BTreeMap::from([("processing".to_owned(), Span(processing))]),
            BTreeMap::from([(last.to_owned(), Span(end))]),
        ])
    }

    /// Completed from the n-th poll on.
    #[must_use]
    pub fn after_polls(polls: u64) -> Self {
        Self::ends_after_polls(polls, "completed")
    }

    /// In that last state from the n-th poll on.
    #[must_use]
    pub fn ends_after_polls(polls: u64, last: &str) -> Self {
        Self::Polls(PollCount { after_polls: polls, ends: last.to_owned() })
    }

    /// The state at a moment: so long after the submit, seen by the n-th poll (0 for none yet).
    #[must_use]
    pub fn state(&self, age: Duration, polls: u64) -> &str {
        match self {
            Self::Times(entries) => entries
                .iter()
                .flatten()
                .filter(|(_, at)| at.0 <= age)
                .max_by_key(|(_, at)| at.0)
                .map_or("created", |(word, _)| word),
            Self::Polls(count) if polls >= count.after_polls => &count.ends,
            Self::Polls(_) if polls == 0 => "created",
            Self::Polls(_) => "processing",
        }
    }
}

impl Timeline {
    /// The time from `processing`, or else from the submit, to the last state; `None` where that
    /// hangs on polls.
    pub(crate) fn took(&self) -> Option<Duration> {
        let Self::Times(entries) = self else { return None };
        let end = entries.iter().flatten().map(|(_, at)| at.0).max()?;
        let began = entries.iter().find_map(|entry| entry.get("processing"));
        Some(end.saturating_sub(began.map_or(Duration::ZERO, |at| at.0)))
    }

    /// When the next state begins, counted from the submit; `None` after the last, and where that
    /// hangs on polls.
    pub(crate) fn next_change(&self, age: Duration) -> Option<Duration> {
        let Self::Times(entries) = self else { return None };
        entries.iter().flatten().map(|(_, at)| at.0).filter(|at| *at > age).min()
    }

    /// The first final state and when it comes, counted from the submit; `None` where that hangs
    /// on polls, or where there is none.
    pub(crate) fn ends(&self) -> Option<(Duration, &str)> {
        let Self::Times(entries) = self else { return None };
        let ends = entries
            .iter()
            .flatten()
            .filter(|(word, _)| viseme_spec::Status::from_word(word).is_terminal());
        ends.min_by_key(|(_, at)| at.0).map(|(word, at)| (at.0, word.as_str()))
    }

    /// The last state.
    pub(crate) fn last(&self) -> &str {
        match self {
            Self::Times(_) => self.state(Duration::MAX, 0),
            Self::Polls(count) => &count.ends,
        }
    }

    /// How many polls bring the last state; 0 where polls do not matter.
    pub(crate) fn polls_to_the_end(&self) -> u64 {
        match self {
            Self::Times(_) => 0,
            Self::Polls(count) => count.after_polls,
        }
    }
}

impl JobRule {
    /// Says what in it has no meaning.
    pub(crate) fn check(&self) -> Result<(), String> {
        if let Some(pattern) = self.matches.as_ref().and_then(|matches| matches.model.as_ref()) {
            Glob::new(pattern).map_err(|error| format!("model: {error}"))?;
        }
        if self.price_usd.is_some_and(|price| !(price.is_finite() && price >= 0.0)) {
            return Err("price_usd is not below zero".to_owned());
        }
        match &self.timeline {
            Some(Timeline::Times(entries))
                if entries.is_empty() || entries.iter().any(|entry| entry.len() != 1) =>
            {
                Err("timeline is a list of entries with one state each".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// A rule for all jobs with this timeline.
    #[must_use]
    pub fn new(timeline: Timeline) -> Self {
        Self { timeline: Some(timeline), ..Self::default() }
    }

    /// Limits the rule to models that fit the glob.
    #[must_use]
    pub fn model(mut self, pattern: &str) -> Self {
        self.matches.get_or_insert_default().model = Some(pattern.to_owned());
        self
    }

    /// Limits the rule to the n-th accepted submit.
    #[must_use]
    pub fn nth(mut self, nth: u64) -> Self {
        self.matches.get_or_insert_default().nth = Some(nth);
        self
    }

    /// Sets the application code and the error text of a job that does not complete.
    #[must_use]
    pub fn error(mut self, code: i64, text: &str) -> Self {
        self.code = Some(code);
        self.error = Some(text.to_owned());
        self
    }

    /// Sets the price in dollars.
    #[must_use]
    pub fn price_usd(mut self, price: f64) -> Self {
        self.price_usd = Some(price);
        self
    }
}

/// What becomes of a submit for a model that the mock has no description of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownModels {
    /// HTTP 404.
    #[default]
    Refused,
    /// It is taken with whatever input it has: the service has some 950 models.
    Accepted,
}

/// What becomes of a submit that lacks a required input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingInput {
    /// HTTP 400, nothing is made and nothing charged.
    #[default]
    Refused,
    /// The submit is accepted, and the job fails with code 1400.
    JobFails,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_by_time_and_by_polls() {
        let times = Timeline::secs(&[("created", 0), ("processing", 2), ("completed", 5)]);
        let states: Vec<_> =
            [0, 1, 2, 4, 5, 99].iter().map(|s| times.state(Duration::from_secs(*s), 0)).collect();
        assert_eq!(
            states,
            ["created", "created", "processing", "processing", "completed", "completed"]
        );
        let polls = Timeline::ends_after_polls(2, "failed");
        let states: Vec<_> = (0..4).map(|n| polls.state(Duration::ZERO, n)).collect();
        assert_eq!(states, ["created", "processing", "failed", "failed"]);
    }

    #[test]
    fn which_submits_a_rule_is_for() {
        let rule = JobRule::default().model("kwaivgi/**").nth(2).matches.unwrap();
        assert!(rule.fits("kwaivgi/kling-lipsync/audio-to-video", 2));
        assert!(!rule.fits("kwaivgi/kling-lipsync/audio-to-video", 1));
        assert!(!rule.fits("other/model", 2));
    }
}
