//! What a connection knows of the headers that its polls repeat, so that it looks them up once.

use std::sync::Arc;

use http::header::{AUTHORIZATION, HOST, ORIGIN};
use http::{HeaderMap, HeaderValue};

use crate::world::World;
use crate::world::recorded_head::RequestHeaders;

/// What the headers of a poll say that was let in.
pub(crate) struct KnownHeaders {
    /// As the journal keeps them.
    pub(crate) recorded: Arc<RequestHeaders>,
    /// The base URL of URLs in the response.
    pub(crate) base_url: Arc<str>,
    /// The world of the key.
    pub(crate) world: World,
    authorization: HeaderValue,
}

impl KnownHeaders {
    /// Returns `None` if more than these headers decides whether a poll is let in.
    pub(crate) fn new(
        headers: &HeaderMap,
        recorded: &Arc<RequestHeaders>,
        base_url: &Arc<str>,
        world: &World,
    ) -> Option<Self> {
        if headers.contains_key(ORIGIN) || !headers.contains_key(HOST) {
            return None;
        }
        // A copy: the header is a part of a larger buffer.
        let authorization = HeaderValue::from_bytes(headers.get(AUTHORIZATION)?.as_bytes()).ok()?;
        let (recorded, base_url) = (Arc::clone(recorded), Arc::clone(base_url));
        Some(Self { recorded, base_url, world: world.clone(), authorization })
    }

    /// Returns whether a poll with these headers is let in as that one was.
    pub(crate) fn covers(&self, headers: &HeaderMap) -> bool {
        headers.get(AUTHORIZATION) == Some(&self.authorization)
            && self.recorded.covers(headers)
            && !self.world.is_stopped()
    }
}
