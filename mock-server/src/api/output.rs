//! Turns an answer into HTTP.

use std::io::SeekFrom;

use axum::body::Body;
use axum::response::Response;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

use crate::artefact::Content;
use crate::reply::{Reply, ReplyBody};

/// The answer, ready to be written.
pub(super) async fn response(reply: Reply) -> Response {
    let length = reply.length();
    let (body, streamed) = match reply.body {
        ReplyBody::Bytes(bytes) => (Body::from(bytes), false),
        ReplyBody::Part { content, start, length } => (part(&content, start, length).await, true),
    };
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in reply.headers {
        // A header that cannot be sent is left out.
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().append(name, value);
        }
    }
    if streamed {
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    response
}

async fn part(content: &Content, start: u64, length: u64) -> Body {
    match content {
        Content::Memory(bytes) => {
            let start = usize::try_from(start).unwrap_or(usize::MAX).min(bytes.len());
            let end = start.saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
            Body::from(bytes.slice(start..end.min(bytes.len())))
        }
        Content::Disk(path, _) => {
            let opened = async {
                let mut file = tokio::fs::File::open(path.as_ref()).await?;
                file.seek(SeekFrom::Start(start)).await?;
                std::io::Result::Ok(file)
            };
            match opened.await {
                Ok(file) => {
                    Body::from_stream(ReaderStream::with_capacity(file.take(length), 64 * 1024))
                }
                // The length was promised already: the connection breaks, as it should.
                Err(_) => Body::empty(),
            }
        }
    }
}
