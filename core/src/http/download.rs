//! Downloads: streamed to a temporary name, resumed after a broken connection, renamed when whole.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_RANGE,
    RANGE,
};
use http::{HeaderMap, HeaderValue, Method};
use tokio::io::AsyncWriteExt as _;
use url::Url;

use super::atomic_file::{AtomicFile, DownloadedFile, folder_of};
use super::file_name::safe_file_name;
use super::output_check::{self, Problem};
use super::progress::{MIN_RATE, RateWatch};
use super::redirects::{self, MAX_REDIRECTS, is_redirect};
use super::retry::{RequestFailure, Retry};
use super::retry_after::retry_after;
use super::transport::{ConnectionUse, Request, RequestBody, Response, Transport};
use crate::clock::Clock;
use crate::config::{Config, is_loopback};
use crate::error::{Error, ErrorKind, ResponseInfo, Result};
use crate::media::MediaInfo;
use crate::media::probe::{FileSource, probe};

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
    /// A file, or an existing folder.
    pub(crate) to: PathBuf,
    /// The name in a folder; `None` takes it from the URL.
    pub(crate) name: Option<String>,
    pub(crate) max_bytes: u64,
    /// Receives the bytes so far, and the size of the whole file if it is known.
    pub(crate) on_bytes: &'a (dyn Fn(u64, Option<u64>) + Send + Sync),
}

/// What is known after the first response.
#[derive(Default)]
struct Progress {
    received: u64,
    total: Option<u64>,
    validator: Option<HeaderValue>,
    content_type: Option<String>,
    /// Whether the download was restarted already, because the server announced more than there is.
    restarted: bool,
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
            let mut outcome = self.attempt(&download, &mut part, &mut progress).await;
            if outcome.is_ok() {
                outcome = verify(&download, &part, &mut progress).await;
            }
            match outcome {
                Ok(()) => break,
                Err(RequestFailure::Final(error)) => return Err(error),
                Err(RequestFailure::Transient(error)) => {
                    let least = RateWatch::least_bytes(self.stall);
                    let is_progress = progress.received >= before.saturating_add(least);
                    failures = if is_progress { 1 } else { failures + 1 };
                    self.retry.pause(failures, error).await?;
                }
            }
        }
        let path = if is_folder {
            let from_url = || safe_file_name(&download.url, progress.content_type.as_deref());
            part.finish_in(&folder, &download.name.unwrap_or_else(from_url)).await?
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
            // There is no more data, although the first response announced more: start over,
            // once.
            if progress.restarted {
                return Err(RequestFailure::Final(error.clone()));
            }
            *progress = Progress { restarted: true, ..Progress::default() };
        }
        let Response { status, headers, mut body } = opened?;
        begin(status, &headers, part, progress).await?;
        if progress.total.is_some_and(|total| total > download.max_bytes) {
            return Err(RequestFailure::Final(too_large(download.max_bytes)));
        }
        let begun = Instant::now();
        let mut rate = RateWatch::new(self.stall, Duration::ZERO);
        loop {
            let chunk = match tokio::time::timeout(self.stall, body.next()).await {
                Ok(Some(Ok(chunk))) => chunk,
                Ok(Some(Err(error))) => return Err(broken(&error.to_string())),
                Ok(None) => break,
                Err(_) => {
                    let stall = self.stall.as_secs_f64();
                    return Err(broken(&format!("no byte arrived for {stall} s")));
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
            if rate.is_too_slow(chunk.len(), begun.elapsed()) {
                let stall = self.stall.as_secs_f64();
                return Err(broken(&format!(
                    "less than {MIN_RATE} bytes a second arrived for {stall} s"
                )));
            }
        }
        part.file().flush().await.map_err(|error| RequestFailure::Final(part.error(&error)))?;
        match progress.total {
            Some(total) if progress.received < total => {
                Err(broken(&format!("only {} of {total} bytes arrived", progress.received)))
            }
            _ => Ok(()),
        }
    }

    /// Sends the request, with a range if a part is there already, and follows redirects.
    async fn open(&self, mut url: Url, progress: &Progress) -> Result<Response, RequestFailure> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
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
                .map_err(|_| broken("no response in time"))?
                .map_err(|error| broken(&format!("the {} failed: {error}", error.connection())))?;
            match response.status {
                200 | 206 => return Ok(response),
                status if is_redirect(status) => {
                    url = redirects::target(&url, &response.headers)
                        .map_err(|why| not_followed(&why))?;
                }
                status => return Err(refused(status, &response.headers)),
            }
        }
        Err(not_followed(&redirects::too_many()))
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

/// Reads the head of the response: the file continues where it ends, or starts over.
async fn begin(
    status: u16,
    headers: &HeaderMap,
    part: &mut AtomicFile,
    progress: &mut Progress,
) -> Result<(), RequestFailure> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let range = text(CONTENT_RANGE).and_then(ContentRange::parse).filter(|_| status == 206);
    if status == 206 && range.as_ref().is_none_or(|range| range.start != progress.received) {
        return Err(broken("the server sent another range than was requested"));
    }
    if status == 206 && progress.received > 0 {
        return Ok(());
    }
    part.restart().await.map_err(|error| RequestFailure::Final(part.error(&error)))?;
    let encoding = text(CONTENT_ENCODING).map(str::trim).unwrap_or_default();
    if !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity") {
        let what = format!(
            "the server or a proxy compressed the file ({encoding}), which was not requested",
        );
        return Err(RequestFailure::Final(download_error(&what)));
    }
    *progress = Progress {
        // Some servers send a part to a request for all; the next attempt requests the remainder.
        total: match range {
            Some(range) => range.total,
            None => text(CONTENT_LENGTH).and_then(|length| length.parse().ok()),
        },
        // A weak validator does not identify single bytes.
        validator: headers.get(ETAG).filter(|tag| !tag.as_bytes().starts_with(b"W/")).cloned(),
        content_type: text(CONTENT_TYPE).map(str::to_owned),
        received: 0,
        restarted: progress.restarted,
    };
    Ok(())
}

/// A range in `Content-Range`: `bytes 100-199/200`.
struct ContentRange {
    start: u64,
    /// The size of the whole file, if the server knows it.
    total: Option<u64>,
}

impl ContentRange {
    fn parse(text: &str) -> Option<Self> {
        let (range, total) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
        let start = range.split('-').next()?.trim().parse().ok()?;
        Some(Self { start, total: total.trim().parse().ok() })
    }
}

/// Checks that the file can be what its address promises.
async fn verify(
    download: &Download<'_>,
    part: &AtomicFile,
    progress: &mut Progress,
) -> Result<(), RequestFailure> {
    let inspected = inspect(part.path()).await;
    let (info, head) = inspected.map_err(|error| RequestFailure::Final(part.error(&error)))?;
    match output_check::problem(&download.url, progress.content_type.as_deref(), &info, &head) {
        None => Ok(()),
        Some(Problem::Other(what)) => {
            Err(RequestFailure::Final(download_error(&format!("the server sent {what}"))))
        }
        Some(Problem::Corrupt(what)) => {
            let error = download_error(&format!("the file {what}"));
            if progress.total.is_some() {
                return Err(RequestFailure::Final(error));
            }
            // Without a length, a broken connection is indistinguishable from the end of the file.
            *progress = Progress { restarted: progress.restarted, ..Progress::default() };
            Err(RequestFailure::Transient(error))
        }
    }
}

/// Reads the facts and the beginning of a file.
async fn inspect(path: &Path) -> std::io::Result<(MediaInfo, Vec<u8>)> {
    let path = path.to_owned();
    let read = move || {
        let mut head = Vec::new();
        std::fs::File::open(&path)?.take(output_check::HEAD as u64).read_to_end(&mut head)?;
        let info = probe(&FileSource::open(&path)?).map_err(std::io::Error::other)?;
        Ok((info, head))
    };
    tokio::task::spawn_blocking(read).await.map_err(std::io::Error::other)?
}

fn not_followed(why: &str) -> RequestFailure {
    RequestFailure::Final(download_error(&format!("it was {why}")))
}

fn refused(status: u16, headers: &HeaderMap) -> RequestFailure {
    let advice = match status {
        403 | 404 | 410 => {
            "; outputs are kept for seven days: get the job again, it may have a new URL"
        }
        _ => "",
    };
    let retry_after = retry_after(headers, std::time::SystemTime::now());
    let http = ResponseInfo { status, retry_after, ..ResponseInfo::default() };
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
