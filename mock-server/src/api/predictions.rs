//! Jobs in the API: the result of one, the history of all, and their deletion.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::HandlerOutput;
use super::request::{Fields, ReceivedRequest};
use crate::response::Response;
use crate::world::exchange_record::Moment;
use crate::world::job::Job;
use crate::world::pending_exchange::Delivered;
use crate::world::state::WorldState;

/// Returns the state of a job: a poll.
pub(super) fn result(
    state: &mut WorldState,
    world: &str,
    job_id: &str,
    base_url: &Arc<str>,
) -> HandlerOutput {
    let now = state.clock.elapsed();
    let index = state.job_index(job_id);
    let polled = index.and_then(|index| {
        let created_at = state.moment(state.jobs().get(index)?.submitted);
        let job = state.changed_job(index).filter(|job| !job.is_expired(now))?;
        job.poll(now);
        Some(present(job, index, now, created_at, base_url, world))
    });
    polled.unwrap_or_else(|| HandlerOutput::error(404, "task not found"))
}

/// Returns the response that shows a job, the `index`-th of its world.
pub(super) fn present(
    job: &mut Job,
    index: usize,
    now: Duration,
    created_at: Moment,
    base_url: &Arc<str>,
    world: &str,
) -> HandlerOutput {
    let completed = job.status(now) == "completed";
    let response = Response::of_json(200, job.body(now, created_at, base_url, world));
    HandlerOutput {
        delivered: Delivered::Job { index, completed },
        base64_output: (completed && job.base64).then(|| job.output.clone()),
        ..HandlerOutput::about(response, &job.id)
    }
}

/// Lists past jobs, newest first.
pub(super) fn history(
    state: &WorldState,
    world: &str,
    request: &ReceivedRequest,
) -> Result<HandlerOutput, Response> {
    let fields = request.fields()?;
    let (Some(page @ 1..), Some(size @ 1..=100)) =
        (fields.count("page")?, fields.count("page_size")?)
    else {
        let message = "page (from 1) and page_size (1 to 100) are required";
        return Err(Response::error(400, message));
    };
    let filters = Filters::of(&fields)?;
    let now = state.clock.elapsed();
    let skip = usize::try_from((page - 1).saturating_mul(size)).unwrap_or(usize::MAX);
    let take = usize::try_from(size).unwrap_or(usize::MAX);
    let scenario = &state.scenario.history;
    let listed: Vec<(usize, &Job)> = state
        .jobs()
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, job)| !job.deleted && !job.is_expired(now))
        .filter(|(_, job)| now.saturating_sub(job.submitted) >= scenario.appears_after.0)
        .filter(|(_, job)| filters.matches(job, state))
        .flat_map(|job| std::iter::repeat_n(job, 1 + scenario.duplicates))
        .skip(skip)
        .take(take)
        .collect();
    let requested = fields.flag("include_inputs")?;
    let with_inputs = requested && !scenario.omit_inputs;
    let item = |(_, job): &(usize, &Job)| {
        let created_at = state.date(job.submitted);
        let mut item = json!(job.prediction(now, &created_at, &request.base_url, world));
        if with_inputs && let Some(fields) = item.as_object_mut() {
            fields.insert("inputs".to_owned(), job.input.clone());
        }
        item
    };
    let data = json!({"page": page, "items": listed.iter().map(item).collect::<Vec<_>>()});
    let listed = listed.iter().map(|(index, _)| *index).collect();
    Ok(HandlerOutput {
        delivered: Delivered::Ids(listed),
        ..HandlerOutput::new(Response::success(&data))
    })
}

/// The filters of the history.
struct Filters<'f> {
    model: Option<&'f str>,
    status: Option<&'f str>,
    after: Option<Timestamp>,
    before: Option<Timestamp>,
}

impl<'f> Filters<'f> {
    fn of(fields: &'f Fields) -> Result<Self, Response> {
        Ok(Self {
            model: fields.text("model")?,
            status: fields.text("status")?,
            after: fields.time("created_after")?,
            before: fields.time("created_before")?,
        })
    }

    /// Both ends belong to the range: a guess.
    fn matches(&self, job: &Job, state: &WorldState) -> bool {
        let created = state.clock.at(job.submitted);
        self.model.is_none_or(|model| model == job.model)
            && self.status.is_none_or(|status| status == job.status(state.clock.elapsed()))
            && self.after.is_none_or(|after| created >= after)
            && self.before.is_none_or(|before| created <= before)
    }
}

/// Deletes jobs.
pub(super) fn delete(
    state: &mut WorldState,
    request: &ReceivedRequest,
) -> Result<HandlerOutput, Response> {
    let fields = request.fields()?;
    let Some(ids) = fields.texts("ids")? else {
        return Err(Response::error(400, "ids are required"));
    };
    let mut deleted = 0;
    for id in ids {
        if let Some(job) = state.job_mut(id).filter(|job| !job.deleted) {
            job.deleted = true;
            deleted += 1;
        }
    }
    Ok(HandlerOutput::new(Response::success(&json!({"deleted_count": deleted}))))
}
