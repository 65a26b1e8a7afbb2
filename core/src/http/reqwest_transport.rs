//! The transport over reqwest.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _};
use http::header::CONTENT_LENGTH;

use super::ssrf::PublicResolver;
use super::tls;
use super::transport::{Request, RequestBody, Response, Sent, Transport, TransportError};
use crate::config::{Config, is_loopback};
use crate::error::{Error, ErrorKind, Result};

pub(crate) struct ReqwestTransport {
    client: reqwest::Client,
}

impl ReqwestTransport {
    pub(crate) fn new(config: &Config) -> Result<Self> {
        Self::build(builder(config)?)
    }

    /// For URLs that may be anyone's: unless the set-up allows it, names are resolved to public
    /// addresses alone, and no proxy is used, as one would resolve them itself.
    pub(crate) fn for_strangers(config: &Config) -> Result<Self> {
        let builder = builder(config)?;
        if config.allow_private_addresses {
            return Self::build(builder);
        }
        Self::build(builder.no_proxy().dns_resolver(Arc::new(PublicResolver)))
    }

    fn build(builder: reqwest::ClientBuilder) -> Result<Self> {
        Ok(Self { client: builder.build().map_err(unusable)? })
    }
}

fn builder(config: &Config) -> Result<reqwest::ClientBuilder> {
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls::client_config(config.ca_bundle.as_deref())?)
        .redirect(reqwest::redirect::Policy::none())
        // Whether a request may be sent again is decided by the job's machine alone.
        .retry(reqwest::retry::never())
        .connect_timeout(config.connect_timeout)
        // A server that drops idle connections earlier would break the next submit.
        .pool_idle_timeout(std::time::Duration::from_secs(20))
        .user_agent(&config.user_agent);
    if let Some(proxy) = &config.proxy {
        builder = builder.proxy(reqwest::Proxy::all(proxy.clone()).map_err(unusable)?);
    } else if is_loopback(&config.base_url) {
        builder = builder.no_proxy();
    }
    Ok(builder)
}

fn unusable(error: reqwest::Error) -> Error {
    let error = TransportError::from_chain(Sent::No, false, &error.without_url());
    Error::new(ErrorKind::Config, format!("The HTTP client cannot be set up: {error}."))
}

impl Transport for ReqwestTransport {
    fn exchange(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        async move {
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
            let answered = self.client.execute(outgoing).await;
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
    let sent = if error.is_connect() || error.is_builder() { Sent::No } else { Sent::Maybe };
    // URLs of uploads and outputs are secrets in themselves.
    TransportError::from_chain(sent, error.is_timeout(), &error.without_url())
}
