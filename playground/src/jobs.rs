//! The jobs of this session, with the time of each step.

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::Value;

use crate::api_error::ApiError;

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    /// The POST that costs money is about to be sent, or its response is awaited.
    Submitting,
    /// The response was lost; the history is searched.
    Recovering,
    /// The service accepted the job.
    Created,
    /// The service works on it.
    Processing,
    /// It completed; its output is being saved here.
    Saving,
    /// Its output is here.
    Done,
    /// It ended without an output, or the wait for it did.
    Failed,
}

/// A step that was reached, and when, in milliseconds since the start.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Step {
    phase: Phase,
    at_ms: u64,
}

/// The saved output of a job.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SavedOutput {
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
}

/// A job of this session.
#[derive(Clone, Debug)]
pub(crate) struct JobEntry {
    pub(crate) id: String,
    pub(crate) model: String,
    /// The values as the page sent them.
    pub(crate) values: Value,
    pub(crate) price: Option<f64>,
    pub(crate) job_id: Option<String>,
    pub(crate) phase: Phase,
    /// Whether it was submitted by an earlier process.
    pub(crate) is_resumed: bool,
    /// What the client waits for, if a step failed temporarily.
    pub(crate) note: Option<String>,
    pub(crate) error: Option<ApiError>,
    pub(crate) output: Option<SavedOutput>,
    started: Instant,
    started_at: SystemTime,
    steps: Vec<Step>,
}

/// A job that the service still works on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenJob {
    /// The job id; `None` if the submit was not answered yet.
    pub job_id: Option<String>,
}

impl JobEntry {
    pub(crate) fn new(id: String, model: String, values: Value, price: Option<f64>) -> Self {
        let mut job = Self {
            id,
            model,
            values,
            price,
            job_id: None,
            phase: Phase::Submitting,
            is_resumed: false,
            note: None,
            error: None,
            output: None,
            started: Instant::now(),
            started_at: SystemTime::now(),
            steps: Vec::new(),
        };
        job.enter(Phase::Submitting);
        job
    }

    /// Returns a job that an earlier process submitted.
    pub(crate) fn resumed(id: String, model: String, job_id: Option<String>) -> Self {
        let phase = if job_id.is_some() { Phase::Created } else { Phase::Recovering };
        let mut job = Self::new(id, model, Value::Null, None);
        job.steps.clear();
        job.is_resumed = true;
        job.job_id = job_id;
        job.enter(phase);
        job
    }

    /// Enters a phase and notes the time, once for each phase.
    pub(crate) fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.note = None;
        if !self.has_reached(phase) {
            self.steps.push(Step { phase, at_ms: millis(self.started.elapsed()) });
        }
    }

    pub(crate) fn fail(&mut self, error: ApiError) {
        self.error = Some(error);
        self.enter(Phase::Failed);
    }

    /// Whether only the wait for the job or the download of its output failed.
    fn can_resume(&self) -> bool {
        let error = self.error.as_ref().filter(|_| self.phase == Phase::Failed);
        let job_ended = |error: &ApiError| matches!(error.code, "job_failed" | "job_cancelled");
        self.job_id.is_some() && error.is_some_and(|error| !job_ended(error))
    }

    /// Goes back to the step that failed, and returns the job id; `None` if there is nothing to resume.
    pub(crate) fn resume(&mut self) -> Option<String> {
        if !self.can_resume() {
            return None;
        }
        self.error = None;
        self.steps.retain(|step| step.phase != Phase::Failed);
        match self.steps.last().map(|step| step.phase) {
            Some(phase @ (Phase::Processing | Phase::Saving)) => self.enter(phase),
            _ => self.enter(Phase::Created),
        }
        self.job_id.clone()
    }

    fn has_reached(&self, phase: Phase) -> bool {
        self.steps.iter().any(|step| step.phase == phase)
    }

    fn is_open(&self) -> bool {
        let waits = !matches!(self.phase, Phase::Saving | Phase::Done | Phase::Failed);
        // The wait ended, and the job did not.
        waits || (self.can_resume() && !self.has_reached(Phase::Saving))
    }

    /// Returns the job as the page shows it.
    pub(crate) fn view(&self) -> Value {
        let started_at = self.started_at.duration_since(UNIX_EPOCH).unwrap_or_default();
        serde_json::json!({
            "id": self.id,
            "model": self.model,
            "values": self.values,
            "price": self.price,
            "job_id": self.job_id,
            "phase": self.phase,
            "is_resumed": self.is_resumed,
            "can_resume": self.can_resume(),
            "note": self.note,
            "error": self.error.as_ref().map(ApiError::to_json),
            "output": self.output.as_ref().map(|output| serde_json::json!({
                "url": format!("/api/jobs/{}/output", self.id),
                "bytes": output.bytes,
                "name": output.path.file_name().unwrap_or_default().to_string_lossy(),
            })),
            "started_at": millis(started_at),
            "now_ms": millis(self.started.elapsed()),
            "steps": self.steps,
        })
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// All jobs of this session, the oldest first.
#[derive(Default)]
pub(crate) struct Jobs(Vec<JobEntry>);

impl Jobs {
    pub(crate) fn add(&mut self, job: JobEntry) {
        self.0.push(job);
    }

    pub(crate) fn get(&self, id: &str) -> Option<&JobEntry> {
        self.0.iter().find(|job| job.id == id)
    }

    /// Changes a job and returns its new state.
    pub(crate) fn change(&mut self, id: &str, change: impl FnOnce(&mut JobEntry)) -> Option<Value> {
        let job = self.0.iter_mut().find(|job| job.id == id)?;
        change(job);
        Some(job.view())
    }

    pub(crate) fn views(&self) -> Vec<Value> {
        self.0.iter().map(JobEntry::view).collect()
    }

    /// Returns the jobs that may still cost money when this process ends.
    pub(crate) fn open(&self) -> Vec<OpenJob> {
        let open = self.0.iter().filter(|job| job.is_open());
        open.map(|job| OpenJob { job_id: job.job_id.clone() }).collect()
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn job() -> JobEntry {
        JobEntry::new("1".to_owned(), "a/b".to_owned(), Value::Null, Some(0.07))
    }

    #[test]
    fn each_phase_is_one_step_with_a_time() {
        let mut job = job();
        for phase in [Phase::Created, Phase::Processing, Phase::Processing, Phase::Done] {
            job.enter(phase);
        }
        let view = job.view();
        let steps: Vec<_> =
            view["steps"].as_array().unwrap().iter().map(|step| step["phase"].clone()).collect();
        assert_eq!(steps, ["submitting", "created", "processing", "done"]);
    }

    #[test]
    fn a_job_is_open_until_it_ends_and_after_a_wait_that_ended_early() {
        let mut jobs = Jobs::default();
        jobs.add(job());
        assert_eq!(jobs.open(), [OpenJob { job_id: None }]);
        jobs.change("1", |job| job.job_id = Some("abc".to_owned()));
        assert_eq!(jobs.open(), [OpenJob { job_id: Some("abc".to_owned()) }]);
        let error = |code| ApiError::new(StatusCode::BAD_GATEWAY, code, "");
        for code in ["wait_timeout", "connection"] {
            jobs.change("1", |job| job.fail(error(code)));
            assert_eq!(jobs.open().len(), 1, "{code}");
        }
        jobs.change("1", |job| job.fail(error("job_failed")));
        assert!(jobs.open().is_empty());
        assert!(jobs.change("2", |_| ()).is_none());
    }

    #[test]
    fn a_failed_wait_or_download_is_resumed_once_and_a_failed_job_is_not() {
        let error = |code| ApiError::new(StatusCode::BAD_GATEWAY, code, "");
        let mut entry = job();
        entry.fail(error("connection"));
        assert_eq!(entry.resume(), None, "there is no job id");
        entry.job_id = Some("abc".to_owned());
        assert_eq!(entry.resume().as_deref(), Some("abc"));
        assert_eq!((entry.phase, entry.view()["error"].clone()), (Phase::Created, Value::Null));
        assert_eq!(entry.resume(), None, "it is resumed already");
        entry.enter(Phase::Saving);
        entry.fail(error("connection"));
        assert!(!entry.is_open(), "the job ended");
        assert!(entry.resume().is_some());
        assert_eq!(entry.phase, Phase::Saving);
        entry.fail(error("job_failed"));
        assert_eq!(entry.resume(), None);
    }
}
