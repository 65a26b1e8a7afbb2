//! A response of a server, read to its end.

use bytes::Bytes;
use http::HeaderMap;

use super::redactor::Redactor;

/// A response with its whole body.
#[derive(Debug)]
pub(crate) struct FullResponse {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Removes the key from the parts of the response that are shown.
    pub(crate) redactor: Redactor,
}

impl FullResponse {
    pub(crate) fn new(status: u16, headers: HeaderMap, body: Bytes) -> Self {
        Self { status, headers, body, redactor: Redactor::default() }
    }
}
