//! A read of a job's state.

use super::Done;
use super::intake::Intake;
use crate::reply::Reply;
use crate::world::WorldState;

pub(super) fn result(state: &mut WorldState, world: &str, job_id: &str, intake: &Intake) -> Done {
    let now = state.clock.elapsed();
    let Some(job) = state.job(job_id).filter(|job| !job.is_expired(now)) else {
        return Done::plain(Reply::refusal(404, "task not found"));
    };
    job.polls += 1;
    let completed = job.status(now) == "completed";
    let (job, id) = (job.clone(), job_id.to_owned());
    let created_at = state.date(job.submitted);
    let prediction = job.prediction(now, &created_at, &intake.base_url, world);
    Done {
        told: vec![id.clone()],
        delivers: completed.then(|| id.clone()),
        ..Done::about(Reply::success(&prediction), &id)
    }
}
