//! Requests that change nothing and cost nothing: repeated where that may help.

use serde_json::Value;

use super::Client;
use crate::error::Result;
use crate::http::json_response::classify;

/// Which request.
#[derive(Clone, Copy)]
pub(super) enum ReadRequest<'a> {
    Get(&'static str),
    Post(&'static str, &'a Value),
}

impl Client {
    /// What `parse` makes of the answer; `doing` completes "… when …".
    pub(super) async fn ask<T>(
        &self,
        doing: &str,
        request: ReadRequest<'_>,
        parse: impl Fn(Value) -> Option<T>,
    ) -> Result<T> {
        let api = &self.api;
        api.require_key()?;
        self.retry()
            .run(|| async {
                let exchange = match request {
                    ReadRequest::Get(path) => api.get(path).await,
                    ReadRequest::Post(path, body) => api.post(path, body).await,
                };
                classify(doing, exchange, &parse)
            })
            .await
    }
}
