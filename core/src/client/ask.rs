//! Requests that change nothing and cost nothing: repeated where that may help.

use serde_json::Value;

use super::Client;
use crate::error::Result;
use crate::http::json_response::{NoData, classify};

/// How many times such a request is sent.
const ATTEMPTS: u32 = 4;

/// Which request.
#[derive(Clone, Copy)]
pub(super) enum Ask<'a> {
    Get(&'static str),
    Post(&'static str, &'a Value),
}

impl Client {
    /// What `parse` makes of the answer; `doing` completes "… when …".
    pub(super) async fn ask<T>(
        &self,
        doing: &str,
        request: Ask<'_>,
        parse: impl Fn(Value) -> Option<T>,
    ) -> Result<T> {
        let api = &self.shared.api;
        api.require_key()?;
        let mut attempt = 1;
        loop {
            let exchange = match request {
                Ask::Get(path) => api.get(path).await,
                Ask::Post(path, body) => api.post(path, body).await,
            };
            match classify(doing, exchange, &parse) {
                Ok(found) => return Ok(found),
                Err(NoData::Trouble { error, retry_after }) if attempt < ATTEMPTS => {
                    tracing::debug!(doing, attempt, %error, "trying again");
                    let config = &self.shared.config;
                    let asked = retry_after.unwrap_or_default().min(config.max_retry_after);
                    let pause = config.backoff.delay(attempt, self.random());
                    self.sleep(pause.max(asked)).await;
                    attempt += 1;
                }
                Err(NoData::Trouble { error, .. } | NoData::Refused(error)) => {
                    return Err(error.with_attempts(attempt));
                }
            }
        }
    }
}
