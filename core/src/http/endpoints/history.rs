//! The list of past jobs.

use std::sync::Arc;
use std::time::SystemTime;

use http::header::DATE;
use serde_json::{Map, Value, json};

use super::usage::date;
use crate::account::HistoryFilter;
use crate::error::Error;
use crate::http::body::{Answer, Exchange};
use crate::http::envelope::Envelope;
use crate::http::error_mapping::{connection_error, status_error, unexpected};
use crate::http::retry_after::retry_after;
use crate::protocol::Prediction;
use crate::protocol::parse as prediction;

/// How many jobs are asked for at once: the most the service gives.
pub(crate) const PAGE_SIZE: usize = 100;

pub(crate) const PATH: &str = "api/v3/predictions";

/// A page of the history, newest first.
pub(crate) struct Page {
    pub(crate) jobs: Vec<Arc<Prediction>>,
    /// Whether further pages may follow.
    pub(crate) is_full: bool,
    /// The service's own time when it answered.
    pub(crate) server_now: SystemTime,
}

/// Why there is no page.
pub(crate) enum NoPage {
    /// It may work a moment later.
    Trouble { error: Error, retry_after: Option<std::time::Duration> },
    /// The service will not tell.
    Refused(Error),
}

/// The body of the request for a page of a model's jobs, with their inputs.
pub(crate) fn request(model: &str, page: u32) -> Value {
    json!({"page": page, "page_size": PAGE_SIZE, "model": model, "include_inputs": true})
}

/// The body of the request for a page of the jobs that fit a filter.
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

/// A page's jobs, and how many there were, odd ones included.
pub(crate) fn parse(mut data: Value) -> Option<(Vec<Prediction>, usize)> {
    let Value::Array(items) = data.get_mut("items")?.take() else { return None };
    let count = items.len();
    Some((items.into_iter().filter_map(|item| prediction::parse(item, None)).collect(), count))
}

/// The page in an answer.
pub(crate) fn classify(exchange: Exchange) -> Result<Page, NoPage> {
    let doing = "reading the history";
    let answer = exchange.map_err(|error| NoPage::Trouble {
        error: connection_error(doing, error),
        retry_after: None,
    })?;
    let envelope = Envelope::of(&answer);
    let after = retry_after(&answer.headers, SystemTime::now());
    if !envelope.is_success() {
        let error = status_error(doing, &answer, &envelope);
        return Err(match envelope.status {
            408 | 425 | 429 | 500..=599 => NoPage::Trouble { error, retry_after: after },
            _ => NoPage::Refused(error),
        });
    }
    let items = envelope.json.as_ref().and_then(|json| json.get("data")?.get("items")?.as_array());
    let Some(items) = items else {
        let error = unexpected(doing, &answer, "it holds no list of jobs");
        return Err(NoPage::Trouble { error, retry_after: after });
    };
    Ok(Page {
        jobs: items
            .iter()
            .filter_map(|item| prediction::parse(item.clone(), None))
            .map(Arc::new)
            .collect(),
        is_full: items.len() >= PAGE_SIZE,
        server_now: server_now(&answer),
    })
}

fn server_now(answer: &Answer) -> SystemTime {
    let date = answer.headers.get(DATE).and_then(|date| date.to_str().ok());
    date.and_then(|date| httpdate::parse_http_date(date).ok()).unwrap_or_else(SystemTime::now)
}
