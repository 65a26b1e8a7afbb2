//! The list of past jobs.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::header::DATE;
use serde_json::{Map, Value, json};

use crate::account::HistoryFilter;
use crate::http::body::{Exchange, FullResponse};
use crate::http::envelope::Envelope;
use crate::http::error_mapping::{connection_error, status_error, unexpected};
use crate::http::json_response::date;
use crate::http::retry::RequestFailure;
use crate::protocol::Prediction;
use crate::protocol::parse as prediction;

/// The size of a page: the maximum of the service.
pub(crate) const PAGE_SIZE: usize = 100;

pub(crate) const PATH: &str = "api/v3/predictions";

/// A page of the history, newest first.
pub(crate) struct Page {
    pub(crate) jobs: Vec<Arc<Prediction>>,
    /// Whether another page may follow.
    pub(crate) is_full: bool,
    /// The service's time at its response.
    pub(crate) server_now: SystemTime,
}

/// Returns the body of the request for a page of a model's jobs, with their inputs: of all times, or
/// of a window.
pub(crate) fn of_model(model: &str, window: Option<&Range<SystemTime>>, page: u32) -> Value {
    let filter = HistoryFilter {
        model: Some(model.to_owned()),
        // The service may ignore fractions of a second, and may exclude the limits.
        created_after: window.and_then(|window| window.start.checked_sub(Duration::from_secs(1))),
        created_before: window.and_then(|window| window.end.checked_add(Duration::from_secs(1))),
        include_inputs: true,
        page_size: PAGE_SIZE as u32,
        ..HistoryFilter::default()
    };
    search(&filter, page)
}

/// Returns the body of the request for a page of the jobs that match a filter.
pub(crate) fn search(filter: &HistoryFilter, page: u32) -> Value {
    let mut body = Map::new();
    let mut set = |name: &str, value: Value| drop(body.insert(name.to_owned(), value));
    set("page", json!(page));
    set("page_size", json!(filter.page_size));
    if let Some(model) = &filter.model {
        set("model", json!(model));
    }
    if let Some(status) = &filter.status {
        set("status", json!(status));
    }
    if let Some(after) = filter.created_after {
        set("created_after", json!(date(after)));
    }
    if let Some(before) = filter.created_before {
        set("created_before", json!(date(before)));
    }
    if filter.include_inputs {
        set("include_inputs", json!(true));
    }
    Value::Object(body)
}

/// Returns the jobs of a page, and how many there were with those that cannot be parsed.
pub(crate) fn parse(mut data: Value) -> Option<(Vec<Prediction>, usize)> {
    let Value::Array(items) = data.get_mut("items")?.take() else { return None };
    let count = items.len();
    Some((items.into_iter().filter_map(|item| prediction::parse(item, None)).collect(), count))
}

/// Parses a page.
pub(crate) fn classify(exchange: Exchange) -> Result<Page, RequestFailure> {
    let operation = "reading the history";
    let response =
        exchange.map_err(|error| RequestFailure::Transient(connection_error(operation, error)))?;
    let mut envelope = Envelope::of(&response);
    if !envelope.is_success() {
        let error = status_error(operation, &response, &envelope);
        return Err(RequestFailure::from_status(envelope.status, error));
    }
    let data = envelope.json.as_mut().and_then(|json| json.get_mut("data").map(Value::take));
    let Some((jobs, count)) = data.and_then(parse) else {
        let error = unexpected(operation, &response, "it holds no list of jobs");
        return Err(RequestFailure::Transient(error));
    };
    Ok(Page {
        jobs: jobs.into_iter().map(Arc::new).collect(),
        is_full: count >= PAGE_SIZE,
        server_now: server_now(&response),
    })
}

fn server_now(response: &FullResponse) -> SystemTime {
    let date = response.headers.get(DATE).and_then(|date| date.to_str().ok());
    date.and_then(|date| httpdate::parse_http_date(date).ok()).unwrap_or_else(SystemTime::now)
}
