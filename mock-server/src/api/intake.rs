//! Takes a request's body in: small ones to memory, files to disk.

use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http::{HeaderMap, Method};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::call::Call;
use crate::artefact::Content;
use crate::reply::Reply;
use crate::state::hex;

/// The largest file, as official code has it.
pub(super) const MAX_FILE: u64 = 200 * 1024 * 1024;
/// What a form around a file may add to it.
const MAX_FORM: u64 = 64 * 1024;
/// The largest body of any other request.
const MAX_JSON: u64 = 20 * 1024 * 1024;
/// Larger bodies go to disk.
const IN_MEMORY: usize = 1024 * 1024;

/// A request that has come in whole.
#[derive(Clone)]
pub(super) struct Intake {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    pub(super) base_url: String,
    pub(super) taken: Taken,
    /// The file within a multipart body.
    pub(super) part: Option<FilePart>,
}

/// A file within a multipart body.
#[derive(Clone)]
pub(super) struct FilePart {
    pub(super) name: String,
    pub(super) content_type: String,
    pub(super) taken: Taken,
}

/// A body.
#[derive(Clone)]
pub(crate) struct Taken {
    pub(crate) size: u64,
    pub(crate) sha256: String,
    pub(crate) content: Content,
}

impl Intake {
    pub(super) fn new(parts: Parts, base_url: &str, taken: Taken) -> Self {
        Self {
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            method: parts.method,
            headers: parts.headers,
            base_url: base_url.to_owned(),
            taken,
            part: None,
        }
    }

    /// The body as JSON, where it is JSON.
    pub(super) fn json(&self) -> Option<Value> {
        match &self.taken.content {
            Content::Memory(bytes) => serde_json::from_slice(bytes).ok(),
            Content::Disk(..) => None,
        }
    }

    /// A header's text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A parameter of the query.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        self.query.split('&').find_map(|pair| {
            let (found, value) = pair.split_once('=')?;
            let text = percent_encoding::percent_decode_str(value).decode_utf8_lossy();
            (found == name).then(|| text.into_owned())
        })
    }
}

impl Taken {
    /// No body.
    pub(super) fn nothing() -> Self {
        Self { size: 0, sha256: String::new(), content: Content::Memory(Bytes::new()) }
    }
}

/// Reads the body; the answer is a refusal where it is too large or breaks off.
pub(super) async fn take(call: &Call, headers: &HeaderMap, body: Body) -> Result<Taken, Reply> {
    let limit = match call {
        Call::LegacyUpload => MAX_FILE + MAX_FORM,
        Call::Put { .. } => MAX_FILE,
        _ => MAX_JSON,
    };
    let announced =
        headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > limit) {
        return Err(too_large());
    }
    collect(body.into_data_stream(), limit).await
}

fn too_large() -> Reply {
    Reply::refusal(413, "the body is too large")
}

/// Keeps what comes, up to a limit.
pub(super) async fn collect<E>(
    mut stream: impl Stream<Item = Result<Bytes, E>> + Unpin,
    limit: u64,
) -> Result<Taken, Reply> {
    let mut spool = Spool::Memory(Vec::new());
    let mut hash = Sha256::new();
    let mut size = 0;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| Reply::refusal(400, "the body broke off"))?;
        size += chunk.len() as u64;
        if size > limit {
            return Err(too_large());
        }
        hash.update(&chunk);
        spool = spool.add(&chunk).map_err(|error| {
            Reply::refusal(500, &format!("the mock server cannot keep the body: {error}"))
        })?;
    }
    let sha256 = if size == 0 { String::new() } else { hex(&hash.finalize()) };
    Ok(Taken { size, sha256, content: spool.finish(size) })
}

/// Reads so many bytes of the body and gives the rest unread.
pub(super) async fn skip(body: Body, bytes: u64) -> Option<Body> {
    let mut stream = body.into_data_stream();
    let mut skipped = 0;
    while skipped < bytes {
        skipped += stream.next().await?.ok()?.len() as u64;
    }
    Some(Body::from_stream(stream))
}

enum Spool {
    Memory(Vec<u8>),
    Disk(File),
}

impl Spool {
    fn add(self, chunk: &[u8]) -> std::io::Result<Self> {
        match self {
            Self::Memory(mut bytes) if bytes.len() + chunk.len() <= IN_MEMORY => {
                bytes.extend_from_slice(chunk);
                Ok(Self::Memory(bytes))
            }
            Self::Memory(bytes) => {
                let mut file = tempfile::tempfile()?;
                file.write_all(&bytes)?;
                Self::Disk(file).add(chunk)
            }
            Self::Disk(mut file) => {
                file.write_all(chunk)?;
                Ok(Self::Disk(file))
            }
        }
    }

    fn finish(self, size: u64) -> Content {
        match self {
            Self::Memory(bytes) => Content::Memory(Bytes::from(bytes)),
            Self::Disk(file) => Content::Disk(Arc::new(file), size),
        }
    }
}
