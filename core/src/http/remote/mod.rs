//! Reads the properties of a file behind a URL from a few of its bytes.

#[cfg(feature = "testing")]
pub(super) mod fuzzing;
mod probe_error;
mod range_response;

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use http::header::{ACCEPT_ENCODING, IF_RANGE, RANGE};
use http::{HeaderMap, HeaderValue, Method};
use url::Url;

use super::redirects::{self, MAX_REDIRECTS};
use super::reqwest_transport::ReqwestTransport;
use super::ssrf::SsrfGuard;
use super::transport::{
    BodyStream, ConnectionUse, Request, RequestBody, Response, Transport, TransportError,
};
use crate::config::Config;
use crate::error::Result;
use crate::media::MediaInfo;
use crate::media::range_probe::{RangeProbe, RangeProbeLimits, Step};
pub(crate) use probe_error::ProbeError;
use probe_error::ProbeStop;
use range_response::RangeResponse;

/// How many times the connection may break while one file is read.
const MAX_FAILURES: u32 = 1;

/// Reads files behind URLs from anyone. It has no API key, so it cannot send one.
pub(crate) struct RemoteMedia {
    transport: Arc<dyn Transport>,
    guard: SsrfGuard,
    limits: RangeProbeLimits,
    timeout: Duration,
}

/// The result of reading a file behind a URL.
#[derive(Clone, Debug)]
pub(crate) struct ProbeResult {
    /// The properties of the file; `None` if not even its format is known.
    pub(crate) info: Option<MediaInfo>,
    /// Why the reading ended early.
    pub(crate) stopped: Option<ProbeError>,
}

impl RemoteMedia {
    pub(crate) fn new(config: &Config) -> Result<Self> {
        Ok(Self {
            transport: Arc::new(ReqwestTransport::for_strangers(config)?),
            guard: SsrfGuard::new(config)?,
            limits: RangeProbeLimits::default(),
            timeout: config.remote_check_timeout,
        })
    }

    /// Reads as much as the properties of the file need, within the limits.
    pub(crate) async fn read(&self, url: &Url) -> ProbeResult {
        let mut probe = RangeProbe::new(self.limits);
        let mut session = Session::new(self, url);
        let end = tokio::time::timeout(self.timeout, session.run(&mut probe)).await;
        let found = match end {
            Ok(Ok(info)) => ProbeResult { info: Some(info), stopped: None },
            // Its parts do not belong together.
            Ok(Err(ProbeStop::Changed)) => {
                ProbeResult { info: None, stopped: Some(ProbeError::changed()) }
            }
            Ok(Err(ProbeStop::Broken(why) | ProbeStop::Final(why))) => {
                ProbeResult { info: probe.partial_info(), stopped: Some(why) }
            }
            Err(_) => ProbeResult {
                info: probe.partial_info(),
                stopped: Some(ProbeError::too_slow(self.timeout)),
            },
        };
        tracing::debug!(
            host = url.host_str(),
            container = ?found.info.as_ref().map(|info| info.container),
            stopped = found.stopped.as_ref().map(|stopped| stopped.clause.as_str()),
            "read media behind a URL"
        );
        found
    }
}

/// The reading of one file.
struct Session<'a> {
    remote: &'a RemoteMedia,
    /// Where the file was last found.
    url: Url,
    redirects: u32,
    failures: u32,
    is_first: bool,
    validator: Option<HeaderValue>,
    /// The whole, where the server sends no parts.
    whole: Option<BodyStream>,
}

impl<'a> Session<'a> {
    fn new(remote: &'a RemoteMedia, url: &Url) -> Self {
        Self {
            remote,
            url: without_secrets(url.clone()),
            redirects: 0,
            failures: 0,
            is_first: true,
            validator: None,
            whole: None,
        }
    }

    async fn run(&mut self, probe: &mut RangeProbe) -> Result<MediaInfo, ProbeStop> {
        loop {
            let done = match probe.next_step() {
                Step::Done(info) => return Ok(info),
                Step::Stop(clause) => return Err(ProbeStop::bound(clause)),
                Step::QuerySize => {
                    self.query_size(probe).await;
                    Ok(())
                }
                Step::Range { offset, length } => self.fetch(probe, offset, length).await,
                Step::ReadBody { to } => self.read_on(probe, to).await,
            };
            match done {
                Err(ProbeStop::Broken(_))
                    if self.failures < MAX_FAILURES && self.whole.is_none() =>
                {
                    self.failures += 1;
                }
                other => other?,
            }
        }
    }

    /// Facts that it does not contain stay unknown.
    async fn query_size(&mut self, probe: &mut RangeProbe) {
        probe.record_request();
        probe.record_size_query();
        if let Ok(response) = self.exchange(Method::HEAD, HeaderMap::new()).await
            && let Some(size) = range_response::size(response.status, &response.headers)
        {
            probe.set_size(size);
        }
    }

    async fn fetch(
        &mut self,
        probe: &mut RangeProbe,
        offset: u64,
        length: u64,
    ) -> Result<(), ProbeStop> {
        probe.record_request();
        let response = self.exchange(Method::GET, self.range_of(offset, length)?).await?;
        let range = range_response::read(response.status, &response.headers);
        let is_first = std::mem::replace(&mut self.is_first, false);
        let validator = range_response::validator(&response.headers);
        if is_first {
            self.validator = validator;
        } else if matches!(range, RangeResponse::Part { .. } | RangeResponse::Whole { .. })
            && self.validator.is_some()
            && validator != self.validator
        {
            return Err(ProbeStop::Changed);
        }
        let mut body = response.body;
        match range {
            RangeResponse::Part { start, .. } if start != offset => {
                Err(ProbeStop::server("sends another range than was requested"))
            }
            RangeResponse::Part { length: given, total, .. } => {
                same_size(probe, total)?;
                let (mut bytes, end) = take(&mut body, length.min(given)).await;
                bytes.truncate(usize::try_from(length).unwrap_or(usize::MAX));
                let is_empty = bytes.is_empty();
                probe.insert(offset, bytes);
                match end {
                    End::Broken(error) => Err(ProbeStop::broken(&error)),
                    End::Whole if is_empty => Err(ProbeStop::server("sends nothing")),
                    End::Whole | End::Enough => Ok(()),
                }
            }
            RangeResponse::Whole { length } if is_first => {
                same_size(probe, length)?;
                probe.set_whole_body();
                self.whole = Some(body);
                Ok(())
            }
            RangeResponse::Whole { length } => {
                same_size(probe, length)?;
                Err(ProbeStop::server("sends parts at one time and the whole at another"))
            }
            RangeResponse::Nothing { total: Some(total) } if probe.size() != Some(total) => {
                same_size(probe, Some(total))
            }
            // All before it arrived.
            RangeResponse::Nothing { total: None }
                if probe.size().is_none() && offset == probe.end() =>
            {
                same_size(probe, Some(offset))
            }
            RangeResponse::Nothing { .. } => Err(ProbeStop::server("refuses to send a part of it")),
            RangeResponse::Status(status) => Err(ProbeStop::status(status)),
            RangeResponse::Unusable(clause) => Err(ProbeStop::server(clause)),
        }
    }

    async fn read_on(&mut self, probe: &mut RangeProbe, to: u64) -> Result<(), ProbeStop> {
        let Some(body) = &mut self.whole else {
            return Err(ProbeStop::server("sends nothing"));
        };
        let from = probe.end();
        let (bytes, end) = take(body, to.saturating_sub(from)).await;
        probe.insert(from, bytes);
        match end {
            End::Enough => Ok(()),
            End::Whole => same_size(probe, Some(probe.end())),
            End::Broken(error) => Err(ProbeStop::broken(&error)),
        }
    }

    fn range_of(&self, offset: u64, length: u64) -> Result<HeaderMap, ProbeStop> {
        let last = offset.saturating_add(length).saturating_sub(1);
        let range = HeaderValue::from_str(&format!("bytes={offset}-{last}"))
            .map_err(|_| ProbeStop::bound("its parts cannot be named"))?;
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, range);
        if let Some(validator) = &self.validator {
            headers.insert(IF_RANGE, validator.clone());
        }
        Ok(headers)
    }

    /// Sends a request and follows redirects; checks every hop before it requests it.
    async fn exchange(
        &mut self,
        method: Method,
        headers: HeaderMap,
    ) -> Result<Response, ProbeStop> {
        loop {
            self.remote.guard.check(&self.url).map_err(|why| ProbeStop::blocked(why, &self.url))?;
            let mut headers = headers.clone();
            // What is compressed on the way has other offsets and another size.
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
            let request = Request {
                method: method.clone(),
                url: self.url.clone(),
                headers,
                body: RequestBody::Empty,
                connection: ConnectionUse::Pooled,
            };
            let exchange = self.remote.transport.exchange(request);
            let response = exchange.await.map_err(|error| ProbeStop::broken(&error))?;
            if !redirects::is_redirect(response.status) {
                return Ok(response);
            }
            self.redirects += 1;
            if self.redirects > MAX_REDIRECTS {
                return Err(ProbeStop::redirect(&redirects::too_many()));
            }
            let target = redirects::target(&self.url, &response.headers)
                .map_err(|why| ProbeStop::redirect(&why))?;
            self.url = without_secrets(target);
        }
    }
}

/// A URL without user and password: reqwest would send them.
fn without_secrets(mut url: Url) -> Url {
    // Fails only on URLs that cannot have a password at all.
    let _ = url.set_password(None);
    let _ = url.set_username("");
    url
}

fn same_size(probe: &mut RangeProbe, size: Option<u64>) -> Result<(), ProbeStop> {
    if size.is_none_or(|size| probe.set_size(size)) { Ok(()) } else { Err(ProbeStop::Changed) }
}

/// Why no more bytes were taken.
enum End {
    Enough,
    Whole,
    Broken(TransportError),
}

/// Takes at least that many bytes of a body, unless it ends or breaks before.
async fn take(body: &mut BodyStream, length: u64) -> (Bytes, End) {
    let mut taken = BytesMut::new();
    let end = loop {
        if taken.len() as u64 >= length {
            break End::Enough;
        }
        match body.next().await {
            Some(Ok(chunk)) => taken.extend_from_slice(&chunk),
            Some(Err(error)) => break End::Broken(error),
            None => break End::Whole,
        }
    };
    (taken.freeze(), end)
}

#[cfg(test)]
mod tests;
