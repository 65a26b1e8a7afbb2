//! One HTTP exchange, whoever carries it out.

use std::error::Error as StdError;
use std::fmt;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use http::{HeaderMap, Method};
use url::Url;

use super::remote::PrivateAddress;

/// Sends one request; follows no redirect and repeats nothing.
pub(crate) trait Transport: Send + Sync {
    /// Sends the request and gives back the head of the answer, with its body still to come.
    fn exchange(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>>;
}

/// A stream of body bytes.
pub(crate) type BodyStream = BoxStream<'static, Result<Bytes, TransportError>>;

pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: RequestBody,
}

pub(crate) enum RequestBody {
    Empty,
    Bytes(Bytes),
    /// A body of known length, read as it is sent.
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
    /// The name led to no public address, where only such are allowed.
    pub(crate) private_address: bool,
    message: String,
}

/// Whether a request may have reached the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// Certainly not: there was no connection.
    No,
    /// It may have.
    Maybe,
}

impl TransportError {
    pub(crate) fn new(sent: Sent, timed_out: bool, message: impl Into<String>) -> Self {
        Self { sent, timed_out, private_address: false, message: message.into() }
    }

    /// An error with its whole chain of causes as the message: the outermost alone often says no
    /// more than "error sending request".
    pub(crate) fn from_chain(sent: Sent, timed_out: bool, error: &dyn StdError) -> Self {
        let mut message = error.to_string();
        let mut private_address = false;
        let mut source = error.source();
        while let Some(cause) = source {
            private_address |= cause.is::<PrivateAddress>();
            let text = cause.to_string();
            if !message.contains(&text) {
                message.push_str(": ");
                message.push_str(&text);
            }
            source = cause.source();
        }
        Self { private_address, ..Self::new(sent, timed_out, message) }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for TransportError {}
