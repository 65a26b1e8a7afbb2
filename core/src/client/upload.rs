//! Uploads of single media files.

use std::future::IntoFuture;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use url::Url;

use super::Client;
use super::check::{probe_local, why_unreadable};
use super::prepare::{Upload as Plan, upload_file};
use crate::error::{Error, ErrorKind, Result};
use crate::http::{OnBytes, UploadFile};
use crate::media::Media;

/// An upload. It starts when it is awaited; [`Client::upload`] creates it.
#[must_use = "an upload does nothing until it is awaited"]
pub struct Upload {
    client: Client,
    media: Media,
    on_bytes: Option<Arc<dyn Fn(u64, u64) + Send + Sync>>,
}

impl Upload {
    pub(super) fn new(client: Client, media: Media) -> Self {
        Self { client, media, on_bytes: None }
    }

    /// Calls `listener` with the bytes sent so far and the total size in bytes. The first number starts
    /// again at 0 after a failed attempt.
    pub fn on_progress(mut self, listener: impl Fn(u64, u64) + Send + Sync + 'static) -> Self {
        self.on_bytes = Some(Arc::new(listener));
        self
    }

    async fn send(self) -> Result<Url> {
        let info = probe_local(&self.media).await.map_err(|error| {
            let why = why_unreadable(&self.media.display_name(), &error);
            let message = format!("Cannot upload: {why}");
            Error::new(ErrorKind::InvalidInput, message).with_source(error)
        })?;
        let file = match upload_file(&self.media, info.as_ref())? {
            Plan::NotNeeded(url) => return Ok(url),
            Plan::File(file) => file,
        };
        self.client.api.require_key()?;
        let total = file.size;
        let on_bytes: OnBytes = match self.on_bytes {
            Some(listener) => Arc::new(move |sent| listener(sent, total)),
            None => Arc::new(|_| ()),
        };
        self.client.put_file(&file, on_bytes).await
    }
}

impl Client {
    /// Uploads a file as soon as the limit of concurrent transfers allows it.
    pub(super) async fn put_file(&self, file: &UploadFile, on_bytes: OnBytes) -> Result<Url> {
        let _permit = self.shared.transfers.acquire().await.map_err(closed)?;
        self.shared.uploads.upload(&self.api, file, &on_bytes).await
    }
}

/// Nothing closes the semaphore. If something does, that is an error, not a panic.
pub(super) fn closed(error: tokio::sync::AcquireError) -> Error {
    Error::new(ErrorKind::Config, "The client is closed.").with_source(error)
}

impl IntoFuture for Upload {
    type Output = Result<Url>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.send().boxed()
    }
}
