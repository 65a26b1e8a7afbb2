//! The tools `wait` and `download`: what happens to a job after its submit.

use std::time::Duration;

use viseme::{ErrorKind, Job, Prediction};

use crate::arguments::{DownloadArguments, WaitArguments, seconds};
use crate::call::Call;
use crate::output::{DownloadResult, JobResult, RunState, SavedFile, outputs};
use crate::state::State;
use crate::tool_error::ToolError;

/// Clients often stop waiting for a tool after 60 seconds.
const DEFAULT_WAIT: Duration = Duration::from_secs(45);

/// How a wait ended.
pub(crate) enum Waited {
    Completed(Box<Prediction>),
    Running(Option<String>),
}

/// Waits for a job. That it still runs is no error.
pub(crate) async fn wait_for(
    job: &Job,
    wait_seconds: Option<f64>,
    call: &Call,
) -> Result<Waited, ToolError> {
    let reporter = call.reporter.clone();
    let waited = job
        .wait()
        .deadline(seconds(wait_seconds).unwrap_or(DEFAULT_WAIT))
        .on_progress(move |progress| reporter.on_event(&progress))
        .await;
    match waited {
        Ok(prediction) => Ok(Waited::Completed(Box::new(prediction))),
        Err(error) if error.kind() == ErrorKind::WaitTimeout => {
            let status = error.prediction().map(|job| job.status.as_str().to_owned());
            Ok(Waited::Running(status))
        }
        Err(error) => Err(error.into()),
    }
}

/// Says how to continue with a job.
pub(crate) fn next_step(state: RunState, job_id: &str) -> String {
    match state {
        RunState::Completed => format!("Call `download` with job_id {job_id} to save the outputs."),
        _ => format!("The job continues. Call `wait` with job_id {job_id}."),
    }
}

pub(crate) async fn wait(
    state: &State,
    arguments: WaitArguments,
    call: &Call,
) -> Result<JobResult, ToolError> {
    let job = state.client.job(&arguments.job_id);
    let (run_state, status, outputs) = match wait_for(&job, arguments.wait_seconds, call).await? {
        Waited::Completed(job) => {
            (RunState::Completed, Some(job.status.as_str().to_owned()), outputs(&job))
        }
        Waited::Running(status) => (RunState::Running, status, Vec::new()),
    };
    let next = next_step(run_state, job.id());
    Ok(JobResult { state: run_state, job_id: job.id().to_owned(), status, outputs, next })
}

pub(crate) async fn download(
    state: &State,
    arguments: DownloadArguments,
    call: &Call,
) -> Result<DownloadResult, ToolError> {
    let folder = call.folders(state).await?.folder(arguments.folder.as_deref())?;
    let job = state.client.job(&arguments.job_id);
    let prediction = job.refresh().await?;
    if !prediction.status.is_terminal() {
        let message = format!("The job is still running (status `{}`).", prediction.status);
        return Err(ToolError::new("job_running", message)
            .with_job(job.id())
            .with_next(next_step(RunState::Running, job.id())));
    }
    let mut downloads = state.client.download_outputs(&prediction, &folder);
    if downloads.is_empty() {
        // Fails, and says that the job has no output.
        downloads.push(state.client.download_output(&prediction, &folder));
    }
    let mut files = Vec::new();
    for download in downloads {
        call.reporter.report(format!("downloading output {} of job {}", files.len() + 1, job.id()));
        let saved = download.await?;
        let path = saved.path.to_string_lossy().into_owned();
        files.push(SavedFile { path, bytes: saved.bytes });
    }
    Ok(DownloadResult { files })
}
