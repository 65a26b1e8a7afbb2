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
use super::body::{Exchange, FullResponse, exchange};
use super::envelope::Envelope;
use super::error_mapping::{connection_error, error_text, is_error_page, status_error};
use super::legacy_upload::{self, framing};
use super::presigned_upload::{self, PresignedUpload};
use super::progress::{ByteCount, StallTimeouts, unless_stalled};
use super::redirects::{self, MAX_REDIRECTS, NotFollowed};
use super::retry::{RequestFailure, Retry};
use super::transport::{ConnectionUse, Request, RequestBody, Sent, Transport, TransportError};
use crate::clock::Clock;
use crate::config::{Config, is_loopback};
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
    stall: StallTimeouts,
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
            stall: StallTimeouts::new(config.stall_timeout),
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
                Err(RequestFailure::Final(error)) => return Err(error.with_attempts(attempt)),
                Err(RequestFailure::Transient(error)) => {
                    self.retry.pause(attempt, error).await?;
                }
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
        Ok(self.unless_stalled(transfer, &count, file.size).await)
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

    /// Sends the file to the storage, and follows its redirects.
    async fn put(
        &self,
        file: &UploadFile,
        presigned: PresignedUpload,
        on_bytes: &OnBytes,
    ) -> Result<(), RequestFailure> {
        let mut url = presigned.put_url;
        for _ in 0..=MAX_REDIRECTS {
            let opened = counted(file, on_bytes).await;
            let (count, stream) = opened.map_err(RequestFailure::Final)?;
            let request = Request {
                method: presigned.method.clone(),
                url: url.clone(),
                headers: presigned.headers.clone(),
                body: RequestBody::Stream { length: file.size, stream },
                connection: ConnectionUse::Pooled,
            };
            // The transfer may take any time as long as it makes progress.
            let transfer = exchange(self.transport.as_ref(), request, Duration::MAX);
            match self.unless_stalled(transfer, &count, file.size).await {
                Ok(response) if matches!(response.status, 301 | 302 | 307 | 308) => {
                    let next = redirects::target(&url, &response.headers);
                    url = next
                        .and_then(|to| same_kind(&url, to))
                        .map_err(|why| not_followed(&why))?;
                }
                exchange => return put_outcome(file, exchange),
            }
        }
        Err(not_followed(&redirects::too_many()))
    }

    async fn unless_stalled(
        &self,
        transfer: impl Future<Output = Exchange>,
        count: &ByteCount,
        size: u64,
    ) -> Exchange {
        unless_stalled(transfer, count, size, self.stall).await.unwrap_or_else(|timeout| {
            let message = format!("no progress for {} s", timeout.as_secs_f64());
            Err(TransportError::new(Sent::Maybe, true, message))
        })
    }
}

/// Returns the target of a redirect unless it leads from the internet to this machine or back.
fn same_kind(from: &Url, to: Url) -> Result<Url, NotFollowed> {
    if is_loopback(from) == is_loopback(&to) {
        Ok(to)
    } else {
        let host = to.host_str().unwrap_or_default();
        Err(format!("redirected to {host}, which is a host of another kind"))
    }
}

fn not_followed(why: &str) -> RequestFailure {
    RequestFailure::Final(Error::new(
        ErrorKind::Upload,
        format!("The upload failed: it was {why}."),
    ))
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

fn put_outcome(file: &UploadFile, exchange: Exchange) -> Result<(), RequestFailure> {
    let operation = format!("uploading {}", file.name);
    let cause = match exchange {
        // A login page or a proxy may answer with a success instead of the storage. Then the file is
        // not there, and a job with it would be paid for nothing.
        Ok(response) if is_success(&response) && !is_error_page(&response.body) => return Ok(()),
        Ok(response) => {
            let cause = status_error(&operation, &response, &Envelope::of(&response));
            let text = error_text(&response);
            let is_final =
                response.status == 413 || TOO_LARGE.iter().any(|code| text.contains(code));
            let text = if text.is_empty() { text } else { format!(": {text}") };
            let advice = if is_final {
                "Use a smaller file"
            } else if is_success(&response) {
                "Check the network: a login page or a proxy may have answered instead"
            } else {
                "Try again later"
            };
            let message = format!(
                "The upload failed: the storage answered HTTP {}{}. {advice}.",
                response.status,
                text.trim_end_matches('.'),
            );
            let error = upload_error(message, cause);
            return Err(if is_final {
                RequestFailure::Final(error)
            } else {
                RequestFailure::Transient(error)
            });
        }
        Err(error) => connection_error(&operation, error),
    };
    let message = format!("The upload failed. {}", cause.message());
    Err(RequestFailure::Transient(upload_error(message, cause)))
}

fn is_success(response: &FullResponse) -> bool {
    (200..300).contains(&response.status)
}

/// The storage's codes for a file that it will never accept.
const TOO_LARGE: [&str; 2] = ["EntityTooLarge", "EntityTooSmall"];

/// The storage is not the API: its 403 says nothing about the key, so all its failures are one kind.
fn upload_error(message: String, cause: Error) -> Error {
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

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    #[test]
    fn a_page_is_no_proof_of_an_upload() {
        let file = UploadFile {
            name: "a.mp4".to_owned(),
            content_type: "video/mp4",
            content: Content::Bytes(Bytes::new()),
            size: 0,
        };
        for (status, body, expected) in [
            (200, "", None),
            (201, "<PostResponse><Key>a.mp4</Key></PostResponse>", None),
            (204, "", None),
            (200, "{\"name\": \"a.mp4\"}", None),
            (
                200,
                "\n<!DOCTYPE html><title>Log in</title>",
                Some("a page of HTML (\"Log in\"). Check"),
            ),
            (200, "<html>", Some("a page of HTML. Check the network")),
            (200, "<Error><Code>InternalError</Code></Error>", Some("200: InternalError. Check")),
            (403, "\u{feff}<Error><Code>Expired</Code></Error>", Some("403: Expired. Try again")),
            (413, "<html>", Some("Use a smaller file")),
        ] {
            let response = FullResponse::new(status, HeaderMap::new(), Bytes::from(body));
            let outcome = put_outcome(&file, Ok(response));
            let message = outcome.err().map(|failure| match failure {
                RequestFailure::Final(error) | RequestFailure::Transient(error) => {
                    assert_eq!(error.kind(), ErrorKind::Upload);
                    error.message().to_owned()
                }
            });
            assert_eq!(message.is_some(), expected.is_some(), "{status} {body}: {message:?}");
            assert!(message.unwrap_or_default().contains(expected.unwrap_or_default()), "{body}");
        }
    }
}
