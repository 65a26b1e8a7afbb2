//! The account: balance, webhook secret, billing records and usage. The shapes are those that
//! official tools read; unknown fields are left out.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::HandlerOutput;
use super::request::{Fields, ReceivedRequest};
use crate::response::Response;
use crate::world::job::Job;
use crate::world::state::WorldState;

/// The most records on a page of the search, and of the monthly export.
const MAX_SEARCH_PAGE: u64 = 100;
const MAX_MONTH_PAGE: u64 = 1000;

pub(super) fn balance(state: &WorldState) -> HandlerOutput {
    HandlerOutput::new(Response::success(&json!({"balance": state.balance_usd})))
}

pub(super) fn webhook_secret(secret: &str) -> HandlerOutput {
    HandlerOutput::new(Response::json(200, &json!({"code": 200, "data": {"secret": secret}})))
}

/// Searches the billing records.
pub(super) fn billings(
    state: &WorldState,
    request: &ReceivedRequest,
) -> Result<HandlerOutput, Response> {
    let fields = request.fields()?;
    let ids = fields.texts("prediction_uuids")?;
    let (start, end) = (fields.millis("start_time")?, fields.millis("end_time")?);
    page(state, &fields, MAX_SEARCH_PAGE, |job| {
        let at = state.clock.at(job.submitted).as_millisecond();
        ids.as_ref().is_none_or(|ids| ids.contains(&&*job.id))
            && start.is_none_or(|start| at >= start)
            && end.is_none_or(|end| at <= end)
    })
}

/// Lists the billing records of a month.
pub(super) fn monthly_billings(
    state: &WorldState,
    request: &ReceivedRequest,
) -> Result<HandlerOutput, Response> {
    let fields = request.fields()?;
    let is_month = |month: &&str| {
        let is_plain = month.len() == 7 && !month.starts_with(['-', '+']);
        is_plain && format!("{month}-01").parse::<jiff::civil::Date>().is_ok()
    };
    let Some(month) = fields.text("year_month")?.filter(is_month) else {
        return Err(Response::error(400, "year_month is required, such as 2026-01"));
    };
    page(state, &fields, MAX_MONTH_PAGE, |job| state.date(job.submitted).starts_with(month))
}

/// Returns a page of the matching charges, newest first.
fn page(
    state: &WorldState,
    fields: &Fields,
    max_size: u64,
    matches: impl Fn(&Job) -> bool,
) -> Result<HandlerOutput, Response> {
    let page = fields.count("page")?.unwrap_or(1);
    let size = fields.count("page_size")?.unwrap_or(20);
    if page == 0 || !(1..=max_size).contains(&size) {
        let message = format!("page starts at 1, page_size is from 1 to {max_size}");
        return Err(Response::error(400, &message));
    }
    let matching: Vec<&Job> = state.jobs().iter().rev().filter(|job| matches(job)).collect();
    let skip = usize::try_from((page - 1).saturating_mul(size)).unwrap_or(usize::MAX);
    let take = usize::try_from(size).unwrap_or(usize::MAX);
    let items: Vec<Value> =
        matching.iter().skip(skip).take(take).map(|job| record(state, job)).collect();
    let data = json!({"page": page, "total": matching.len(), "items": items});
    Ok(HandlerOutput::new(Response::success(&data)))
}

fn record(state: &WorldState, job: &Job) -> Value {
    let at = state.date(job.submitted);
    json!({
        "uuid": &*job.id,
        "billing_type": "deduct",
        "price": job.price_usd,
        "created_at": at,
        "updated_at": at,
        "order": {"uuid": &*job.id, "price": job.price_usd, "origin_price": job.price_usd},
        "prediction": {
            "uuid": &*job.id,
            "model_uuid": job.model,
            "status": job.status(state.clock.elapsed()),
        },
    })
}

/// Returns the usage by model and by day.
pub(super) fn usage(
    state: &WorldState,
    request: &ReceivedRequest,
) -> Result<HandlerOutput, Response> {
    let fields = request.fields()?;
    let model = fields.text("model_uuid")?;
    let (start, end) = (fields.time("start_time")?, fields.time("end_time")?);
    let mut models: BTreeMap<&str, Usage> = BTreeMap::new();
    let mut days: BTreeMap<String, Day<'_>> = BTreeMap::new();
    let (mut total, mut succeeded) = (Usage::default(), 0);
    for job in state.jobs() {
        let at = state.clock.at(job.submitted);
        let is_outside = model.is_some_and(|model| model != job.model)
            || start.is_some_and(|start| at < start)
            || end.is_some_and(|end| at > end);
        if is_outside {
            continue;
        }
        models.entry(&job.model).or_default().add(job.price_usd);
        let day = days.entry(at.strftime("%Y-%m-%d").to_string()).or_default();
        day.total.add(job.price_usd);
        day.models.entry(&job.model).or_default().add(job.price_usd);
        total.add(job.price_usd);
        succeeded += u64::from(job.status(state.clock.elapsed()) == "completed");
    }
    let per_model = |(model, usage): (&&str, &Usage)| json!({"model_uuid": model, "total_cost": usage.cost, "total_count": usage.requests});
    let model_of_day = |(model, usage): (&&str, &Usage)| json!({"model_uuid": model, "amount": usage.cost, "count": usage.requests});
    let per_day = |(date, day): (&String, &Day<'_>)| {
        json!({
            "date": date,
            "amount": day.total.cost,
            "count": day.total.requests,
            "models": day.models.iter().map(model_of_day).collect::<Vec<_>>(),
        })
    };
    Ok(HandlerOutput::new(Response::success(&json!({
        "per_model_usage": models.iter().map(per_model).collect::<Vec<_>>(),
        "daily_usage": days.iter().map(per_day).collect::<Vec<_>>(),
        "summary": {
            "total_cost": total.cost,
            "total_requests": total.requests,
            "success_requests": succeeded,
        },
    }))))
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
    total: Usage,
    models: BTreeMap<&'a str, Usage>,
}
