//! The deletion of past jobs.

use serde_json::{Value, json};

use crate::http::json_response::count;

pub(crate) const PATH: &str = "api/v3/predictions/delete";

/// Maximum number of jobs in one request. The service documents no limit, so this is a guess.
pub(crate) const MAX_IDS: usize = 100;

pub(crate) fn request(ids: &[String]) -> Value {
    json!({"ids": ids})
}

/// Returns how many jobs were deleted.
pub(crate) fn parse(data: &Value) -> Option<u64> {
    count(data.get("deleted_count")?)
}
