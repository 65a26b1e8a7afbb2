//! Downloads: streamed to a temporary name, resumed where they broke off, renamed when whole.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use http::header::{CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_RANGE, RANGE};
use http::{HeaderMap, HeaderValue, Method};
use tokio::io::AsyncWriteExt as _;
use url::Url;

use super::atomic_file::{AtomicFile, DownloadedFile, folder_of};
use super::file_name::safe_file_name;
use super::redirects::{self, MAX_REDIRECTS, is_redirect};
use super::retry::{RequestFailure, Retry};
use super::retry_after::retry_after;
use super::transport::{ConnectionUse, Request, RequestBody, Response, Transport};
use crate::clock::Clock;
use crate::config::{Config, is_loopback};
use crate::error::{Error, ErrorKind, ResponseInfo, Result};

/// The status for a range that begins behind the file's end.
const NOTHING_MORE: u16 = 416;

/// Fetches outputs. It has no key to send, by construction.
pub(crate) struct Downloads {
    transport: Arc<dyn Transport>,
    retry: Retry,
    request_timeout: Duration,
    stall: Duration,
    allow_http: bool,
}

/// What to fetch, and where to.
pub(crate) struct Download<'a> {
    pub(crate) url: Url,
    /// A file, or an existing folder, in which the name is taken from the URL.
    pub(crate) to: PathBuf,
    pub(crate) max_bytes: u64,
    /// Told the bytes so far, and the size of the whole where it is known.
    pub(crate) on_bytes: &'a (dyn Fn(u64, Option<u64>) + Send + Sync),
}

/// What is known of the whole after the first answer.
#[derive(Default)]
struct Progress {
    received: u64,
    total: Option<u64>,
    validator: Option<HeaderValue>,
    content_type: Option<String>,
    /// Whether it was started over already, as the server had told of more than there is.
    began_anew: bool,
}

impl Downloads {
    pub(crate) fn new(
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        config: &Config,
    ) -> Self {
        Self {
            transport,
            retry: Retry::new(clock, config),
            request_timeout: config.request_timeout,
            stall: config.stall_timeout,
            allow_http: config.allow_http,
        }
    }

    /// Downloads to a temporary name in the target's folder and renames the file when it is whole.
    /// A dropped or failed download leaves nothing behind.
    pub(crate) async fn save(&self, download: Download<'_>) -> Result<DownloadedFile> {
        let (folder, is_folder) = folder_of(&download.to).await?;
        let mut part = AtomicFile::create(&folder).await?;
        let mut progress = Progress::default();
        let mut failures = 0;
        loop {
            let before = progress.received;
            match self.attempt(&download, &mut part, &mut progress).await {
                Ok(()) => break,
                Err(RequestFailure::Final(error)) => return Err(error),
                Err(RequestFailure::Transient(error)) => {
                    failures = if progress.received > before { 1 } else { failures + 1 };
                    self.retry.pause(failures, error).await?;
                }
            }
        }
        let path = if is_folder {
            let name = safe_file_name(&download.url, progress.content_type.as_deref());
            part.finish_in(&folder, &name).await?
        } else {
            part.finish_as(&download.to).await?
        };
        Ok(DownloadedFile { path, bytes: progress.received })
    }

    async fn attempt(
        &self,
        download: &Download<'_>,
        part: &mut AtomicFile,
        progress: &mut Progress,
    ) -> Result<(), RequestFailure> {
        let opened = self.open(download.url.clone(), progress).await;
        if let Err(RequestFailure::Transient(error)) = &opened
            && error.http().is_some_and(|http| http.status == NOTHING_MORE)
        {
            // There is no more than what came, though the first answer told of more: start over,
            // once.
            if progress.began_anew {
                return Err(RequestFailure::Final(error.clone()));
            }
            *progress = Progress { began_anew: true, ..Progress::default() };
        }
        let Response { status, headers, mut body } = opened?;
        begin(status, &headers, part, progress).await?;
        if progress.total.is_some_and(|total| total > download.max_bytes) {
            return Err(RequestFailure::Final(too_large(download.max_bytes)));
        }
        loop {
            let chunk = match tokio::time::timeout(self.stall, body.next()).await {
                Ok(Some(Ok(chunk))) => chunk,
                Ok(Some(Err(error))) => return Err(broken(&error.to_string())),
                Ok(None) => break,
                Err(_) => {
                    let stall = self.stall.as_secs_f64();
                    return Err(broken(&format!("no byte came for {stall} s")));
                }
            };
            progress.received += chunk.len() as u64;
            if progress.received > download.max_bytes {
                return Err(RequestFailure::Final(too_large(download.max_bytes)));
            }
            part.file()
                .write_all(&chunk)
                .await
                .map_err(|error| RequestFailure::Final(part.error(&error)))?;
            (download.on_bytes)(progress.received, progress.total);
        }
        part.file().flush().await.map_err(|error| RequestFailure::Final(part.error(&error)))?;
        match progress.total {
            Some(total) if progress.received < total => {
                Err(broken(&format!("only {} of {total} bytes came", progress.received)))
            }
            _ => Ok(()),
        }
    }

    /// Sends the request, with a range where a part is there already, and follows redirects.
    async fn open(&self, mut url: Url, progress: &Progress) -> Result<Response, RequestFailure> {
        let mut headers = HeaderMap::new();
        if let (Some(validator), true) = (&progress.validator, progress.received > 0) {
            let range = format!("bytes={}-", progress.received);
            headers.insert(RANGE, HeaderValue::from_str(&range).map_err(|_| broken("bad range"))?);
            headers.insert(IF_RANGE, validator.clone());
        }
        for _ in 0..=MAX_REDIRECTS {
            self.require_safe(&url)?;
            let request = Request {
                method: Method::GET,
                url: url.clone(),
                headers: headers.clone(),
                body: RequestBody::Empty,
                connection: ConnectionUse::Pooled,
            };
            let exchange = self.transport.exchange(request);
            let response = tokio::time::timeout(self.request_timeout, exchange)
                .await
                .map_err(|_| broken("no answer came in time"))?
                .map_err(|error| broken(&error.to_string()))?;
            match response.status {
                200 | 206 => return Ok(response),
                status if is_redirect(status) => {
                    url = redirects::target(&url, &response.headers).map_err(not_followed)?;
                }
                status => return Err(refused(status, &response.headers)),
            }
        }
        Err(not_followed(redirects::too_many()))
    }

    fn require_safe(&self, url: &Url) -> Result<(), RequestFailure> {
        match url.scheme() {
            "https" => Ok(()),
            "http" if self.allow_http || is_loopback(url) => Ok(()),
            scheme => Err(RequestFailure::Final(download_error(&format!(
                "its URL has the scheme `{scheme}`; https is needed (`allow_http` allows http)",
            )))),
        }
    }
}

/// Reads the head of the answer: goes on where the file ends, or starts over.
async fn begin(
    status: u16,
    headers: &HeaderMap,
    part: &mut AtomicFile,
    progress: &mut Progress,
) -> Result<(), RequestFailure> {
    let header = |name| headers.get(name);
    let goes_on =
        status == 206 && header(CONTENT_RANGE).and_then(range_start) == Some(progress.received);
    if !goes_on {
        if status == 206 {
            return Err(broken("the server sent another range than was asked for"));
        }
        part.restart().await.map_err(|error| RequestFailure::Final(part.error(&error)))?;
        *progress = Progress {
            total: header(http::header::CONTENT_LENGTH)
                .and_then(|length| length.to_str().ok()?.parse().ok()),
            // A weak validator does not vouch for single bytes.
            validator: header(ETAG).filter(|tag| !tag.as_bytes().starts_with(b"W/")).cloned(),
            content_type: header(CONTENT_TYPE)
                .and_then(|kind| Some(kind.to_str().ok()?.to_owned())),
            received: 0,
            began_anew: progress.began_anew,
        };
    }
    Ok(())
}

/// The first byte's position in `bytes 100-199/200`.
fn range_start(value: &HeaderValue) -> Option<u64> {
    value.to_str().ok()?.trim().strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok()
}

fn not_followed(why: redirects::NotFollowed) -> RequestFailure {
    RequestFailure::Final(download_error(&format!("it was {why}")))
}

fn refused(status: u16, headers: &HeaderMap) -> RequestFailure {
    let advice = match status {
        403 | 404 | 410 => {
            "; outputs are kept for seven days: ask for the job again, it may name a new address"
        }
        _ => "",
    };
    let asked = retry_after(headers, std::time::SystemTime::now());
    let http = ResponseInfo { status, retry_after: asked, ..ResponseInfo::default() };
    let error =
        download_error(&format!("the server answered HTTP {status}{advice}")).with_http(http);
    match status {
        NOTHING_MORE => RequestFailure::Transient(error),
        _ => RequestFailure::from_status(status, error),
    }
}

fn broken(what: &str) -> RequestFailure {
    RequestFailure::Transient(download_error(what))
}

fn too_large(max_bytes: u64) -> Error {
    download_error(&format!(
        "it is larger than the allowed {max_bytes} bytes; raise `max_bytes` if you want it",
    ))
}

fn download_error(what: &str) -> Error {
    Error::new(ErrorKind::Download, format!("The output could not be downloaded: {what}."))
}
