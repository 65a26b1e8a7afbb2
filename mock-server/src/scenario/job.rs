//! How jobs proceed.

mod run;

use std::collections::BTreeMap;
use std::time::Duration;

use globset::Glob;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::Span;
use super::parse::from_value;
use super::strict::Node;
use crate::suggest::closest;

pub use run::JobRun;

/// The highest price of a job.
const MAX_PRICE_USD: f64 = 1_000_000.0;

/// A rule for the jobs that match it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JobRule {
    /// Which submits it applies to; all by default.
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    pub matches: Option<JobMatch>,
    /// The job's states; the model's by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeline: Option<Timeline>,
    /// Several runs, such as those of recordings. Each job takes one of them, drawn from the world's seed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub one_of: Vec<JobRun>,
    /// The price in USD; 0.07 by default, a guess.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_usd: Option<f64>,
    /// The application code of a job that does not complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    /// The error text of a job that does not complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Which submits a rule applies to.
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
    /// Returns whether the n-th accepted submit, of this model, matches.
    #[must_use]
    pub fn fits(&self, model: &str, nth: u64) -> bool {
        // A scenario may have a rule for each of thousands of submits: a pattern takes longer.
        self.fits_number(nth) && self.fits_model(model)
    }

    fn fits_number(&self, nth: u64) -> bool {
        self.nth.is_none_or(|wanted| wanted == nth)
    }

    fn fits_model(&self, model: &str) -> bool {
        self.model.as_ref().is_none_or(|pattern| {
            Glob::new(pattern).is_ok_and(|glob| glob.compile_matcher().is_match(model))
        })
    }

    /// Returns how many conditions the n-th accepted submit, of this model, does not meet.
    pub(crate) fn unmet(&self, model: &str, nth: u64) -> usize {
        usize::from(!self.fits_number(nth)) + usize::from(!self.fits_model(model))
    }

    /// Returns a sentence for each condition that the n-th accepted submit, of this model, does not
    /// meet.
    pub(crate) fn differences(&self, model: &str, nth: u64) -> Vec<String> {
        let mut differences = Vec::new();
        if let Some(pattern) = self.model.as_ref().filter(|_| !self.fits_model(model)) {
            differences.push(format!("`match.model` is {pattern}, the model is {model}"));
        }
        if let Some(wanted) = self.nth.filter(|wanted| *wanted != nth) {
            differences.push(format!("`match.nth` is {wanted}, this is submit {nth}"));
        }
        differences
    }
}

/// The states of a job.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Timeline {
    /// Each state and when it begins, counted from the submit.
    Times(Vec<BTreeMap<String, Span>>),
    /// States that depend on the number of polls.
    Polls(PollCount),
}

/// A timeline by polls: `created` before the first, `processing` from the first, and the last state
/// from the n-th.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PollCount {
    /// The poll that sees the last state.
    pub after_polls: u64,
    /// The last state; `completed` by default.
    #[serde(default = "completed")]
    pub ends: String,
}

impl<'de> Deserialize<'de> for Timeline {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Node::deserialize(deserializer)?;
        let timeline = match &value {
            Node::List(_) => from_value(&value).map(Self::Times),
            Node::Object(_) => from_value(&value).map(Self::Polls),
            other => Err(format!(
                "must be a list such as [{{created: 0s}}, {{completed: 5s}}], or {{after_polls: 3}}, got \
                 {other}"
            )),
        };
        timeline.map_err(D::Error::custom)
    }
}

fn completed() -> String {
    "completed".to_owned()
}

impl Timeline {
    /// Returns a timeline of these states at these seconds after the submit.
    #[must_use]
    pub fn secs(states: &[(&str, u64)]) -> Self {
        let entry =
            |(word, at): &(&str, u64)| BTreeMap::from([((*word).to_owned(), Span::secs(*at))]);
        Self::Times(states.iter().map(entry).collect())
    }

    /// Returns a timeline of `created`, then `processing`, then the last state at these times.
    #[must_use]
    pub fn standard(processing: Duration, end: Duration, last: &str) -> Self {
        Self::Times(vec![
            BTreeMap::from([("created".to_owned(), Span::default())]),
            BTreeMap::from([("processing".to_owned(), Span(processing))]),
            BTreeMap::from([(last.to_owned(), Span(end))]),
        ])
    }

    /// Returns a timeline that is `completed` from the n-th poll on.
    #[must_use]
    pub fn after_polls(polls: u64) -> Self {
        Self::ends_after_polls(polls, "completed")
    }

    /// Returns a timeline that is in this last state from the n-th poll on.
    #[must_use]
    pub fn ends_after_polls(polls: u64, last: &str) -> Self {
        Self::Polls(PollCount { after_polls: polls, ends: last.to_owned() })
    }

    /// Returns the state at this age of the job, after this many polls.
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

    /// Returns the time from `processing`, or else from the submit, to the last state. Returns `None`
    /// for a timeline by polls.
    pub(crate) fn processing_time(&self) -> Option<Duration> {
        let Self::Times(entries) = self else { return None };
        let end = entries.iter().flatten().map(|(_, at)| at.0).max()?;
        let began = entries.iter().find_map(|entry| entry.get("processing"));
        Some(end.saturating_sub(began.map_or(Duration::ZERO, |at| at.0)))
    }

    /// Returns when the next state begins, counted from the submit. Returns `None` after the last, and
    /// for a timeline by polls.
    pub(crate) fn next_change(&self, age: Duration) -> Option<Duration> {
        let Self::Times(entries) = self else { return None };
        entries.iter().flatten().map(|(_, at)| at.0).filter(|at| *at > age).min()
    }

    /// Returns the first terminal state and its time, counted from the submit. Returns `None` if there
    /// is none, and for a timeline by polls.
    pub(crate) fn end(&self) -> Option<(Duration, &str)> {
        let Self::Times(entries) = self else { return None };
        let ends = entries
            .iter()
            .flatten()
            .filter(|(word, _)| viseme_spec::Status::from_word(word).is_terminal());
        ends.min_by_key(|(_, at)| at.0).map(|(word, at)| (at.0, word.as_str()))
    }

    /// Returns the last state.
    pub(crate) fn last(&self) -> &str {
        match self {
            Self::Times(_) => self.state(Duration::MAX, 0),
            Self::Polls(count) => &count.ends,
        }
    }

    /// Returns how many polls lead to the last state; 0 for a timeline by time.
    pub(crate) fn polls_to_end(&self) -> u64 {
        match self {
            Self::Times(_) => 0,
            Self::Polls(count) => count.after_polls,
        }
    }
}

impl Timeline {
    /// Returns a status that differs in one letter from a status of the service, and that one. Any other
    /// word is a status that the service may introduce, and so are the given ones.
    fn misspelled_status(&self, other_statuses: &[String]) -> Option<(&str, &'static str)> {
        let words: Vec<&str> = match self {
            Self::Times(entries) => {
                entries.iter().flatten().map(|(word, _)| word.as_str()).collect()
            }
            Self::Polls(count) => vec![&count.ends],
        };
        words.into_iter().find_map(|word| {
            let is_known = other_statuses.iter().any(|other| other == word)
                || !matches!(viseme_spec::Status::from_word(word), viseme_spec::Status::Other(_));
            let known = closest(word, STATUSES, 1).filter(|known| !is_known && *known != word)?;
            Some((word, known))
        })
    }
}

/// Returns whether a state begins before the one in front of it.
fn runs_backwards(entries: &[BTreeMap<String, Span>]) -> bool {
    let times = || entries.iter().flatten().map(|(_, at)| at.0);
    times().zip(times().skip(1)).any(|(one, next)| next < one)
}

impl JobRule {
    /// Returns an error if a value is out of range. `other_statuses` are no misspelled ones.
    pub(super) fn validate(&self, other_statuses: &[String]) -> Result<(), String> {
        if let Some(pattern) = self.matches.as_ref().and_then(|matches| matches.model.as_ref()) {
            Glob::new(pattern)
                .map_err(|error| format!("`match.model` is not a valid pattern: {error}"))?;
        }
        if let Some(price) = self.price_usd.filter(|price| !(0.0..=MAX_PRICE_USD).contains(price)) {
            return Err(format!("`price_usd` must be from 0 to {MAX_PRICE_USD}, got {price}"));
        }
        self.validate_runs(other_statuses)?;
        let misspelled = |timeline: &Timeline| {
            let (word, known) = timeline.misspelled_status(other_statuses)?;
            Some((word.to_owned(), known))
        };
        if let Some((word, known)) = self.timeline.as_ref().and_then(misspelled) {
            return Err(format!("`timeline` has the status `{word}`; did you mean `{known}`?"));
        }
        match &self.timeline {
            Some(Timeline::Times(entries)) if runs_backwards(entries) => {
                Err("`timeline` must not run backwards: each state begins after the one before it"
                    .to_owned())
            }
            Some(Timeline::Times(entries))
                if entries.is_empty() || entries.iter().any(|entry| entry.len() != 1) =>
            {
                Err("`timeline` must be a list with one state per entry, such as [{created: 0s}, \
                     {completed: 5s}]"
                    .to_owned())
            }
            _ => Ok(()),
        }
    }

    /// Returns a rule for all jobs with this timeline.
    #[must_use]
    pub fn new(timeline: Timeline) -> Self {
        Self { timeline: Some(timeline), ..Self::default() }
    }

    /// Limits the rule to models that match the glob.
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

    /// Sets the price in USD.
    #[must_use]
    pub fn price_usd(mut self, price: f64) -> Self {
        self.price_usd = Some(price);
        self
    }
}

/// The output of a completed job whose inputs are a video and a voice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputMode {
    /// The video with the voice as its sound. The pictures are copied, and lips do not move.
    Dubbed,
    /// The video as it was uploaded, byte for byte.
    #[default]
    Video,
}

/// The statuses of the service.
const STATUSES: [&str; 7] =
    ["created", "processing", "completed", "failed", "cancelled", "timeout", "deleted"];

/// How a submit to an unknown model is handled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownModels {
    /// It is accepted with any input: the service has some 950 models. The journal notes it. An id
    /// that is nearly a known one gets HTTP 404.
    #[default]
    Accepted,
    /// It gets HTTP 404.
    Refused,
}

/// How a submit without a required input is handled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingInput {
    /// It gets HTTP 400. No job is created, nothing is charged.
    #[default]
    Refused,
    /// It is accepted, and the job fails with code 1400.
    JobFails,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_depends_on_time_or_polls() {
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
    fn a_rule_matches_by_model_and_number() {
        let rule = JobRule::default().model("kwaivgi/**").nth(2).matches.unwrap();
        assert!(rule.fits("kwaivgi/kling-lipsync/audio-to-video", 2));
        assert!(!rule.fits("kwaivgi/kling-lipsync/audio-to-video", 1));
        assert!(!rule.fits("other/model", 2));
    }
}
