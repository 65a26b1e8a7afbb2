//! The list of past jobs, and their deletion.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Done;
use super::intake::Intake;
use crate::job::Job;
use crate::open_exchange::News;
use crate::reply::Reply;
use crate::state::WorldState;

pub(super) fn list(state: &WorldState, world: &str, intake: &Intake) -> Done {
    let body = intake.json().unwrap_or_default();
    let number = |name: &str| body.get(name).and_then(Value::as_u64);
    let (Some(page @ 1..), Some(size @ 1..=100)) = (number("page"), number("page_size")) else {
        let message = "page (from 1) and page_size (1 to 100) are required";
        return Done::plain(Reply::refusal(400, message));
    };
    let filters = match Filters::of(&body) {
        Ok(filters) => filters,
        Err(message) => return Done::plain(Reply::refusal(400, &message)),
    };
    let now = state.clock.elapsed();
    let skip = usize::try_from((page - 1).saturating_mul(size)).unwrap_or(usize::MAX);
    let take = usize::try_from(size).unwrap_or(usize::MAX);
    let script = &state.scenario.history;
    let listed: Vec<&Job> = state
        .jobs()
        .iter()
        .rev()
        .filter(|job| !job.deleted && !job.is_expired(now))
        .filter(|job| now.saturating_sub(job.submitted) >= script.appears_after.0)
        .filter(|job| filters.fit(job, state))
        .flat_map(|job| std::iter::repeat_n(job, 1 + script.duplicates))
        .skip(skip)
        .take(take)
        .collect();
    let asked = body.get("include_inputs") == Some(&Value::Bool(true));
    let with_inputs = asked && !script.omit_inputs;
    let item = |job: &&Job| {
        let created_at = state.date(job.submitted);
        let mut item = json!(job.prediction(now, &created_at, &intake.base_url, world));
        if with_inputs && let Some(fields) = item.as_object_mut() {
            fields.insert("inputs".to_owned(), job.input.clone());
        }
        item
    };
    let data = json!({"page": page, "items": listed.iter().map(item).collect::<Vec<_>>()});
    let told = listed.iter().map(|job| job.id.clone()).collect();
    Done { news: News { told, delivers: None }, ..Done::plain(Reply::success(&data)) }
}

/// Which jobs are asked for.
struct Filters<'b> {
    model: Option<&'b str>,
    status: Option<&'b str>,
    after: Option<Timestamp>,
    before: Option<Timestamp>,
}

impl<'b> Filters<'b> {
    fn of(body: &'b Value) -> Result<Self, String> {
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let time = |name: &str| {
            let parsed = text(name).map(str::parse).transpose();
            parsed
                .map_err(|_| format!("{name} must be a date and time such as 2026-01-31T09:00:00Z"))
        };
        Ok(Self {
            model: text("model"),
            status: text("status"),
            after: time("created_after")?,
            before: time("created_before")?,
        })
    }

    /// Both ends belong to the range: a guess.
    fn fit(&self, job: &Job, state: &WorldState) -> bool {
        let created = state.clock.at(job.submitted);
        self.model.is_none_or(|model| model == job.model)
            && self.status.is_none_or(|status| status == job.status(state.clock.elapsed()))
            && self.after.is_none_or(|after| created >= after)
            && self.before.is_none_or(|before| created <= before)
    }
}

pub(super) fn delete(state: &mut WorldState, intake: &Intake) -> Done {
    let body = intake.json().unwrap_or_default();
    let Some(ids) = body.get("ids").and_then(Value::as_array) else {
        return Done::plain(Reply::refusal(400, "ids are required"));
    };
    let mut deleted = 0;
    for id in ids.iter().filter_map(Value::as_str) {
        if let Some(job) = state.job_mut(id).filter(|job| !job.deleted) {
            job.deleted = true;
            deleted += 1;
        }
    }
    Done::plain(Reply::success(&json!({"deleted_count": deleted})))
}
