//! The transport over reqwest.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _};
use http::Version;
use http::header::CONTENT_LENGTH;
use url::{Origin, Url};

use super::proxy::{SystemProxies, known_to_reqwest};
use super::ssrf::PublicResolver;
use super::tls;
use super::transport::{
    ConnectionUse, Request, RequestBody, Response, Sent, Transport, TransportError, is_unprocessed,
};
use crate::config::{Config, is_loopback};
use crate::error::{Error, ErrorKind, Result};

/// How long an HTTP/2 connection counts as alive after a response.
const ALIVE: Duration = Duration::from_secs(5);

pub(crate) struct ReqwestTransport {
    /// For requests to this machine: never uses a proxy of the system.
    local: Clients,
    remote: Clients,
    api: Origin,
    /// The time of the API's last response over HTTP/2, where all requests share one connection.
    http2_answered: Mutex<Option<Instant>>,
}

/// Two HTTP clients with the same settings.
struct Clients {
    pooled: reqwest::Client,
    /// Opens a new connection for every request.
    unpooled: reqwest::Client,
}

impl ReqwestTransport {
    pub(crate) fn new(config: &Config) -> Result<Self> {
        Self::build(config, |builder| builder)
    }

    /// For URLs from anyone: unless the settings allow it, names are resolved to public addresses
    /// only, and no proxy is used, because it would resolve them itself.
    pub(crate) fn for_strangers(config: &Config) -> Result<Self> {
        if config.allow_private_addresses {
            return Self::new(config);
        }
        Self::build(config, |builder| builder.no_proxy().dns_resolver(Arc::new(PublicResolver)))
    }

    fn build(
        config: &Config,
        adapt: impl Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
    ) -> Result<Self> {
        let tls = tls::client_config(config.ca_bundle.as_deref())?;
        let clients = |is_local: bool| {
            let client = |max_idle: usize| {
                let builder =
                    builder(config, tls.clone(), is_local)?.pool_max_idle_per_host(max_idle);
                adapt(builder).build().map_err(unusable)
            };
            Ok::<_, Error>(Clients { pooled: client(usize::MAX)?, unpooled: client(0)? })
        };
        Ok(Self {
            local: clients(true)?,
            remote: clients(false)?,
            api: config.base_url.origin(),
            http2_answered: Mutex::default(),
        })
    }

    fn client(&self, request: &Request) -> &reqwest::Client {
        let clients = if is_loopback(&request.url) { &self.local } else { &self.remote };
        match request.connection {
            ConnectionUse::Pooled => &clients.pooled,
            ConnectionUse::KnownAlive if self.http2_is_alive() => &clients.pooled,
            ConnectionUse::KnownAlive => &clients.unpooled,
        }
    }

    fn http2_is_alive(&self) -> bool {
        let answered = *self.http2_answered.lock().unwrap_or_else(PoisonError::into_inner);
        answered.is_some_and(|answered| answered.elapsed() < ALIVE)
    }

    /// Remembers whether the API's connection is alive.
    fn note(&self, url: &Url, result: &reqwest::Result<reqwest::Response>) {
        if url.origin() == self.api {
            let is_http2 =
                result.as_ref().is_ok_and(|response| response.version() == Version::HTTP_2);
            *self.http2_answered.lock().unwrap_or_else(PoisonError::into_inner) =
                is_http2.then(Instant::now);
        }
    }
}

fn builder(
    config: &Config,
    tls: rustls::ClientConfig,
    is_local: bool,
) -> Result<reqwest::ClientBuilder> {
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        // The submit's state machine alone decides whether a request is sent again.
        .retry(reqwest::retry::never())
        .connect_timeout(config.connect_timeout)
        .pool_idle_timeout(Duration::from_secs(20))
        .user_agent(&config.user_agent);
    if let Some(proxy) = &config.proxy {
        let proxy = reqwest::Proxy::all(known_to_reqwest(proxy.clone())).map_err(unusable)?;
        return Ok(builder.proxy(proxy));
    }
    if is_local {
        return Ok(builder.no_proxy());
    }
    SystemProxies::from_env()?.apply(builder).map_err(unusable)
}

fn unusable(error: reqwest::Error) -> Error {
    let error = TransportError::from_chain(Sent::No, false, &error.without_url());
    Error::new(ErrorKind::Config, format!("The HTTP client cannot be set up: {error}."))
}

impl Transport for ReqwestTransport {
    fn exchange(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        async move {
            let (client, url) = (self.client(&request).clone(), request.url.clone());
            // Without the query: a URL of an upload or an output is signed there.
            let logged = tracing::enabled!(tracing::Level::DEBUG);
            let of = |text: &str| if logged { text.to_owned() } else { String::new() };
            let (method, host, path) = (
                request.method.clone(),
                of(request.url.host_str().unwrap_or_default()),
                of(request.url.path()),
            );
            let mut outgoing = reqwest::Request::new(request.method, request.url);
            *outgoing.headers_mut() = request.headers;
            *outgoing.body_mut() = match request.body {
                RequestBody::Empty => None,
                RequestBody::Bytes(bytes) => Some(bytes.into()),
                RequestBody::Stream { length, stream } => {
                    outgoing.headers_mut().insert(CONTENT_LENGTH, length.into());
                    Some(reqwest::Body::wrap_stream(stream))
                }
            };
            let answered = client.execute(outgoing).await;
            self.note(&url, &answered);
            let mut response = answered.map_err(failed).inspect_err(|error| {
                tracing::debug!(%method, host, path, %error, "request failed");
            })?;
            let status = response.status().as_u16();
            tracing::debug!(%method, host, path, status, "request answered");
            Ok(Response {
                status,
                headers: std::mem::take(response.headers_mut()),
                body: response.bytes_stream().map(|chunk| chunk.map_err(failed)).boxed(),
            })
        }
        .boxed()
    }
}

fn failed(error: reqwest::Error) -> TransportError {
    let is_unsent = error.is_connect() || error.is_builder() || is_unprocessed(&error);
    let sent = if is_unsent { Sent::No } else { Sent::Maybe };
    // URLs of uploads and outputs are secrets in themselves.
    TransportError::from_chain(sent, error.is_timeout(), &error.without_url())
}
