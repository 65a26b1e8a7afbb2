//! The transport over reqwest.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _};
use http::Version;
use http::header::CONTENT_LENGTH;
use hyper_util::client::proxy::matcher::Matcher;
use url::{Origin, Url};

use super::proxy::{SystemProxies, known_to_reqwest};
use super::ssrf::PublicResolver;
use super::tls;
use super::transport::{
    ConnectionUse, Request, RequestBody, Response, Sent, Transport, TransportError, is_unprocessed,
};
use crate::config::{Config, is_loopback};
use crate::error::{Error, ErrorKind, Result};

/// How long an HTTP/2 connection counts as alive after a response. It reads all the time, and so
/// notices when the server closes it.
const HTTP2_ALIVE: Duration = Duration::from_secs(5);
/// How long an HTTP/1.1 connection counts as alive after a response: less than any usual server or
/// proxy keeps an idle connection (the shortest default is 2 s, in gunicorn).
const HTTP1_ALIVE: Duration = Duration::from_secs(1);
/// How long other connections are kept.
const POOL_IDLE: Duration = Duration::from_secs(20);

pub(crate) struct ReqwestTransport {
    /// For requests to this machine: never uses a proxy of the system.
    local: Clients,
    remote: Clients,
    api: Origin,
    last: Mutex<LastExchange>,
}

/// HTTP clients that differ only in how long they keep a connection without a request.
struct Clients {
    pooled: reqwest::Client,
    /// Keeps connections for [`HTTP1_ALIVE`].
    known_alive: reqwest::Client,
    /// Opens a new connection for every request.
    unpooled: reqwest::Client,
    /// The proxies that these clients use.
    proxies: Matcher,
}

/// The last exchange with the API.
#[derive(Clone, Copy)]
enum LastExchange {
    /// There was none yet.
    None,
    /// A response over HTTP/1.1, where a connection has one request at a time.
    Http1,
    /// A response at this time over HTTP/2, where all requests share one connection.
    Http2(Instant),
    /// No response.
    Failed,
}

impl ReqwestTransport {
    pub(crate) fn new(config: &Config) -> Result<Self> {
        Self::build(config, true, |builder| builder)
    }

    /// For URLs from anyone: unless the settings allow it, names are resolved to public addresses
    /// only, and no proxy is used, because it would resolve them itself.
    pub(crate) fn for_strangers(config: &Config) -> Result<Self> {
        if config.allow_private_addresses {
            return Self::new(config);
        }
        Self::build(config, false, |builder| {
            builder.no_proxy().dns_resolver(Arc::new(PublicResolver))
        })
    }

    fn build(
        config: &Config,
        uses_proxies: bool,
        adapt: impl Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
    ) -> Result<Self> {
        let tls = tls::client_config(config.ca_bundle.as_deref())?;
        let clients = |is_local: bool| {
            let client = |max_idle: usize, idle: Duration| {
                let builder = builder(config, tls.clone(), is_local)?
                    .pool_max_idle_per_host(max_idle)
                    .pool_idle_timeout(idle);
                adapt(builder).build().map_err(unusable)
            };
            Ok::<_, Error>(Clients {
                pooled: client(usize::MAX, POOL_IDLE)?,
                known_alive: client(usize::MAX, HTTP1_ALIVE)?,
                unpooled: client(0, POOL_IDLE)?,
                proxies: if uses_proxies {
                    proxies(config, is_local)?
                } else {
                    Matcher::builder().build()
                },
            })
        };
        Ok(Self {
            local: clients(true)?,
            remote: clients(false)?,
            api: config.base_url.origin(),
            last: Mutex::new(LastExchange::None),
        })
    }

    fn clients(&self, url: &Url) -> &Clients {
        if is_loopback(url) { &self.local } else { &self.remote }
    }

    fn client(&self, request: &Request) -> &reqwest::Client {
        let clients = self.clients(&request.url);
        match (request.connection, *self.last()) {
            (ConnectionUse::Pooled, _) => &clients.pooled,
            (ConnectionUse::KnownAlive, LastExchange::Http2(at)) if at.elapsed() < HTTP2_ALIVE => {
                &clients.pooled
            }
            // The pool measures the time since the end of the last exchange only for HTTP/1.1.
            (ConnectionUse::KnownAlive, LastExchange::Http2(_) | LastExchange::Failed) => {
                &clients.unpooled
            }
            (ConnectionUse::KnownAlive, LastExchange::None | LastExchange::Http1) => {
                &clients.known_alive
            }
        }
    }

    /// Returns the host and the port of a URL, and the proxy on the way.
    fn server(&self, url: &Url) -> String {
        let address = |host: &str, port: Option<u16>| match port {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let server = address(url.host_str().unwrap_or_default(), url.port_or_known_default());
        let proxies = &self.clients(url).proxies;
        let proxy = url.as_str().parse().ok().and_then(|uri| proxies.intercept(&uri));
        match proxy.as_ref().and_then(|proxy| proxy.uri().authority()) {
            Some(proxy) => {
                let proxy = address(proxy.host(), proxy.port_u16());
                format!("{server} through the proxy {proxy}")
            }
            None => server,
        }
    }

    fn last(&self) -> MutexGuard<'_, LastExchange> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers the last exchange with the API.
    fn note(&self, url: &Url, result: &reqwest::Result<reqwest::Response>) {
        if url.origin() == self.api {
            *self.last() = match result.as_ref().map(reqwest::Response::version) {
                Ok(Version::HTTP_2) => LastExchange::Http2(Instant::now()),
                Ok(_) => LastExchange::Http1,
                Err(_) => LastExchange::Failed,
            };
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

/// Returns the rules that decide which requests go through a proxy, as [`builder`] sets them.
fn proxies(config: &Config, is_local: bool) -> Result<Matcher> {
    match &config.proxy {
        Some(proxy) => Ok(Matcher::builder().all(proxy.as_str()).build()),
        None if is_local => Ok(Matcher::builder().build()),
        None => Ok(SystemProxies::from_env()?.matcher()),
    }
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
            let (method, server, path) = if logged {
                (request.method.clone(), self.server(&url), url.path().to_owned())
            } else {
                Default::default()
            };
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
            let result = client.execute(outgoing).await;
            self.note(&url, &result);
            let mut response = result.map_err(|error| {
                let error = failed(error).with_server(self.server(&url));
                tracing::debug!(%method, server, path, %error, "request failed");
                error
            })?;
            let status = response.status().as_u16();
            tracing::debug!(%method, server, path, status, "response received");
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
