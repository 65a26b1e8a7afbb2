//! The interface of HTTP transports: one request and its response.

use std::error::Error as StdError;
use std::fmt;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use http::{HeaderMap, Method};
use url::Url;

use super::full_response::FullResponse;
use super::ssrf::PrivateAddress;
use super::tls;

/// Sends one request. Follows no redirects and does not retry.
pub(crate) trait Transport: Send + Sync {
    /// Sends the request and returns the head of the response, with its body as a stream.
    fn exchange(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>>;
}

/// A stream of body bytes.
pub(crate) type BodyStream = BoxStream<'static, Result<Bytes, TransportError>>;

pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: RequestBody,
    pub(crate) connection: ConnectionUse,
}

/// Which connection a request may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConnectionUse {
    /// Any, also an idle one: if the server has closed it, the request fails, so it must be possible
    /// to send it again.
    Pooled,
    /// One that is known to be alive: a new one, or one whose last response ended moments ago.
    KnownAlive,
}

pub(crate) enum RequestBody {
    Empty,
    Bytes(Bytes),
    /// A body of known length, read while it is sent.
    Stream {
        length: u64,
        stream: BoxStream<'static, std::io::Result<Bytes>>,
    },
}

pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: BodyStream,
}

/// Why an exchange failed.
#[derive(Debug)]
pub(crate) struct TransportError {
    /// Whether a part of the request may have reached the server.
    pub(crate) sent: Sent,
    pub(crate) timed_out: bool,
    /// Whether the name has no public address, but only those are allowed.
    pub(crate) private_address: bool,
    /// The part of an incomplete response that arrived.
    pub(crate) part: Option<Box<FullResponse>>,
    /// The host and the port, if the connection failed before a response.
    server: Option<String>,
    message: String,
}

/// Whether a request may have reached the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// Certainly not: there was no connection, or the server reported that it did not process it.
    No,
    /// Possibly.
    Maybe,
}

/// Prefixes of messages of the HTTP libraries without information.
const WRAPPINGS: [&str; 2] = ["error sending request", "client error ("];

impl TransportError {
    pub(crate) fn new(sent: Sent, timed_out: bool, message: impl Into<String>) -> Self {
        Self {
            sent,
            timed_out,
            private_address: false,
            part: None,
            server: None,
            message: message.into(),
        }
    }

    /// Adds the part of the response that arrived.
    pub(crate) fn with_part(mut self, part: Option<FullResponse>) -> Self {
        self.part = part.map(Box::new);
        self
    }

    /// Adds the server to which the request was sent.
    pub(super) fn with_server(mut self, server: String) -> Self {
        self.server = Some(server);
        self
    }

    /// Returns the connection as the subject of a sentence: "connection to HOST:PORT".
    pub(super) fn connection(&self) -> String {
        match &self.server {
            Some(server) => format!("connection to {server}"),
            None => "connection".to_owned(),
        }
    }

    /// Creates an error with the chain of causes as the message, without the layers of the HTTP
    /// libraries that add no information ("error sending request: client error (Connect)").
    pub(crate) fn from_chain(
        sent: Sent,
        timed_out: bool,
        error: &(dyn StdError + 'static),
    ) -> Self {
        let mut texts: Vec<String> = Vec::new();
        let mut private_address = false;
        let mut plain = None;
        let mut link = Some(error);
        while let Some(cause) = link {
            private_address |= cause.is::<PrivateAddress>();
            if let Some(text) = tls::explanation(cause) {
                texts = vec![text];
                break;
            }
            plain = plain.or_else(|| plain_reason(cause));
            let text = cause.to_string();
            if !texts.iter().any(|known| known.contains(&text)) {
                texts.push(text);
            }
            link = cause.source();
        }
        let has_information = |text: &&String| !WRAPPINGS.iter().any(|it| text.starts_with(it));
        let informative: Vec<&str> =
            texts.iter().filter(has_information).map(String::as_str).collect();
        let message = match plain {
            Some(plain) if !private_address => plain.to_owned(),
            _ if informative.is_empty() => texts.join(": "),
            _ => informative.join(": "),
        };
        Self { private_address, ..Self::new(sent, timed_out, message) }
    }
}

/// Returns why there is no connection, in words that need no knowledge of the libraries.
fn plain_reason(cause: &(dyn StdError + 'static)) -> Option<&'static str> {
    if cause.to_string().starts_with("dns error") {
        return Some("the name of the server is not known (DNS)");
    }
    match cause.downcast_ref::<std::io::Error>()?.kind() {
        std::io::ErrorKind::ConnectionRefused => {
            Some("the connection was refused, as if no server runs there")
        }
        std::io::ErrorKind::HostUnreachable | std::io::ErrorKind::NetworkUnreachable => {
            Some("the server cannot be reached")
        }
        _ => None,
    }
}

/// Returns whether the server proved that it did not process an HTTP/2 request: it refused the
/// stream, or it closed the connection with a `GOAWAY` below the stream (RFC 9113, 6.8 and 8.7).
/// h2 reports a `GOAWAY` of the server only for the streams that it does not cover.
pub(super) fn is_unprocessed(error: &(dyn StdError + 'static)) -> bool {
    causes(error).find_map(|cause| cause.downcast_ref::<h2::Error>()).is_some_and(|error| {
        let is_refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
        error.is_remote() && (is_refused || error.is_go_away())
    })
}

/// Returns an error and its causes.
pub(super) fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |cause| (**cause).source())
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for TransportError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Layer(&'static str, Option<Box<Layer>>);

    impl fmt::Display for Layer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl StdError for Layer {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            self.1.as_deref().map(|layer| layer as _)
        }
    }

    #[test]
    fn only_layers_with_information_are_kept() {
        let chain = |texts: &[&'static str]| {
            let outermost =
                texts.iter().rev().fold(None, |inner, text| Some(Box::new(Layer(text, inner))));
            TransportError::from_chain(Sent::No, false, &*outermost.unwrap()).to_string()
        };
        assert_eq!(
            chain(&["error sending request", "client error (Connect)", "tcp connect error", "no"]),
            "tcp connect error: no"
        );
        assert_eq!(chain(&["error sending request"]), "error sending request");
        assert_eq!(chain(&["a: b", "b"]), "a: b");
    }
}
