//! Bodies: as streams, and as a whole if they are small enough.

use std::convert::Infallible;
use std::io::{self, Read as _};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _, stream};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Frame;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::recording::{OmitReason, RecordedBody};
use crate::redact::{envelope_shape, redacted, without_queries};

/// A body of a response to the client.
pub(crate) type Body = UnsyncBoxBody<Bytes, io::Error>;

/// The largest body that is read into memory. Bodies of JSON can have media in Base64.
pub(crate) const MAX_BUFFERED: usize = 64 * 1024 * 1024;
/// The longest text that is recorded of a body that is not JSON.
const MAX_TEXT: usize = 4096;
/// The largest JSON document that is recorded.
const MAX_RECORDED: usize = 1024 * 1024;

/// Returns a body with these bytes.
pub(crate) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never: Infallible| match never {}).boxed_unsync()
}

/// Returns a body with the chunks of a channel.
pub(crate) fn streamed(chunks: mpsc::Receiver<io::Result<Bytes>>) -> Body {
    StreamBody::new(received(chunks).map(|chunk| chunk.map(Frame::data))).boxed_unsync()
}

/// Returns the chunks of a channel as a stream.
pub(crate) fn received(
    chunks: mpsc::Receiver<io::Result<Bytes>>,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    stream::unfold(chunks, |mut chunks| async {
        let chunk = chunks.recv().await?;
        Some((chunk, chunks))
    })
}

/// What was read of a body.
pub(crate) enum Collected {
    /// All of it.
    Whole(Bytes),
    /// So much, and then the sender failed.
    Broken(Bytes, String),
    /// As much as is read into memory; more follows.
    TooLarge(Bytes),
}

/// Reads a body into memory.
pub(crate) async fn collect<E: std::fmt::Display>(
    stream: &mut (impl Stream<Item = Result<Bytes, E>> + Unpin),
) -> Collected {
    let mut body = BytesMut::new();
    while let Some(chunk) = stream.next().await {
        match chunk {
            Ok(chunk) => body.extend_from_slice(&chunk),
            Err(error) => return Collected::Broken(body.freeze(), error.to_string()),
        }
        if body.len() > MAX_BUFFERED {
            return Collected::TooLarge(body.freeze());
        }
    }
    Collected::Whole(body.freeze())
}

/// Returns a body without its compression, or as it is if it cannot be read.
pub(crate) fn decoded(headers: &mut HeaderMap, body: Bytes) -> Bytes {
    let encoding = headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok());
    let limit = MAX_BUFFERED as u64 + 1;
    let mut plain = Vec::new();
    let read = match encoding.map(str::to_ascii_lowercase).as_deref() {
        Some("gzip" | "x-gzip") => {
            flate2::read::MultiGzDecoder::new(body.as_ref()).take(limit).read_to_end(&mut plain)
        }
        Some("deflate") => {
            flate2::read::ZlibDecoder::new(body.as_ref()).take(limit).read_to_end(&mut plain)
        }
        _ => return body,
    };
    if read.is_err() || plain.len() > MAX_BUFFERED {
        return body;
    }
    headers.remove(CONTENT_ENCODING);
    plain.into()
}

/// Returns what is recorded of a body in memory, and its document if it is JSON.
pub(crate) fn recorded(body: &[u8], is_private: bool) -> (RecordedBody, Option<Value>) {
    if body.is_empty() {
        return (RecordedBody::Empty, None);
    }
    let bytes = body.len() as u64;
    if let Ok(value) = serde_json::from_slice::<Value>(body) {
        let body = if is_private {
            RecordedBody::Shape { value: envelope_shape(&value) }
        } else {
            let value = redacted(&value);
            if value.to_string().len() > MAX_RECORDED {
                RecordedBody::Omitted { reason: OmitReason::TooLarge, bytes }
            } else {
                RecordedBody::Json { value }
            }
        };
        return (body, Some(value));
    }
    let body = match std::str::from_utf8(body) {
        Err(_) => RecordedBody::Omitted { reason: OmitReason::Binary, bytes },
        Ok(_) if is_private => RecordedBody::Omitted { reason: OmitReason::Secret, bytes },
        Ok(text) => {
            let text = without_queries(text);
            RecordedBody::Text { text: text.chars().take(MAX_TEXT).collect() }
        }
    };
    (body, None)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};
    use serde_json::json;

    use super::*;

    #[test]
    fn compressed_bodies_are_read() {
        let text = b"{\"a\": 1}".repeat(100);
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(&text).unwrap();
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(&text).unwrap();
        for (encoding, body, is_read) in [
            ("gzip", gzip.finish().unwrap(), true),
            ("deflate", zlib.finish().unwrap(), true),
            ("gzip", text.clone(), false),
            ("br", text.clone(), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_ENCODING, encoding.parse().unwrap());
            let plain = decoded(&mut headers, Bytes::from(body));
            assert_eq!(plain, text, "{encoding}");
            // What could not be read stays as it was, with its header.
            assert_eq!(headers.is_empty(), is_read, "{encoding}");
        }
    }

    #[test]
    fn bodies_are_recorded_by_what_they_are() {
        for (body, is_private, expected) in [
            (b"".as_slice(), false, RecordedBody::Empty),
            (b"{\"a\":\"b\"}", false, RecordedBody::Json { value: json!({"a": "b"}) }),
            (b"{\"a\":\"b\"}", true, RecordedBody::Shape { value: json!({"a": ""}) }),
            (
                b"<a href=\"http://a/?b\">",
                false,
                RecordedBody::Text { text: "<a href=\"http://a/?[query]\">".to_owned() },
            ),
            (b"text", true, RecordedBody::Omitted { reason: OmitReason::Secret, bytes: 4 }),
            (&[0xff, 0xfe], false, RecordedBody::Omitted { reason: OmitReason::Binary, bytes: 2 }),
        ] {
            assert_eq!(recorded(body, is_private).0, expected);
        }
        let large = json!(vec!["a".repeat(4000); 500]).to_string();
        // A list is cut before it is measured.
        assert!(matches!(recorded(large.as_bytes(), false).0, RecordedBody::Json { .. }));
    }
}
