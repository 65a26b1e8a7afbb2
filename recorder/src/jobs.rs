//! The jobs whose submits were accepted, as their states become known.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::intervals::{Accepted, Observation, Span, accepted_spans, is_terminal, states};
use crate::recording::{JobOutcome, RecordedJob, RecordedOutput};
use crate::redact::{redacted, without_queries};

/// A job whose submit was accepted. Times are in microseconds after the start of the recorder.
pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) model: String,
    pub(crate) input: Value,
    pub(crate) webhook: bool,
    pub(crate) sent: u64,
    pub(crate) accepted: u64,
    pub(crate) submitted_at: Timestamp,
    /// The last response about it: the inner object.
    last: Value,
    observations: Vec<Observation>,
}

impl Job {
    /// Creates a job from the response to its submit. Returns `None` if that has no id.
    pub(crate) fn new(
        response: &Value,
        model: String,
        input: Value,
        webhook: bool,
        (sent, accepted): (u64, u64),
        submitted_at: Timestamp,
    ) -> Option<Self> {
        let data = prediction(response)?;
        let id = data.get("id")?.as_str()?.to_owned();
        let mut job = Self {
            id,
            model,
            input,
            webhook,
            sent,
            accepted,
            submitted_at,
            last: Value::Null,
            observations: Vec::new(),
        };
        job.observe(response, sent, accepted);
        Some(job)
    }

    /// Adds a response about it. Returns whether the status is new.
    pub(crate) fn observe(&mut self, response: &Value, sent: u64, received: u64) -> bool {
        let Some(data) = prediction(response) else { return false };
        let Some(status) = data.get("status").and_then(Value::as_str) else { return false };
        let is_new = self.observations.iter().all(|seen| seen.status != status);
        let has_ended = self.has_ended();
        self.observations.push(Observation { status: status.to_owned(), sent, received });
        // A response that was overtaken does not replace the end.
        if !has_ended || is_terminal(status) {
            self.last = data.clone();
        }
        is_new
    }

    /// Returns whether it cannot change any more.
    pub(crate) fn has_ended(&self) -> bool {
        self.observations.iter().any(|seen| is_terminal(&seen.status))
    }

    /// Returns how many responses about it there were.
    pub(crate) fn observed(&self) -> usize {
        self.observations.len()
    }

    /// Returns the last known status.
    pub(crate) fn status(&self) -> &str {
        self.last.get("status").and_then(Value::as_str).unwrap_or("unknown")
    }

    /// Returns when the last response about it arrived.
    pub(crate) fn last_seen(&self) -> u64 {
        self.observations.iter().map(|seen| seen.received).max().unwrap_or(self.accepted)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.last.get(name).and_then(Value::as_str)
    }

    /// Returns how long the service says that it worked on it.
    fn processing_ms(&self) -> Option<u64> {
        if !self.has_ended() {
            return None;
        }
        let inference = self.last.pointer("/timings/inference").and_then(Value::as_u64);
        inference.or_else(|| self.last.get("executionTime").and_then(Value::as_u64))
    }

    fn recorded(&self, accepted: Span, files: &HashMap<String, String>) -> RecordedJob {
        let outputs = self.last.get("outputs").and_then(Value::as_array);
        let outputs = outputs.into_iter().flatten().map(|output| recorded_output(output, files));
        RecordedJob {
            id: self.id.clone(),
            model: self.model.clone(),
            input: redacted(&self.input),
            webhook: self.webhook,
            sent_at_ms: self.sent / 1000,
            accepted_at_ms: self.accepted.div_ceil(1000),
            submitted_at: self.submitted_at,
            created_at: self.text("created_at").map(str::to_owned),
            states: states(&self.observations, accepted, self.processing_ms()),
            outcome: self.has_ended().then(|| JobOutcome {
                status: self.status().to_owned(),
                code: self.last.get("code").and_then(Value::as_i64),
                error: without_queries(self.text("error").unwrap_or_default()),
                outputs: outputs.collect(),
            }),
            timings: self.last.get("timings").map(redacted),
            execution_time_ms: self.last.get("executionTime").and_then(Value::as_u64),
        }
    }
}

/// Returns the prediction in a response: in its envelope, or without one.
fn prediction(response: &Value) -> Option<&Value> {
    let data = response.get("data").filter(|data| data.is_object()).unwrap_or(response);
    data.get("status").is_some().then_some(data)
}

fn recorded_output(output: &Value, files: &HashMap<String, String>) -> RecordedOutput {
    let url = output.as_str().or_else(|| output.get("url").and_then(Value::as_str));
    match url.filter(|url| url.starts_with("https://") || url.starts_with("http://")) {
        Some(url) => {
            let url = without_query(url).to_owned();
            let sha256 = files.get(&url).cloned();
            RecordedOutput::File { url, sha256 }
        }
        None => RecordedOutput::Value { value: redacted(output) },
    }
}

/// Returns a URL without its query and fragment.
pub(crate) fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

/// Returns the jobs as they are recorded. `files` has the hashes of files by their URLs.
pub(crate) fn recorded(jobs: &[Job], files: &HashMap<String, String>) -> Vec<RecordedJob> {
    let accepted: Vec<Accepted> = jobs
        .iter()
        .map(|job| Accepted {
            span: Span { from: job.sent, to: job.accepted },
            created_at: job
                .text("created_at")
                .and_then(|text| text.parse::<Timestamp>().ok())
                .map(Timestamp::as_microsecond),
        })
        .collect();
    let spans = accepted_spans(&accepted);
    jobs.iter().zip(spans).map(|(job, span)| job.recorded(span, files)).collect()
}
