//! A job, and its representation in the API.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use super::exchange_record::Moment;
use crate::dubbed_output::DubbedOutput;
use crate::response::Response;
use crate::scenario::Timeline;
use crate::stored_file::StoredFile;

/// The time after which jobs, outputs and uploads are removed: seven days.
pub(crate) const RETENTION: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A job in a world.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) id: Arc<str>,
    pub(crate) model: String,
    pub(crate) input: Value,
    pub(crate) timeline: Timeline,
    pub(crate) code: Option<i64>,
    pub(crate) error: Option<String>,
    pub(crate) price_usd: f64,
    pub(crate) webhook: Option<String>,
    /// The base URL of the submit, for webhooks.
    pub(crate) base_url: String,
    /// Whether its outputs are base64 instead of URLs.
    pub(crate) base64: bool,
    /// When it was submitted, on the world's clock.
    pub(crate) submitted: Duration,
    /// The last response that showed it.
    pub(crate) shown: Option<Shown>,
    pub(crate) polls: u64,
    /// When its end was first seen, if the timeline has no time for it.
    pub(crate) end_seen: Option<Duration>,
    /// The status in the last response to a client.
    pub(crate) last_reported: Option<String>,
    /// A status set over the control API; it overrides the timeline.
    pub(crate) forced: Option<String>,
    /// When that status was set.
    pub(crate) forced_at: Option<Duration>,
    pub(crate) deleted: bool,
    /// The output of the completed job.
    pub(crate) output: JobOutput,
    /// Whether a whole response with its id was written.
    pub(crate) id_delivered: bool,
    /// Whether a whole response with its outputs was written.
    pub(crate) delivered: bool,
    /// Whether an earlier job has the same model and input.
    pub(crate) duplicate: bool,
    /// The id of its last event.
    pub(crate) last_event: u64,
    /// The status in its last event that was written.
    pub(crate) written_status: Option<String>,
    /// Whether that status can change by the clock; `None` before the first event.
    pub(crate) is_running: Option<bool>,
}

/// A response that showed a job, and everything in it that can change.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    /// When the timeline alone gives this status, on the world's clock. `None` if it also counts polls, or
    /// did not decide.
    period: Option<Range<Duration>>,
    status: String,
    took: u64,
    created_at: Moment,
    base_url: Arc<str>,
    /// The whole body of the response.
    body: Bytes,
}

/// The output of a completed job.
#[derive(Clone, Debug)]
pub(crate) enum JobOutput {
    File(Arc<StoredFile>),
    /// The video with the voice.
    Dubbed(Arc<DubbedOutput>),
    /// Of a text model.
    Text(String),
}

/// A job as the API shows it. It is serialized directly: building a tree of values would be most of
/// the cost of a status read.
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

/// A job as tests see it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JobRecord {
    /// Its id.
    pub id: String,
    /// Its model.
    pub model: String,
    /// The accepted input, without unknown keys.
    pub input: Value,
    /// When it was submitted, as the service writes dates.
    pub created_at: String,
    /// Its current status.
    pub status: String,
    /// How many times it was polled.
    pub polls: u64,
    /// The webhook URL of the submit.
    pub webhook: Option<String>,
    /// Its price in USD.
    pub price_usd: f64,
    /// When its status changes next by its timeline, by the world's clock; `None` if it never does, or
    /// only with a poll.
    pub next_change_at: Option<String>,
    /// Whether its status was set over the control API. Its timeline does not change it any more.
    pub forced: bool,
    /// Whether its completed result reached the client.
    pub delivered: bool,
    /// Whether its id never reached the client.
    pub orphaned: bool,
    /// Whether it repeats the model and input of an earlier job.
    pub duplicate: bool,
}

impl Job {
    /// Returns its status at a time of the world's clock.
    pub(crate) fn status(&self, now: Duration) -> &str {
        if self.deleted {
            return "deleted";
        }
        match &self.forced {
            Some(status) => status,
            None => match self.unchanged(now) {
                Some(shown) => &shown.status,
                None => self.timeline.state(now.saturating_sub(self.submitted), self.polls),
            },
        }
    }

    /// Returns the body of the response that shows it in its current status. `created_at` is when it was
    /// submitted. Most polls see what the poll before them saw, and share its body: also the journal keeps
    /// it once.
    pub(crate) fn body(
        &mut self,
        now: Duration,
        created_at: Moment,
        base_url: &Arc<str>,
        world: &str,
    ) -> Bytes {
        let status = self.status(now);
        let took = self.took(status, now);
        if let Some(shown) = &self.shown
            && shown.status == status
            && (shown.took, shown.created_at) == (took, created_at)
            && shown.base_url == *base_url
        {
            return shown.body.clone();
        }
        let date = created_at.to_string();
        let body = Response::envelope(&self.prediction(now, &date, base_url, world));
        let status = status.to_owned();
        let base_url = Arc::clone(base_url);
        let period = self.period(now);
        self.shown = Some(Shown { period, status, took, created_at, base_url, body: body.clone() });
        body
    }

    /// Returns the last response that showed it, if by its timeline it has the same status.
    fn unchanged(&self, now: Duration) -> Option<&Shown> {
        let is_forced = self.deleted || self.forced.is_some();
        let covers = |shown: &&Shown| {
            !is_forced && shown.period.as_ref().is_some_and(|period| period.contains(&now))
        };
        self.shown.as_ref().filter(covers)
    }

    /// Returns how long its timeline keeps it in its current status, if that is known.
    fn period(&self, now: Duration) -> Option<Range<Duration>> {
        let by_time = matches!(self.timeline, Timeline::Times(_));
        if !by_time || self.deleted || self.forced.is_some() {
            return None;
        }
        let end = self.timeline.next_change(now.saturating_sub(self.submitted));
        let end = end.map_or(Duration::MAX, |at| self.submitted.saturating_add(at));
        Some(now..end)
    }

    /// Counts a poll, and records when the end is first seen.
    pub(crate) fn poll(&mut self, now: Duration) {
        self.polls += 1;
        self.mark_reported(now);
        if self.end_seen.is_none() && is_terminal(self.status(now)) {
            self.end_seen = Some(now);
        }
    }

    /// Records that a response reports its current status.
    pub(crate) fn mark_reported(&mut self, now: Duration) {
        if self.last_reported.as_deref() != Some(self.status(now)) {
            self.last_reported = Some(self.status(now).to_owned());
        }
    }

    /// Returns how long its status will stay the last reported one. Returns `None` if it has changed
    /// already, or never will.
    pub(crate) fn unchanged_for(&self, now: Duration) -> Option<Duration> {
        let same = self.last_reported.as_deref() == Some(self.status(now));
        let by_time = same && self.forced.is_none() && !self.deleted;
        let age = now.saturating_sub(self.submitted);
        by_time.then(|| self.timeline.next_change(age))?.map(|at| at.saturating_sub(age))
    }

    /// Returns whether it is in a terminal state.
    pub(crate) fn has_ended(&self, now: Duration) -> bool {
        is_terminal(self.status(now))
    }

    /// Returns how long until its end, if the timeline says so.
    pub(crate) fn time_to_end(&self, now: Duration) -> Option<Duration> {
        let scripted = self.timeline.end().filter(|_| self.forced.is_none());
        scripted.map(|(at, _)| self.submitted.saturating_add(at).saturating_sub(now))
    }

    /// Returns the processing time in milliseconds; 0 before the end.
    fn took(&self, status: &str, now: Duration) -> u64 {
        if let Some(shown) = self.unchanged(now) {
            return shown.took;
        }
        if is_terminal(status) { millis(self.processing_time(now)) } else { 0 }
    }

    /// Returns the processing time of an ended job.
    fn processing_time(&self, now: Duration) -> Duration {
        let scripted = self.timeline.processing_time().filter(|_| self.forced.is_none());
        scripted.unwrap_or_else(|| self.end_seen.unwrap_or(now).saturating_sub(self.submitted))
    }

    /// Returns its output if that is made when it is first requested.
    pub(crate) fn dubbed_output(&self) -> Option<&Arc<DubbedOutput>> {
        match &self.output {
            JobOutput::Dubbed(dubbed) => Some(dubbed),
            JobOutput::File(_) | JobOutput::Text(_) => None,
        }
    }

    pub(crate) fn is_expired(&self, now: Duration) -> bool {
        now.saturating_sub(self.submitted) >= RETENTION
    }

    /// Returns when its timeline changes its status next, on the world's clock.
    fn next_change(&self, now: Duration) -> Option<Duration> {
        if self.forced.is_some() || self.has_ended(now) {
            return None;
        }
        let age = now.saturating_sub(self.submitted);
        self.timeline.next_change(age).map(|at| self.submitted.saturating_add(at))
    }

    /// Returns the job as tests see it. `created_at` is its date, and `date` returns that of a time.
    pub(crate) fn record(
        &self,
        now: Duration,
        created_at: String,
        date: impl FnOnce(Duration) -> String,
    ) -> JobRecord {
        JobRecord {
            id: self.id.to_string(),
            model: self.model.clone(),
            input: self.input.clone(),
            created_at,
            status: self.status(now).to_owned(),
            polls: self.polls,
            webhook: self.webhook.clone(),
            price_usd: self.price_usd,
            next_change_at: self.next_change(now).map(date),
            forced: self.forced.is_some(),
            delivered: self.delivered,
            orphaned: !self.id_delivered,
            duplicate: self.duplicate,
        }
    }

    /// Returns the job as the API shows it. `created_at` is its date, `base_url` the server's URL and
    /// `world` the world's id.
    pub(crate) fn prediction<'j>(
        &'j self,
        now: Duration,
        created_at: &'j str,
        base_url: &str,
        world: &str,
    ) -> Prediction<'j> {
        let status = self.status(now);
        let completed = status == "completed";
        let took = self.took(status, now);
        let url = |name: &str| format!("{base_url}/_outputs/{world}/{}/{name}", self.id);
        let output = || match &self.output {
            JobOutput::File(file) => url(&file.name),
            JobOutput::Dubbed(dubbed) => url(dubbed.name()),
            JobOutput::Text(text) => text.clone(),
        };
        let (code, error) = self.failure(status);
        Prediction {
            id: &self.id,
            model: &self.model,
            outputs: completed.then(output).into_iter().collect(),
            urls: Urls { get: format!("{base_url}/api/v3/predictions/{}/result", self.id) },
            has_nsfw_contents: if completed { &[false] } else { &[] },
            status,
            created_at,
            error,
            code,
            execution_time: took,
            timings: Timings { inference: took },
        }
    }

    /// Returns the application code and the error text for a status.
    fn failure(&self, status: &str) -> (Option<i64>, &str) {
        let text = self.error.as_deref();
        match status {
            "failed" => (self.code.or(Some(1403)), text.unwrap_or("Task execution failed.")),
            "cancelled" | "timeout" | "deleted" => (self.code, text.unwrap_or_default()),
            _ => (None, ""),
        }
    }
}

pub(crate) fn is_terminal(status: &str) -> bool {
    viseme_spec::Status::from_word(status).is_terminal()
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
