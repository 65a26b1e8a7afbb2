//! A read of a job's state.

use std::sync::Arc;

use super::Done;
use crate::job::Job;
use crate::open_exchange::News;
use crate::reply::Reply;
use crate::state::WorldState;

pub(super) fn result(state: &mut WorldState, world: &str, job_id: &str) -> Done {
    let now = state.clock.elapsed();
    if let Some(job) = state.job_mut(job_id).filter(|job| !job.is_expired(now)) {
        job.poll(now);
    }
    match state.job(job_id).filter(|job| !job.is_expired(now)) {
        Some(job) => present(state, world, job),
        None => Done::plain(Reply::refusal(404, "task not found")),
    }
}

/// A job as an answer says it.
pub(super) fn present(state: &WorldState, world: &str, job: &Job) -> Done {
    let now = state.clock.elapsed();
    let completed = job.status(now) == "completed";
    let date = state.date(job.submitted);
    let prediction = job.prediction(now, &date, &state.base_url, world);
    Done {
        news: News { told: vec![job.id.clone()], delivers: completed.then(|| job.id.clone()) },
        inline: (completed && job.base64).then(|| Arc::clone(&job.output)),
        ..Done::about(Reply::success(&prediction), &job.id)
    }
}
