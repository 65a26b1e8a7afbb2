//! Requests to the API without a proxy, sent by the client that reqwest is built on. reqwest parses the URL
//! of each request twice more, and copies its headers, which takes as long as the rest of an exchange.

use std::error::Error as StdError;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _};
use http::header::USER_AGENT;
use http::{HeaderMap, HeaderValue, Method, Uri, Version};
use http_body_util::{BodyDataStream, Full};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::{self, Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tower_service::Service;
use url::Url;

use super::transport::{BodyStream, Sent, TransportError, causes, is_unprocessed};

/// The settings of sockets, as reqwest has them: a server that is gone is noticed.
const KEEPALIVE: Duration = Duration::from_secs(15);
const KEEPALIVE_RETRIES: u32 = 3;
#[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(30);

/// Sends requests without a proxy.
pub(super) struct DirectClient {
    client: Client<Connector, Full<Bytes>>,
    user_agent: HeaderValue,
}

/// The head of a response, and its body as a stream.
pub(super) struct DirectResponse {
    pub(super) status: u16,
    pub(super) version: Version,
    pub(super) headers: HeaderMap,
    pub(super) body: BodyStream,
}

impl DirectClient {
    /// Keeps at most `max_idle` connections without a request, each for the time `idle`.
    pub(super) fn new(
        tls: &Arc<ClientConfig>,
        connect_timeout: Duration,
        user_agent: HeaderValue,
        max_idle: usize,
        idle: Duration,
    ) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(connect_timeout));
        tcp.set_keepalive(Some(KEEPALIVE));
        tcp.set_keepalive_interval(Some(KEEPALIVE));
        tcp.set_keepalive_retries(Some(KEEPALIVE_RETRIES));
        #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
        tcp.set_tcp_user_timeout(Some(TCP_USER_TIMEOUT));
        let https = HttpsConnector::from((tcp, Arc::clone(tls)));
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(idle)
            .pool_max_idle_per_host(max_idle)
            .build(Connector { https, timeout: connect_timeout });
        Self { client, user_agent }
    }

    /// Sends a request once.
    pub(super) async fn send(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<DirectResponse, TransportError> {
        let uri: Uri = url.as_str().parse().map_err(|error: http::uri::InvalidUri| {
            TransportError::from_chain(Sent::No, false, &error)
        })?;
        let mut request = http::Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        request.headers_mut().entry(USER_AGENT).or_insert_with(|| self.user_agent.clone());
        let response = self.client.request(request).await.map_err(|error| failed(&error))?;
        let (head, body) = response.into_parts();
        Ok(DirectResponse {
            status: head.status.as_u16(),
            version: head.version,
            headers: head.headers,
            body: BodyDataStream::new(body)
                .map(|chunk| chunk.map_err(|error| failed(&error)))
                .boxed(),
        })
    }
}

fn failed(error: &(dyn StdError + 'static)) -> TransportError {
    let is_connect = causes(error)
        .filter_map(|cause| cause.downcast_ref::<legacy::Error>())
        .any(legacy::Error::is_connect);
    let timed_out = causes(error).any(|cause| {
        cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_timeout)
            || cause
                .downcast_ref::<io::Error>()
                .is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
    });
    let sent = if is_connect || is_unprocessed(error) { Sent::No } else { Sent::Maybe };
    TransportError::from_chain(sent, timed_out, error)
}

/// Connects within a time, the handshake of TLS included.
#[derive(Clone)]
struct Connector {
    https: HttpsConnector<HttpConnector>,
    timeout: Duration,
}

type Connected = MaybeHttpsStream<TokioIo<TcpStream>>;
type ConnectError = Box<dyn StdError + Send + Sync>;

impl Service<Uri> for Connector {
    type Response = Connected;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Connected, ConnectError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        self.https.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (connecting, timeout) = (self.https.call(uri), self.timeout);
        async move {
            let timed_out = |_| io::Error::new(io::ErrorKind::TimedOut, "operation timed out");
            tokio::time::timeout(timeout, connecting).await.map_err(timed_out)?
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;
    use tokio::net::TcpListener;

    use super::*;
    use crate::http::tls;

    fn client() -> DirectClient {
        let tls = Arc::new(tls::client_config(None).unwrap());
        let user_agent = HeaderValue::from_static("test");
        DirectClient::new(&tls, Duration::from_millis(300), user_agent, 1, Duration::from_secs(1))
    }

    async fn error_of(url: &str) -> TransportError {
        let url = Url::parse(url).unwrap();
        let sent = client().send(Method::GET, &url, HeaderMap::new(), Bytes::new()).await;
        sent.err().unwrap()
    }

    #[tokio::test]
    async fn a_request_without_a_connection_was_not_sent() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let error = error_of(&format!("http://{address}/")).await;
        assert_eq!((error.sent, error.timed_out), (Sent::No, false), "{error}");
    }

    #[tokio::test]
    async fn the_handshake_of_tls_has_the_time_of_a_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        // The system accepts the connection, and nobody responds.
        let error = error_of(&format!("https://{address}/")).await;
        assert_eq!((error.sent, error.timed_out), (Sent::No, true), "{error}");
    }

    #[tokio::test]
    async fn a_request_without_a_response_may_have_been_sent() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = [0; 16];
            stream.read_exact(&mut head).await.unwrap();
        });
        let error = error_of(&format!("http://{address}/")).await;
        assert_eq!((error.sent, error.timed_out), (Sent::Maybe, false), "{error}");
    }
}
