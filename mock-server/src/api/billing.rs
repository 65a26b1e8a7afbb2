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

/// The most records on a page of the search, and of the monthly export.
const MAX_SEARCH_PAGE: u64 = 100;
const MAX_MONTH_PAGE: u64 = 1000;

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
    page(state, &body, MAX_SEARCH_PAGE, |job| fits(job))
}

pub(super) fn month(state: &WorldState, intake: &Intake) -> Done {
    let body = intake.json().unwrap_or_default();
    let Some(month) = body.get("year_month").and_then(Value::as_str) else {
        return Done::plain(Reply::refusal(400, "year_month is required"));
    };
    page(state, &body, MAX_MONTH_PAGE, |job| state.date(job.submitted).starts_with(month))
}

/// The charges that fit, newest first, a page of them.
fn page(state: &WorldState, body: &Value, most: u64, fits: impl Fn(&Job) -> bool) -> Done {
    let number = |name: &str| body.get(name).and_then(Value::as_u64);
    let (page, size) = (number("page").unwrap_or(1), number("page_size").unwrap_or(20));
    if page == 0 || !(1..=most).contains(&size) {
        let message = format!("page starts at 1, page_size is from 1 to {most}");
        return Done::plain(Reply::refusal(400, &message));
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
    let mut days: BTreeMap<String, Day<'_>> = BTreeMap::new();
    let (mut all, mut succeeded) = (Usage::default(), 0);
    for job in state.jobs() {
        let at = state.clock.at(job.submitted);
        let outside = model.is_some_and(|model| model != job.model)
            || start.is_some_and(|start| at < start)
            || end.is_some_and(|end| at > end);
        if outside {
            continue;
        }
        let day = at.strftime("%Y-%m-%d").to_string();
        models.entry(&job.model).or_default().add(job.price_usd);
        let day = days.entry(day).or_default();
        day.all.add(job.price_usd);
        day.models.entry(&job.model).or_default().add(job.price_usd);
        all.add(job.price_usd);
        succeeded += u64::from(job.status(state.clock.elapsed()) == "completed");
    }
    let model_total = |(model, usage): (&&str, &Usage)| json!({"model_uuid": model, "total_cost": usage.cost, "total_count": usage.requests});
    let model_of_day = |(model, usage): (&&str, &Usage)| json!({"model_uuid": model, "amount": usage.cost, "count": usage.requests});
    let of_day = |(date, day): (&String, &Day<'_>)| {
        json!({
            "date": date,
            "amount": day.all.cost,
            "count": day.all.requests,
            "models": day.models.iter().map(model_of_day).collect::<Vec<_>>(),
        })
    };
    Done::plain(Reply::success(&json!({
        "per_model_usage": models.iter().map(model_total).collect::<Vec<_>>(),
        "daily_usage": days.iter().map(of_day).collect::<Vec<_>>(),
        "summary": {
            "total_cost": all.cost,
            "total_requests": all.requests,
            "success_requests": succeeded,
        },
    })))
}

#[derive(Default)]
struct Usage {
    cost: f64,
    requests: u64,
}

impl Usage {
    fn add(&mut self, cost: f64) {
        self.cost += cost;
        self.requests += 1;
    }
}

#[derive(Default)]
struct Day<'a> {
    all: Usage,
    models: BTreeMap<&'a str, Usage>,
}

/// Milliseconds since 1970, sent as a string.
fn millis(body: &Value, name: &str) -> Option<i64> {
    let value = body.get(name)?;
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn date(body: &Value, name: &str) -> Option<Timestamp> {
    body.get(name)?.as_str()?.parse().ok()
}
