//! Uploads: the service returns a presigned URL, and the client sends the file to it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use http::HeaderValue;
use tokio::io::AsyncReadExt as _;
use tokio_util::io::ReaderStream;
use url::Url;

use super::api::Api;
use super::body::{Answer, Exchange, exchange};
use super::envelope::Envelope;
use super::error_mapping::{connection_error, status_error};
use super::legacy_upload::{self, framing};
use super::presigned_upload::{self, PresignedUpload};
use super::progress::{ByteCount, unless_stalled};
use super::retry::{RequestFailure, Retry};
use super::transport::{Request, RequestBody, Sent, Transport, TransportError};
use crate::clock::Clock;
use crate::config::Config;
use crate::error::{Error, ErrorKind, Result};

/// How much of a file is in memory at a time.
const CHUNK: usize = 64 * 1024;

/// A file to upload.
#[derive(Clone, Debug)]
pub(crate) struct UploadFile {
    pub(crate) name: String,
    pub(crate) content_type: &'static str,
    pub(crate) size: u64,
    pub(crate) content: Content,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    Path(PathBuf),
    Bytes(Bytes),
}

/// Uploads files.
pub(crate) struct Uploads {
    transport: Arc<dyn Transport>,
    retry: Retry,
    stall: Duration,
    allow_http: bool,
}

/// Receives the number of bytes of the current attempt that were sent.
pub(crate) type OnBytes = Arc<dyn Fn(u64) + Send + Sync>;

impl Uploads {
    pub(crate) fn new(
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        config: &Config,
    ) -> Self {
        Self {
            transport,
            retry: Retry::new(clock, config),
            stall: config.stall_timeout,
            allow_http: config.allow_http,
        }
    }

    /// Uploads the file and returns the URL at which the service finds it. Each attempt requests a
    /// new presigned URL, because a URL accepts only one attempt.
    pub(crate) async fn upload(
        &self,
        api: &Api,
        file: &UploadFile,
        on_bytes: &OnBytes,
    ) -> Result<Url> {
        let mut attempt = 1;
        loop {
            let presigned = match self.presign(api, file).await {
                Ok(presigned) => presigned,
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    return self.upload_whole(api, file, on_bytes).await;
                }
                Err(error) => return Err(error),
            };
            let download_url = presigned.download_url.clone();
            match self.put(file, presigned, on_bytes).await {
                Ok(()) => return Ok(download_url),
                Err(error) if error.kind() == ErrorKind::InvalidInput => {
                    return Err(error.with_attempts(attempt));
                }
                Err(error) => self.retry.pause(attempt, error).await?,
            }
            attempt += 1;
        }
    }

    /// Uploads through the older endpoint, for services without presigned uploads.
    async fn upload_whole(&self, api: &Api, file: &UploadFile, on_bytes: &OnBytes) -> Result<Url> {
        tracing::debug!(file = file.name, "no presigned uploads; using the older endpoint");
        self.retry
            .run(|| async {
                let exchange = self.post_whole(api, file, on_bytes).await;
                let exchange = exchange.map_err(RequestFailure::Final)?;
                legacy_upload::classify(&file.name, exchange, self.allow_http)
            })
            .await
    }

    async fn post_whole(
        &self,
        api: &Api,
        file: &UploadFile,
        on_bytes: &OnBytes,
    ) -> Result<Exchange> {
        let framing = framing(&file.name, file.content_type, fastrand::u128(..));
        let content_type = HeaderValue::from_str(&framing.content_type).map_err(|error| {
            Error::new(ErrorKind::Upload, "The upload cannot be framed.").with_source(error)
        })?;
        let (count, content) = counted(file, on_bytes).await?;
        let length = file.size + (framing.head.len() + framing.tail.len()) as u64;
        let one = |bytes: Bytes| stream::iter([Ok::<_, std::io::Error>(bytes)]);
        let stream = one(framing.head).chain(content).chain(one(framing.tail)).boxed();
        let body = RequestBody::Stream { length, stream };
        let transfer = api.post_body(legacy_upload::PATH, content_type, body);
        Ok(self.unless_stalled(transfer, &count).await)
    }

    async fn presign(&self, api: &Api, file: &UploadFile) -> Result<PresignedUpload> {
        let body = presigned_upload::request(&file.name, file.size, file.content_type);
        self.retry
            .run(|| async {
                let exchange = api.post("api/v3/media/uploads", &body).await;
                presigned_upload::classify(&file.name, exchange, self.allow_http)
            })
            .await
    }

    async fn put(
        &self,
        file: &UploadFile,
        presigned: PresignedUpload,
        on_bytes: &OnBytes,
    ) -> Result<()> {
        let (count, stream) = counted(file, on_bytes).await?;
        let request = Request {
            method: presigned.method,
            url: presigned.put_url,
            headers: presigned.headers,
            body: RequestBody::Stream { length: file.size, stream },
        };
        // The whole may take as long as it likes, as long as it moves.
        let transfer = exchange(self.transport.as_ref(), request, Duration::MAX);
        put_outcome(file, self.unless_stalled(transfer, &count).await)
    }

    async fn unless_stalled(
        &self,
        transfer: impl Future<Output = Exchange>,
        count: &ByteCount,
    ) -> Exchange {
        unless_stalled(transfer, count, self.stall).await.unwrap_or_else(|| {
            let message = format!("no byte moved for {} s", self.stall.as_secs_f64());
            Err(TransportError::new(Sent::Maybe, true, message))
        })
    }
}

/// The file's bytes, counted as they are taken.
async fn counted(
    file: &UploadFile,
    on_bytes: &OnBytes,
) -> Result<(ByteCount, BoxStream<'static, std::io::Result<Bytes>>)> {
    let count = ByteCount::default();
    let (counter, on_bytes) = (count.clone(), Arc::clone(on_bytes));
    let content = open(file).await?.inspect(move |chunk| {
        if let Ok(chunk) = chunk {
            on_bytes(counter.add(chunk.len()));
        }
    });
    Ok((count, content.boxed()))
}

fn put_outcome(file: &UploadFile, exchange: Exchange) -> Result<()> {
    let doing = format!("uploading {}", file.name);
    match exchange {
        Ok(Answer { status: 200..=299, .. }) => Ok(()),
        Ok(answer) => Err(as_upload_error(status_error(&doing, &answer, &Envelope::of(&answer)))),
        Err(error) => Err(as_upload_error(connection_error(&doing, error))),
    }
}

/// The storage is not the API: its 403 says nothing of the key, so every failure there is one kind.
fn as_upload_error(cause: Error) -> Error {
    let message = match cause.http() {
        Some(http) => {
            format!(
                "The upload failed: the storage answered HTTP {}. Try again later.",
                http.status
            )
        }
        None => format!("The upload failed. {}", cause.message()),
    };
    let mut error = Error::new(ErrorKind::Upload, message);
    if let Some(http) = cause.http() {
        error = error.with_http(http.clone());
    }
    error.with_source(cause)
}

async fn open(file: &UploadFile) -> Result<BoxStream<'static, std::io::Result<Bytes>>> {
    match &file.content {
        Content::Bytes(bytes) => {
            let mut rest = bytes.clone();
            let chunks = std::iter::from_fn(move || {
                (!rest.is_empty()).then(|| Ok(rest.split_to(rest.len().min(CHUNK))))
            });
            Ok(stream::iter(chunks).boxed())
        }
        Content::Path(path) => {
            let changed = |what: String| {
                Error::new(
                    ErrorKind::InvalidInput,
                    format!("{} {what}. Run again once the file is complete.", path.display()),
                )
            };
            let opened = tokio::fs::File::open(path).await;
            let opened = opened.map_err(|error| changed(format!("cannot be read: {error}")))?;
            let metadata = opened.metadata().await;
            if let Ok(size) = metadata.map(|metadata| metadata.len())
                && size != file.size
            {
                let what =
                    format!("changed from {} to {size} bytes since it was checked", file.size);
                return Err(changed(what));
            }
            Ok(ReaderStream::with_capacity(opened.take(file.size), CHUNK).boxed())
        }
    }
}
