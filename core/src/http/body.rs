//! Whole responses: the body read to its end and decompressed, within bounds.

use std::io::Read as _;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

pub(crate) use super::full_response::FullResponse;
use super::transport::{BodyStream, Request, Sent, Transport, TransportError};

/// The maximum size of a response of the API: base64 outputs can be tens of megabytes.
const MAX_RESPONSE: usize = 64 * 1024 * 1024;

/// The response, or the error. The error of an incomplete response contains the part that arrived.
pub(crate) type Exchange = Result<FullResponse, TransportError>;

/// Sends the request and reads the whole response, all within `timeout`.
pub(crate) async fn exchange(
    transport: &dyn Transport,
    request: Request,
    timeout: Duration,
) -> Exchange {
    let mut part = None;
    let whole = async {
        let response = transport.exchange(request).await?;
        let part = part.insert(FullResponse::new(response.status, response.headers, Bytes::new()));
        let mut received = BytesMut::new();
        let read = read(response.body, &mut received, MAX_RESPONSE).await;
        part.body = decoded(&part.headers, received.freeze());
        read
    };
    let outcome = tokio::time::timeout(timeout, whole).await.unwrap_or_else(|_| {
        let message = format!("no complete response within {} s", timeout.as_secs_f64());
        Err(TransportError::new(Sent::Maybe, true, message))
    });
    match (outcome, part) {
        (Ok(()), Some(response)) => Ok(response),
        (Err(error), part) => Err(error.with_part(part)),
        // Without an error there is a response.
        (Ok(()), None) => Err(TransportError::new(Sent::Maybe, false, "there was no response")),
    }
}

async fn read(
    mut stream: BodyStream,
    received: &mut BytesMut,
    limit: usize,
) -> Result<(), TransportError> {
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        if received.len() + chunk.len() > limit {
            let message = format!("the response is larger than {limit} bytes");
            return Err(TransportError::new(Sent::Maybe, false, message));
        }
        received.extend_from_slice(&chunk);
    }
    Ok(())
}

/// Decompresses a body as far as possible: some gateways compress without `Accept-Encoding`.
fn decoded(headers: &HeaderMap, body: Bytes) -> Bytes {
    let encoding = headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok());
    let limit = MAX_RESPONSE as u64;
    let mut plain = Vec::new();
    let decoded = match encoding.map(|encoding| encoding.trim().to_ascii_lowercase()).as_deref() {
        // The signature: some servers send the header with a body that is not compressed.
        Some("gzip" | "x-gzip") if body.starts_with(&[0x1f, 0x8b]) => {
            flate2::read::MultiGzDecoder::new(&body[..]).take(limit).read_to_end(&mut plain)
        }
        Some("deflate") if body.first().is_some_and(|first| first & 0x0f == 8) => {
            flate2::read::ZlibDecoder::new(&body[..]).take(limit).read_to_end(&mut plain)
        }
        _ => return body,
    };
    match decoded {
        Err(_) if plain.is_empty() => body,
        // An incomplete body contains at least its beginning.
        _ => plain.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use http::HeaderValue;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn compressed_bodies_are_decompressed() {
        let text = b"{\"code\":200}";
        for (encoding, body, expected) in [
            ("gzip", gzip(text), &text[..]),
            ("GZIP", gzip(text), text),
            ("x-gzip", gzip(text), text),
            ("deflate", zlib(text), text),
            ("gzip", text.to_vec(), text),
            ("identity", text.to_vec(), text),
            ("br", b"?".to_vec(), b"?"),
            ("gzip", b"\x1f\x8bnonsense".to_vec(), b"\x1f\x8bnonsense"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
            assert_eq!(&decoded(&headers, body.into())[..], expected, "{encoding}");
        }
        assert_eq!(&decoded(&HeaderMap::new(), gzip(text).into())[..], gzip(text));
    }

    #[test]
    fn a_compressed_body_that_breaks_off_is_kept_as_far_as_it_goes_and_a_bomb_is_bounded() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        let text: Vec<u8> = (0..40_000_u32).flat_map(u32::to_le_bytes).collect();
        let mut body = gzip(&text);
        body.truncate(body.len() - 20);
        let part = decoded(&headers, body.into());
        assert!(!part.is_empty() && text.starts_with(&part[..]));
        let bomb = gzip(&vec![0; MAX_RESPONSE + 1000]);
        assert_eq!(decoded(&headers, bomb.into()).len(), MAX_RESPONSE);
    }
}
