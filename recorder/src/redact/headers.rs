//! Which headers are recorded with their values.

use std::collections::{BTreeMap, BTreeSet};

use http::HeaderMap;

use super::urls::without_queries;

/// Headers without secrets.
const RECORDED: [&str; 32] = [
    "accept",
    "accept-encoding",
    "accept-ranges",
    "allow",
    "cache-control",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "date",
    "etag",
    "expires",
    "if-none-match",
    "if-range",
    "last-modified",
    "location",
    "range",
    "retry-after",
    "server",
    "transfer-encoding",
    "user-agent",
    "vary",
    "via",
    "x-cache",
    "x-client-name",
    "x-client-os",
    "x-client-version",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-request-id",
    "x-trace-id",
];
/// The longest value that is recorded.
const MAX_VALUE: usize = 512;

/// Returns the headers on the list, and the names of the others.
pub(crate) fn recorded(headers: &HeaderMap) -> (BTreeMap<String, String>, Vec<String>) {
    let mut values = BTreeMap::<String, String>::new();
    let mut others = BTreeSet::new();
    for (name, value) in headers {
        let text = value.to_str().ok().filter(|text| text.len() <= MAX_VALUE);
        match text.filter(|_| RECORDED.contains(&name.as_str())) {
            Some(text) => {
                let text = without_queries(text);
                values
                    .entry(name.as_str().to_owned())
                    .and_modify(|value| *value += &format!(", {text}"))
                    .or_insert(text);
            }
            None => {
                others.insert(name.as_str().to_owned());
            }
        }
    }
    (values, others.into_iter().collect())
}
