//! The list of past jobs, and their deletion.

use serde_json::{Value, json};

use super::Done;
use super::intake::Intake;
use crate::reply::Reply;
use crate::world::WorldState;

pub(super) fn list(state: &mut WorldState, world: &str, intake: &Intake) -> Done {
    let body = intake.json().unwrap_or_default();
    let number = |name: &str| body.get(name).and_then(Value::as_u64);
    let (Some(page @ 1..), Some(size @ 1..=100)) = (number("page"), number("page_size")) else {
        let message = "page (from 1) and page_size (1 to 100) are required";
        return Done::plain(Reply::refusal(400, message));
    };
    let now = state.clock.elapsed();
    let fitting: Vec<_> = state
        .jobs
        .iter()
        .rev()
        .filter(|job| !job.deleted && !job.is_expired(now))
        .map(|job| (job, state.date(job.submitted)))
        .filter(|(job, created_at)| fits(&body, &job.model, job.status(now), created_at))
        .collect();
    let skip = usize::try_from((page - 1).saturating_mul(size)).unwrap_or(usize::MAX);
    let take = usize::try_from(size).unwrap_or(usize::MAX);
    let with_inputs = body.get("include_inputs") == Some(&Value::Bool(true));
    let items: Vec<Value> = fitting
        .iter()
        .skip(skip)
        .take(take)
        .map(|(job, created_at)| {
            let mut item = job.prediction(now, created_at, &intake.base_url, world);
            if with_inputs && let Some(fields) = item.as_object_mut() {
                fields.insert("inputs".to_owned(), job.input.clone());
            }
            item
        })
        .collect();
    let told = fitting.iter().skip(skip).take(take).map(|(job, _)| job.id.clone()).collect();
    let data = json!({"page": page, "items": items, "total": fitting.len()});
    Done { told, ..Done::plain(Reply::success(&data)) }
}

fn fits(filters: &Value, model: &str, status: &str, created_at: &str) -> bool {
    let text = |name: &str| filters.get(name).and_then(Value::as_str);
    let time = |text: &str| text.parse::<jiff::Timestamp>().ok();
    let created = time(created_at);
    text("model").is_none_or(|wanted| wanted == model)
        && text("status").is_none_or(|wanted| wanted == status)
        && text("created_after").and_then(time).is_none_or(|after| created >= Some(after))
        && text("created_before").and_then(time).is_none_or(|before| created <= Some(before))
}

pub(super) fn delete(state: &mut WorldState, intake: &Intake) -> Done {
    let body = intake.json().unwrap_or_default();
    let Some(ids) = body.get("ids").and_then(Value::as_array) else {
        return Done::plain(Reply::refusal(400, "ids are required"));
    };
    let mut deleted = 0;
    for id in ids.iter().filter_map(Value::as_str) {
        if let Some(job) = state.job(id).filter(|job| !job.deleted) {
            job.deleted = true;
            deleted += 1;
        }
    }
    Done::plain(Reply::success(&json!({"deleted_count": deleted})))
}
