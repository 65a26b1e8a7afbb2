//! A job, as the service sees it.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::artefact::Artefact;
use crate::scenario::Timeline;

/// The time after which jobs, their outputs and uploads are gone: seven days.
pub(crate) const RETENTION: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A job in a world.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) model: String,
    pub(crate) input: Value,
    pub(crate) timeline: Timeline,
    pub(crate) code: Option<i64>,
    pub(crate) error: Option<String>,
    pub(crate) price_usd: f64,
    pub(crate) webhook: Option<String>,
    /// Whether its outputs are given as base64 in place of URLs.
    pub(crate) base64: bool,
    /// When it was submitted, on the world's clock.
    pub(crate) submitted: Duration,
    pub(crate) polls: u64,
    /// When its end was first seen, where no timeline tells when it came.
    pub(crate) end_seen: Option<Duration>,
    /// The state that a client was told last.
    pub(crate) told: Option<String>,
    /// A state set by hand, which wins over the timeline.
    pub(crate) forced: Option<String>,
    pub(crate) deleted: bool,
    /// What the completed job gives.
    pub(crate) output: Arc<Artefact>,
    /// Whether an answer with its id went out whole.
    pub(crate) id_told: bool,
    /// Whether a completed state with its outputs went out whole.
    pub(crate) delivered: bool,
}

/// What the service says of a job. Written straight into the answer: of a status read, most of
/// the cost would otherwise be a tree of values made for nothing.
#[derive(Debug, Serialize)]
pub(crate) struct Prediction<'j> {
    id: &'j str,
    model: &'j str,
    outputs: Vec<String>,
    urls: Urls,
    has_nsfw_contents: &'static [bool],
    status: &'j str,
    created_at: &'j str,
    error: &'j str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<i64>,
    #[serde(rename = "executionTime")]
    execution_time: u64,
    timings: Timings,
}

#[derive(Debug, Serialize)]
struct Urls {
    get: String,
}

#[derive(Debug, Serialize)]
struct Timings {
    inference: u64,
}

/// What a test may know of a job.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JobRecord {
    /// Its id.
    pub id: String,
    /// Its model.
    pub model: String,
    /// The input that was accepted: unknown keys are dropped.
    pub input: Value,
    /// When it was submitted, as the service writes dates.
    pub created_at: String,
    /// Its state now.
    pub status: String,
    /// How many times it was polled.
    pub polls: u64,
    /// Where it was asked to call back.
    pub webhook: Option<String>,
}

impl Job {
    /// Its state at a moment of the world's clock.
    pub(crate) fn status(&self, now: Duration) -> &str {
        if self.deleted {
            return "deleted";
        }
        match &self.forced {
            Some(status) => status,
            None => self.timeline.state(now.saturating_sub(self.submitted), self.polls),
        }
    }

    /// A poll: counts it, and takes note where it is the first to see the end.
    pub(crate) fn poll(&mut self, now: Duration) {
        self.polls += 1;
        self.note_told(now);
        if self.end_seen.is_none() && is_terminal(self.status(now)) {
            self.end_seen = Some(now);
        }
    }

    /// Takes note that a client is told of its state.
    pub(crate) fn note_told(&mut self, now: Duration) {
        if self.told.as_deref() != Some(self.status(now)) {
            self.told = Some(self.status(now).to_owned());
        }
    }

    /// How long its state stays the one that was told last; `None` where it is another, or stays
    /// for ever.
    pub(crate) fn unchanged_for(&self, now: Duration) -> Option<Duration> {
        let same = self.told.as_deref() == Some(self.status(now));
        let by_time = same && self.forced.is_none() && !self.deleted;
        let age = now.saturating_sub(self.submitted);
        by_time.then(|| self.timeline.next_change(age))?.map(|at| at.saturating_sub(age))
    }

    /// Whether it is in a final state.
    pub(crate) fn has_ended(&self, now: Duration) -> bool {
        is_terminal(self.status(now))
    }

    /// How long until its end, where its timeline tells.
    pub(crate) fn ends_in(&self, now: Duration) -> Option<Duration> {
        let scripted = self.timeline.ends().filter(|_| self.forced.is_none());
        scripted.map(|(at, _)| self.submitted.saturating_add(at).saturating_sub(now))
    }

    /// How long it was worked on, once it has ended.
    fn took(&self, now: Duration) -> Duration {
        let scripted = self.timeline.took().filter(|_| self.forced.is_none());
        scripted.unwrap_or_else(|| self.end_seen.unwrap_or(now).saturating_sub(self.submitted))
    }

    pub(crate) fn is_expired(&self, now: Duration) -> bool {
        now.saturating_sub(self.submitted) >= RETENTION
    }

    /// What is told of it outside of the API; `created_at` is its date.
    pub(crate) fn record(&self, now: Duration, created_at: String) -> JobRecord {
        JobRecord {
            id: self.id.clone(),
            model: self.model.clone(),
            input: self.input.clone(),
            created_at,
            status: self.status(now).to_owned(),
            polls: self.polls,
            webhook: self.webhook.clone(),
        }
    }

    /// What the service says of it. `created_at` is its date; `base` is the server's URL and
    /// `world` the world's id.
    pub(crate) fn prediction<'j>(
        &'j self,
        now: Duration,
        created_at: &'j str,
        base: &str,
        world: &str,
    ) -> Prediction<'j> {
        let status = self.status(now);
        let completed = status == "completed";
        let took = if is_terminal(status) { millis(self.took(now)) } else { 0 };
        let output = || format!("{base}/_outputs/{world}/{}/{}", self.id, self.output.name);
        let (code, error) = self.trouble(status);
        Prediction {
            id: &self.id,
            model: &self.model,
            outputs: completed.then(output).into_iter().collect(),
            urls: Urls { get: format!("{base}/api/v3/predictions/{}/result", self.id) },
            has_nsfw_contents: if completed { &[false] } else { &[] },
            status,
            created_at,
            error,
            code,
            execution_time: took,
            timings: Timings { inference: took },
        }
    }

    /// The application code and the error text in that state.
    fn trouble(&self, status: &str) -> (Option<i64>, &str) {
        let text = self.error.as_deref();
        match status {
            "failed" => (self.code.or(Some(1403)), text.unwrap_or("Task execution failed.")),
            "cancelled" | "timeout" | "deleted" => (self.code, text.unwrap_or_default()),
            _ => (None, ""),
        }
    }
}

fn is_terminal(status: &str) -> bool {
    viseme_spec::Status::from_word(status).is_terminal()
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
