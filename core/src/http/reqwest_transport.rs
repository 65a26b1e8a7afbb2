//! The transport over reqwest.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _};
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Version};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use url::Url;

use super::direct_client::{DirectClient, DirectResponse};
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
    /// For the API, if it is reached without a proxy.
    direct: Option<Pools<DirectClient>>,
    /// The base URL of the API.
    api: Url,
    last: Mutex<LastExchange>,
}

struct Clients {
    pools: Pools<reqwest::Client>,
    /// The proxies that these clients use.
    proxies: Matcher,
}

/// HTTP clients that differ only in how long they keep a connection without a request.
struct Pools<C> {
    pooled: C,
    /// Keeps connections for [`HTTP1_ALIVE`].
    known_alive: C,
    /// Opens a new connection for every request.
    unpooled: C,
}

impl<C> Pools<C> {
    /// Makes the clients; `client` receives the maximum number of connections without a request, and how
    /// long they are kept.
    fn new(client: impl Fn(usize, Duration) -> Result<C>) -> Result<Self> {
        Ok(Self {
            pooled: client(usize::MAX, POOL_IDLE)?,
            known_alive: client(usize::MAX, HTTP1_ALIVE)?,
            unpooled: client(0, POOL_IDLE)?,
        })
    }

    fn get(&self, pool: Pool) -> &C {
        match pool {
            Pool::Pooled => &self.pooled,
            Pool::KnownAlive => &self.known_alive,
            Pool::Unpooled => &self.unpooled,
        }
    }
}

/// Which of the [`Pools`] sends a request.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Pool {
    Pooled,
    KnownAlive,
    Unpooled,
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

impl LastExchange {
    /// Returns the pool for a request at this time.
    fn pool_for(self, connection: ConnectionUse, now: Instant) -> Pool {
        match (connection, self) {
            (ConnectionUse::Pooled, _) => Pool::Pooled,
            (ConnectionUse::KnownAlive, Self::Http2(at))
                if now.saturating_duration_since(at) < HTTP2_ALIVE =>
            {
                Pool::Pooled
            }
            // The pool measures the time since the end of the last exchange only for HTTP/1.1.
            (ConnectionUse::KnownAlive, Self::Http2(_) | Self::Failed) => Pool::Unpooled,
            (ConnectionUse::KnownAlive, Self::None | Self::Http1) => Pool::KnownAlive,
        }
    }
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
            let pools = Pools::new(|max_idle, idle| {
                let builder = builder(config, tls.clone(), is_local)?
                    .user_agent(&config.user_agent)
                    .pool_max_idle_per_host(max_idle)
                    .pool_idle_timeout(idle);
                adapt(builder).build().map_err(unusable)
            });
            Ok::<_, Error>(Clients {
                pools: pools?,
                proxies: if uses_proxies {
                    proxies(config, is_local, || Ok(SystemProxies::from_env()?.matcher()))?
                } else {
                    Matcher::builder().build()
                },
            })
        };
        let mut transport = Self {
            local: clients(true)?,
            remote: clients(false)?,
            direct: None,
            api: config.base_url.clone(),
            last: Mutex::new(LastExchange::None),
        };
        // A client for strangers resolves names in its own way.
        if uses_proxies && transport.proxy(&config.base_url).is_none() {
            let tls = Arc::new(tls);
            let user_agent = HeaderValue::from_str(&config.user_agent).map_err(|error| {
                let message = format!("Invalid value for `user_agent`: {error}.");
                Error::new(ErrorKind::Config, message).with_source(error)
            })?;
            transport.direct = Some(Pools::new(|max_idle, idle| {
                let (timeout, user_agent) = (config.connect_timeout, user_agent.clone());
                Ok(DirectClient::new(&tls, timeout, user_agent, max_idle, idle))
            })?);
        }
        Ok(transport)
    }

    fn clients(&self, url: &Url) -> &Clients {
        if is_loopback(url) { &self.local } else { &self.remote }
    }

    fn pool(&self, connection: ConnectionUse) -> Pool {
        self.last().pool_for(connection, Instant::now())
    }

    /// Returns the clients for a request that goes to the API without a proxy.
    fn direct(&self, url: &Url) -> Option<&Pools<DirectClient>> {
        // reqwest sends these as a header.
        let has_credentials = !url.username().is_empty() || url.password().is_some();
        self.direct.as_ref().filter(|_| !has_credentials && self.is_api(url))
    }

    /// Returns the host and the port of a URL, and the proxy on the way.
    fn server(&self, url: &Url) -> String {
        server(url, &self.clients(url).proxies)
    }

    /// Returns the proxy on the way to a URL.
    fn proxy(&self, url: &Url) -> Option<Intercept> {
        proxy(url, &self.clients(url).proxies)
    }

    /// Returns whether a URL has the origin of the API.
    fn is_api(&self, url: &Url) -> bool {
        // Unlike `Url::origin`, this allocates nothing.
        url.host_str() == self.api.host_str()
            && url.port_or_known_default() == self.api.port_or_known_default()
            && url.scheme() == self.api.scheme()
    }

    fn last(&self) -> MutexGuard<'_, LastExchange> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers the last exchange with the API.
    fn note(&self, version: Option<Version>) {
        *self.last() = match version {
            Some(Version::HTTP_2) => LastExchange::Http2(Instant::now()),
            Some(_) => LastExchange::Http1,
            None => LastExchange::Failed,
        };
    }

    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let Request { method, url, headers, body, connection } = request;
        let pool = self.pool(connection);
        if let Some(direct) = self.direct(&url)
            && let Some(body) = in_memory(&body)
        {
            let result = direct.get(pool).send(method, &url, headers, body).await;
            self.note(result.as_ref().ok().map(|response| response.version));
            let response = result.map_err(|error| error.with_server(self.server(&url)))?;
            let DirectResponse { status, headers, body, .. } = response;
            return Ok(Response { status, headers, body });
        }
        let client = self.clients(&url).pools.get(pool).clone();
        let mut outgoing = reqwest::Request::new(method, url.clone());
        *outgoing.headers_mut() = headers;
        *outgoing.body_mut() = match body {
            RequestBody::Empty => None,
            RequestBody::Bytes(bytes) => Some(bytes.into()),
            RequestBody::Stream { length, stream } => {
                outgoing.headers_mut().insert(CONTENT_LENGTH, length.into());
                Some(reqwest::Body::wrap_stream(stream))
            }
        };
        let result = client.execute(outgoing).await;
        if self.is_api(&url) {
            self.note(result.as_ref().ok().map(reqwest::Response::version));
        }
        let mut response = result.map_err(|error| failed(error).with_server(self.server(&url)))?;
        Ok(Response {
            status: response.status().as_u16(),
            headers: std::mem::take(response.headers_mut()),
            body: response.bytes_stream().map(|chunk| chunk.map_err(failed)).boxed(),
        })
    }
}

/// Returns a body that is not a stream.
fn in_memory(body: &RequestBody) -> Option<Bytes> {
    match body {
        RequestBody::Empty => Some(Bytes::new()),
        RequestBody::Bytes(bytes) => Some(bytes.clone()),
        RequestBody::Stream { .. } => None,
    }
}

pub(super) fn builder(
    config: &Config,
    tls: rustls::ClientConfig,
    is_local: bool,
) -> Result<reqwest::ClientBuilder> {
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        // The submit's state machine alone decides whether a request is sent again.
        .retry(reqwest::retry::never())
        .connect_timeout(config.connect_timeout);
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
fn proxies(
    config: &Config,
    is_local: bool,
    system: impl FnOnce() -> Result<Matcher>,
) -> Result<Matcher> {
    match &config.proxy {
        Some(proxy) => Ok(Matcher::builder().all(proxy.as_str()).build()),
        None if is_local => Ok(Matcher::builder().build()),
        None => system(),
    }
}

fn server(url: &Url, proxies: &Matcher) -> String {
    let address = |host: &str, port: Option<u16>| match port {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let server = address(url.host_str().unwrap_or_default(), url.port_or_known_default());
    match proxy(url, proxies).as_ref().and_then(|proxy| proxy.uri().authority()) {
        Some(proxy) => {
            let proxy = address(proxy.host(), proxy.port_u16());
            format!("{server} through the proxy {proxy}")
        }
        None => server,
    }
}

fn proxy(url: &Url, proxies: &Matcher) -> Option<Intercept> {
    url.as_str().parse().ok().and_then(|uri| proxies.intercept(&uri))
}

pub(super) fn unusable(error: reqwest::Error) -> Error {
    let error = TransportError::from_chain(Sent::No, false, &error.without_url());
    Error::new(ErrorKind::Config, format!("The HTTP client cannot be set up: {error}."))
}

impl Transport for ReqwestTransport {
    fn exchange(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        async move {
            // Without the query: a URL of an upload or an output is signed there.
            let logged = tracing::enabled!(tracing::Level::DEBUG);
            let (method, server, path) = if logged {
                let url = &request.url;
                (request.method.clone(), self.server(url), url.path().to_owned())
            } else {
                Default::default()
            };
            let response = self.send(request).await.inspect_err(|error| {
                tracing::debug!(%method, server, path, %error, "request failed");
            })?;
            tracing::debug!(%method, server, path, status = response.status, "response received");
            Ok(response)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_submit_uses_only_connections_that_are_known_to_be_alive() {
        let then = Instant::now();
        let just_alive = then + HTTP2_ALIVE - Duration::from_millis(1);
        let table = [
            (LastExchange::None, just_alive, Pool::KnownAlive),
            (LastExchange::Http1, just_alive, Pool::KnownAlive),
            (LastExchange::Http2(then), just_alive, Pool::Pooled),
            (LastExchange::Http2(then), then + HTTP2_ALIVE, Pool::Unpooled),
            (LastExchange::Failed, just_alive, Pool::Unpooled),
        ];
        for (last, now, pool) in table {
            assert_eq!(last.pool_for(ConnectionUse::KnownAlive, now), pool);
            assert_eq!(last.pool_for(ConnectionUse::Pooled, now), Pool::Pooled);
        }
    }

    #[test]
    fn an_error_names_the_server_and_the_proxy_on_the_way() {
        let named = |own: Option<&str>, is_local: bool| {
            let mut config = Config::builder().api_key("key");
            if let Some(proxy) = own {
                config = config.proxy(proxy);
            }
            let system = || Ok(Matcher::builder().all("http://system.example:3128").build());
            let proxies = proxies(&config.build().unwrap(), is_local, system).unwrap();
            server(&"https://media.example/a".parse().unwrap(), &proxies)
        };
        let server = "media.example:443";
        let own = Some("http://name:secret@own.example:8080");
        assert_eq!(named(None, true), server);
        assert_eq!(named(None, false), format!("{server} through the proxy system.example:3128"));
        assert_eq!(named(own, true), format!("{server} through the proxy own.example:8080"));
        assert_eq!(named(own, false), format!("{server} through the proxy own.example:8080"));
    }

    #[test]
    fn only_plain_requests_to_the_api_go_without_reqwest() {
        let config = || Config::builder().api_key("key").base_url("http://127.0.0.1:1");
        let is_direct = |transport: &ReqwestTransport, url: &str| {
            let request = Request {
                method: http::Method::GET,
                url: url.parse().unwrap(),
                headers: http::HeaderMap::new(),
                body: RequestBody::Empty,
                connection: ConnectionUse::Pooled,
            };
            transport.direct(&request.url).is_some()
        };
        let plain = config().build().unwrap();
        let transport = ReqwestTransport::new(&plain).unwrap();
        for (url, expected) in [
            ("http://127.0.0.1:1/a", true),
            ("https://127.0.0.1:1/a", false),
            ("http://127.0.0.1:2/a", false),
            ("http://media.example:1/a", false),
            ("http://name@127.0.0.1:1/a", false),
            ("http://:password@127.0.0.1:1/a", false),
        ] {
            assert_eq!(is_direct(&transport, url), expected, "{url}");
        }
        let strangers = ReqwestTransport::for_strangers(&plain).unwrap();
        assert!(!is_direct(&strangers, "http://127.0.0.1:1/a"));
        let proxied = config().proxy("http://own.example:8080").build().unwrap();
        let proxied = ReqwestTransport::new(&proxied).unwrap();
        assert!(!is_direct(&proxied, "http://127.0.0.1:1/a"));
        let url = &plain.base_url;
        assert_eq!(transport.server(url), "127.0.0.1:1");
        assert_eq!(proxied.server(url), "127.0.0.1:1 through the proxy own.example:8080");
    }

    #[tokio::test]
    async fn a_request_without_a_connection_was_not_sent() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let config = Config::builder().api_key("key").build().unwrap();
        let transport = ReqwestTransport::new(&config).unwrap();
        let client = transport.local.pools.get(Pool::Pooled);
        let refused = client.get(format!("http://{address}")).send().await.unwrap_err();
        assert!(refused.is_connect() && failed(refused).sent == Sent::No);
        let invalid = client.get("http://").send().await.unwrap_err();
        assert!(invalid.is_builder() && failed(invalid).sent == Sent::No);
    }
}
