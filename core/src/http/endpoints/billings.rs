//! The account's charges.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use crate::account::{Billing, BillingFilter};
use crate::http::json_response::{moment, number, take, text};
use crate::protocol::Status;

pub(crate) const SEARCH_PATH: &str = "api/v3/billings/search";
pub(crate) const MONTH_PATH: &str = "api/v3/scheduler/billings/query";

/// The size of a page of the search: the maximum.
pub(crate) const SEARCH_PAGE: usize = 100;
/// The size of a page of the export of a month: the maximum.
pub(crate) const MONTH_PAGE: usize = 1000;

pub(crate) fn search(filter: &BillingFilter, page: u32) -> Value {
    let mut body = Map::new();
    let mut set = |name: &str, value: Value| drop(body.insert(name.to_owned(), value));
    set("page", json!(page));
    set("page_size", json!(SEARCH_PAGE));
    set("sort", json!("created_at DESC"));
    if let Some(kind) = &filter.kind {
        set("billing_type", json!(kind));
    }
    if !filter.job_ids.is_empty() {
        set("prediction_uuids", json!(filter.job_ids));
    }
    if let Some(from) = filter.from {
        set("start_time", json!(millis(from)));
    }
    if let Some(to) = filter.to {
        set("end_time", json!(millis(to)));
    }
    Value::Object(body)
}

pub(crate) fn month(year_month: &str, page: u32) -> Value {
    json!({"year_month": year_month, "page": page, "page_size": MONTH_PAGE})
}

/// Returns milliseconds since 1970 as text, which this request needs.
fn millis(at: SystemTime) -> String {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis().to_string()
}

/// Returns the records of a page, and how many there were with those that cannot be parsed.
pub(crate) fn parse(mut data: Value) -> Option<(Vec<Billing>, usize)> {
    let Value::Array(items) = data.get_mut("items")?.take() else { return None };
    let count = items.len();
    Some((items.into_iter().filter_map(billing).collect(), count))
}

fn billing(item: Value) -> Option<Billing> {
    let Value::Object(mut fields) = item else { return None };
    let id = take(&mut fields, "uuid", text)?;
    let prediction = object(&fields, "prediction");
    let order = object(&fields, "order");
    Some(Billing {
        id,
        kind: take(&mut fields, "billing_type", text).unwrap_or_default(),
        amount: take(&mut fields, "price", number),
        original_amount: order.get("origin_price").and_then(number),
        job_id: prediction.get("uuid").and_then(text),
        model: prediction.get("model_uuid").and_then(text),
        status: prediction.get("status").and_then(text).map(|word| Status::from_word(&word)),
        key_name: take(&mut fields, "access_key_name", text),
        created_at: take(&mut fields, "created_at", moment),
        extra: fields,
    })
}

/// Returns a copy of an inner record. The original stays in `extra`, which has its other fields.
fn object(fields: &Map<String, Value>, name: &str) -> Map<String, Value> {
    fields.get(name).and_then(Value::as_object).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_asked() {
        let filter = BillingFilter::new()
            .kind("deduct")
            .jobs(["a"])
            .from(UNIX_EPOCH + Duration::from_millis(1_500));
        assert_eq!(
            search(&filter, 2),
            json!({"page": 2, "page_size": 100, "sort": "created_at DESC",
                "billing_type": "deduct", "prediction_uuids": ["a"], "start_time": "1500"})
        );
    }

    #[test]
    fn what_is_answered() {
        let data = json!({"page": 1, "items": [
            {"uuid": "1", "billing_type": "deduct", "price": 0.04, "access_key_name": "k",
             "created_at": "1970-01-01T00:00:01.5Z", "access_key_id": "x",
             "order": {"uuid": "o", "state": "pre", "origin_price": 0.05},
             "prediction": {"uuid": "j", "model_uuid": "a/b", "status": "completed"}},
            {"uuid": "2", "price": null},
            "odd",
        ]});
        let (records, count) = parse(data).unwrap();
        assert_eq!((records.len(), count), (2, 3));
        let first = &records[0];
        assert_eq!((first.amount, first.original_amount), (Some(0.04), Some(0.05)));
        assert_eq!((first.job_id.as_deref(), first.model.as_deref()), (Some("j"), Some("a/b")));
        assert_eq!(first.status, Some(Status::Completed));
        assert_eq!(first.created_at, Some(UNIX_EPOCH + Duration::from_millis(1500)));
        assert_eq!(first.extra["access_key_id"], "x");
        let json = serde_json::to_value(first).unwrap();
        assert_eq!(json["created_at"], "1970-01-01T00:00:01.5Z");
        assert_eq!((records[1].amount, records[1].job_id.as_ref()), (None, None));
        assert_eq!(parse(json!({"items": {}})), None);
    }
}
