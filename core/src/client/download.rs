//! Downloads of outputs.

use std::future::IntoFuture;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use url::Url;

use super::Client;
use super::upload::closed;
use crate::error::{Error, ErrorKind, Result};
use crate::http::{self, DownloadedFile};
use crate::media::probe::{BytesSource, probe};
use crate::protocol::{Output, Prediction};

/// The default of [`Download::max_bytes`]: 2 GiB.
const MAX_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// A download. It starts when it is awaited; [`Client::download`] creates it.
///
/// The client streams the file to a temporary name next to the target and renames it when it is
/// complete. An existing file is replaced; in a folder, the client chooses an unused name. An
/// interrupted download resumes. The API key is never sent.
#[must_use = "a download does nothing until it is awaited"]
pub struct Download {
    client: Client,
    url: Option<String>,
    /// The output, if it has no URL.
    inline: Option<Output>,
    job_id: Option<String>,
    to: PathBuf,
    max_bytes: u64,
    on_bytes: Option<Listener>,
}

type Listener = Arc<dyn Fn(u64, Option<u64>) + Send + Sync>;

impl Download {
    pub(super) fn new(client: Client, url: String, to: PathBuf) -> Self {
        Self {
            client,
            url: Some(url),
            inline: None,
            job_id: None,
            to,
            max_bytes: MAX_BYTES,
            on_bytes: None,
        }
    }

    pub(super) fn of_job(client: Client, prediction: &Prediction, to: PathBuf) -> Self {
        let url = prediction.output_url().map(str::to_owned);
        let text = || prediction.outputs.iter().find(|output| matches!(output, Output::Text(_)));
        let inline = if url.is_none() { text().cloned() } else { None };
        let job_id = Some(prediction.id.clone());
        Self { client, url, inline, job_id, to, max_bytes: MAX_BYTES, on_bytes: None }
    }

    /// Limits the size of the output in bytes. Default: 2 GiB.
    pub fn max_bytes(mut self, max_bytes: u64) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// Calls `listener` with the bytes received so far, and the total size in bytes if it is known.
    pub fn on_progress(
        mut self,
        listener: impl Fn(u64, Option<u64>) + Send + Sync + 'static,
    ) -> Self {
        self.on_bytes = Some(Arc::new(listener));
        self
    }

    async fn save(mut self) -> Result<DownloadedFile> {
        let job_id = self.job_id.take();
        self.fetch().await.map_err(|error| match job_id {
            Some(id) => error.with_job(id),
            None => error,
        })
    }

    async fn fetch(self) -> Result<DownloadedFile> {
        if let Some((content, name)) = self.inline.as_ref().and_then(media_in) {
            let total = content.len() as u64;
            if total > self.max_bytes {
                let message =
                    format!("The output is larger than `max_bytes` ({} bytes).", self.max_bytes);
                return Err(Error::new(ErrorKind::Download, message));
            }
            let saved = http::save(&content, &self.to, &name).await?;
            if let Some(on_bytes) = &self.on_bytes {
                on_bytes(total, Some(total));
            }
            return Ok(saved);
        }
        let url = self.url.ok_or_else(|| {
            let message = "The job has no output with a URL to download.";
            Error::new(ErrorKind::Download, message)
        })?;
        let url = Url::parse(&url).map_err(|error| {
            let message = "Cannot download the output: its address is not a URL.";
            Error::new(ErrorKind::Download, message).with_source(error)
        })?;
        let _permit = self.client.shared.transfers.acquire().await.map_err(closed)?;
        let silent = |_: u64, _: Option<u64>| ();
        let download = http::Download {
            url,
            to: self.to,
            max_bytes: self.max_bytes,
            on_bytes: self.on_bytes.as_deref().unwrap_or(&silent),
        };
        self.client.shared.downloads.save(download).await
    }
}

/// Returns the media of a base64 output and its file name, or `None` for plain text.
fn media_in(output: &Output) -> Option<(Bytes, String)> {
    let content = Bytes::from(output.decode()?);
    let container = probe(&BytesSource::new(content.clone())).ok()?.container;
    container.kind()?;
    let name = format!("output.{}", container.extensions().first()?);
    Some((content, name))
}

impl IntoFuture for Download {
    type Output = Result<DownloadedFile>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.save().boxed()
    }
}
