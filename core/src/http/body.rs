//! Whole answers: the body read to its end, within bounds.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use http::HeaderMap;

use super::transport::{BodyStream, Request, Sent, Transport, TransportError};

/// The largest answer of the API that is read: base64 outputs can be tens of megabytes.
const MAX_ANSWER: usize = 64 * 1024 * 1024;

/// An answer with its whole body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What came of an exchange: no answer at all, or one whose body may have broken off.
pub(crate) type Exchange = Result<Answer, TransportError>;

/// Sends the request and reads the whole answer, all within `timeout`.
pub(crate) async fn exchange(
    transport: &dyn Transport,
    request: Request,
    timeout: Duration,
) -> Exchange {
    let whole = async {
        let response = transport.exchange(request).await?;
        let body = read(response.body, MAX_ANSWER).await?;
        Ok(Answer { status: response.status, headers: response.headers, body })
    };
    tokio::time::timeout(timeout, whole).await.unwrap_or_else(|_| {
        let message = format!("no complete answer within {} s", timeout.as_secs_f64());
        Err(TransportError::new(Sent::Maybe, true, message))
    })
}

async fn read(mut stream: BodyStream, limit: usize) -> Result<Bytes, TransportError> {
    // Most answers come in one piece, which need not be copied.
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    let mut size = 0;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        size += chunk.len();
        if size > limit {
            let message = format!("the answer is larger than {limit} bytes");
            return Err(TransportError::new(Sent::Maybe, false, message));
        }
        if first.is_empty() {
            first = chunk;
            continue;
        }
        if whole.is_empty() {
            whole.extend_from_slice(&first);
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(if whole.is_empty() { first } else { whole.freeze() })
}
