//! What was spent: billing records, usage, the monthly export. The shapes are those that official
//! tools read; fields that the mock knows nothing of are left out.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Done;
use super::intake::Intake;
use crate::job::Job;
use crate::reply::Reply;
use crate::state::WorldState;

/// The sizes that pages may have; the monthly export's are documented, the search's are a guess.
const MAX_PAGE: u64 = 1000;

pub(super) fn search(state: &WorldState, intake: &Intake) -> Done {
    let body = intake.json().unwrap_or_default();
    let wanted = body.get("prediction_uuids").and_then(Value::as_array);
    let (start, end) = (millis(&body, "start_time"), millis(&body, "end_time"));
    let fits = |job: &Job| {
        let at = state.clock.at(job.submitted).as_millisecond();
        wanted.is_none_or(|ids| ids.iter().any(|id| id == &job.id))
            && start.is_none_or(|start| at >= start)
            && end.is_none_or(|end| at <= end)
    };
    page(state, &body, |job| fits(job))
}

pub(super) fn month(state: &WorldState, intake: &Intake) -> Done {
    let body = intake.json().unwrap_or_default();
    let Some(month) = body.get("year_month").and_then(Value::as_str) else {
        return Done::plain(Reply::refusal(400, "year_month is required"));
    };
    page(state, &body, |job| state.date(job.submitted).starts_with(month))
}

/// The charges that fit, newest first, a page of them.
fn page(state: &WorldState, body: &Value, fits: impl Fn(&Job) -> bool) -> Done {
    let number = |name: &str| body.get(name).and_then(Value::as_u64);
    let (page, size) = (number("page").unwrap_or(1), number("page_size").unwrap_or(20));
    if page == 0 || !(1..=MAX_PAGE).contains(&size) {
        let message = "page starts at 1, page_size is from 1 to 1000";
        return Done::plain(Reply::refusal(400, message));
    }
    let fitting: Vec<&Job> = state.jobs().iter().rev().filter(|job| fits(job)).collect();
    let skip = usize::try_from((page - 1).saturating_mul(size)).unwrap_or(usize::MAX);
    let take = usize::try_from(size).unwrap_or(usize::MAX);
    let items: Vec<Value> =
        fitting.iter().skip(skip).take(take).map(|job| record(state, job)).collect();
    let data = json!({"page": page, "total": fitting.len(), "items": items});
    Done::plain(Reply::success(&data))
}

fn record(state: &WorldState, job: &Job) -> Value {
    let at = state.date(job.submitted);
    json!({
        "uuid": job.id,
        "billing_type": "deduct",
        "price": job.price_usd,
        "created_at": at,
        "updated_at": at,
        "order": {"uuid": job.id, "price": job.price_usd, "origin_price": job.price_usd},
        "prediction": {
            "uuid": job.id,
            "model_uuid": job.model,
            "status": job.status(state.clock.elapsed()),
        },
    })
}

pub(super) fn usage(state: &WorldState, intake: &Intake) -> Done {
    let body = intake.json().unwrap_or_default();
    let model = body.get("model_uuid").and_then(Value::as_str);
    let (start, end) = (date(&body, "start_time"), date(&body, "end_time"));
    let mut models: BTreeMap<&str, Usage> = BTreeMap::new();
    let mut days: BTreeMap<String, Usage> = BTreeMap::new();
    let mut all = Usage::default();
    for job in state.jobs() {
        let at = state.clock.at(job.submitted);
        let outside = model.is_some_and(|model| model != job.model)
            || start.is_some_and(|start| at < start)
            || end.is_some_and(|end| at > end);
        if outside {
            continue;
        }
        let succeeded = job.status(state.clock.elapsed()) == "completed";
        let day = at.strftime("%Y-%m-%d").to_string();
        for usage in [models.entry(&job.model).or_default(), days.entry(day).or_default(), &mut all]
        {
            usage.cost += job.price_usd;
            usage.requests += 1;
            usage.succeeded += u64::from(succeeded);
        }
    }
    let with = |name: &str, key: &str, usage: &Usage| {
        let mut record = usage.record();
        if let Some(fields) = record.as_object_mut() {
            fields.insert(name.to_owned(), json!(key));
        }
        record
    };
    let per_model: Vec<_> =
        models.iter().map(|(model, usage)| with("model_uuid", model, usage)).collect();
    let daily: Vec<_> = days.iter().map(|(day, usage)| with("date", day, usage)).collect();
    Done::plain(Reply::success(&json!({
        "per_model_usage": per_model,
        "daily_usage": daily,
        "summary": all.record(),
    })))
}

#[derive(Default)]
struct Usage {
    cost: f64,
    requests: u64,
    succeeded: u64,
}

impl Usage {
    fn record(&self) -> Value {
        json!({
            "total_cost": self.cost,
            "total_requests": self.requests,
            "success_requests": self.succeeded,
        })
    }
}

/// Milliseconds since 1970, sent as a string.
fn millis(body: &Value, name: &str) -> Option<i64> {
    let value = body.get(name)?;
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn date(body: &Value, name: &str) -> Option<Timestamp> {
    body.get(name)?.as_str()?.parse().ok()
}
