//! What is asked of the account and of the catalogue.

use futures_util::stream::StreamExt as _;
use serde::Serialize;
use serde_json::{Value, json};
use viseme::{Billing, BillingFilter, Client, HistoryFilter, Model, Price, Result, Status, Usage};

use crate::client::one;
use crate::message::{error, item, outcome};
use crate::request::{BillingsForm, HistoryForm, Request};
use crate::show::prediction::PredictionView;
use crate::task::Task;
use crate::time::{Moment, since_1970};

/// Begins one of the questions about the account.
pub(crate) fn begin(client: Client, request: Request) -> std::result::Result<Task, String> {
    Ok(match request {
        Request::History(form) => {
            let jobs = client.history(history_filter(form));
            items(jobs.map(|job| job.map(PredictionView::of)))
        }
        Request::Billings(form) => {
            items(client.billings(billing_filter(form)).map(|record| record.map(|it| billing(&it))))
        }
        Request::BillingsOfMonth { month } => {
            items(client.billings_of_month(month).map(|record| record.map(|it| billing(&it))))
        }
        Request::Models => one(async move {
            outcome(client.models().await.map(|all| all.iter().map(model).collect::<Vec<_>>()))
        }),
        Request::Model { id } => {
            one(async move { outcome(client.model(&id).await.map(|it| model(&it))) })
        }
        Request::Balance => one(async move { outcome(client.balance().await) }),
        Request::Usage { from: Moment(from), to: Moment(to), model } => one(async move {
            outcome(client.usage(from, to, model.as_deref()).await.map(|it| usage(&it)))
        }),
        Request::Delete { ids } => one(async move { outcome(client.delete(ids).await) }),
        _ => return Err("this cannot be asked of the account".to_owned()),
    })
}

fn items<T: Serialize + 'static>(
    all: impl futures_util::Stream<Item = Result<T>> + Send + 'static,
) -> Task {
    let messages = all.map(|one| match one {
        Ok(found) => item(found),
        Err(why) => error(&why),
    });
    Task::of_messages(messages.boxed())
}

fn history_filter(form: HistoryForm) -> HistoryFilter {
    let mut filter = HistoryFilter::new();
    filter.model = form.model;
    filter.status = form.status.map(|word| Status::from_word(&word));
    filter.created_after = form.created_after.map(|moment| moment.0);
    filter.created_before = form.created_before.map(|moment| moment.0);
    filter.include_inputs = form.include_inputs.unwrap_or(filter.include_inputs);
    match form.page_size {
        Some(jobs) => filter.page_size(jobs),
        None => filter,
    }
}

fn billing_filter(form: BillingsForm) -> BillingFilter {
    let mut filter = BillingFilter::new();
    filter.kind = form.kind;
    filter.job_ids = form.job_ids;
    filter.from = form.from.map(|moment| moment.0);
    filter.to = form.to.map(|moment| moment.0);
    filter
}

pub(crate) fn price(price: &Price) -> Value {
    json!({
        "due": price.due(),
        "model": price.model,
        "amount": price.amount,
        "discounted": price.discounted,
        "currency": price.currency,
        "leftOut": price.left_out,
        "extra": price.extra,
    })
}

fn model(model: &Model) -> Value {
    json!({
        "id": model.id,
        "name": model.name,
        "description": model.description,
        "category": model.category,
        "basePrice": model.base_price,
        "formula": model.formula,
        "schema": model.schema,
        "extra": model.extra,
    })
}

fn billing(record: &Billing) -> Value {
    json!({
        "id": record.id,
        "kind": record.kind,
        "amount": record.amount,
        "originalAmount": record.original_amount,
        "jobId": record.job_id,
        "model": record.model,
        "status": record.status,
        "keyName": record.key_name,
        "createdAt": record.created_at.map(since_1970),
        "extra": record.extra,
    })
}

fn usage(usage: &Usage) -> Value {
    // Its names are single words, the same in either case.
    serde_json::to_value(usage).unwrap_or_default()
}
