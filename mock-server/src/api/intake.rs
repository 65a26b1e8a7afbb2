//! Takes a request's body in: small ones to memory, files to disk.

use std::io::Write as _;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{HeaderMap, Method};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tempfile::{NamedTempFile, TempPath};

use super::call::Call;
use crate::artefact::Content;
use crate::reply::Reply;

/// The largest file, as official code has it.
const MAX_FILE: u64 = 200 * 1024 * 1024;
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
}

/// A body.
#[derive(Clone)]
pub(super) struct Taken {
    pub(super) size: u64,
    pub(super) sha256: String,
    pub(super) content: Content,
}

impl Intake {
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

/// Reads the body; the answer is a refusal where it is too large or breaks off.
pub(super) async fn take(call: &Call, body: Body) -> Result<Taken, Reply> {
    let limit = if call.takes_file() { MAX_FILE } else { MAX_JSON };
    let mut spool = Spool::Memory(Vec::new());
    let mut hash = Sha256::new();
    let mut size = 0;
    let mut stream = body.into_data_stream();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| Reply::refusal(400, "the body broke off"))?;
        size += chunk.len() as u64;
        if size > limit {
            return Err(Reply::refusal(413, "the body is too large"));
        }
        hash.update(&chunk);
        spool = spool.add(&chunk).map_err(|error| {
            Reply::refusal(500, &format!("the mock server cannot keep the body: {error}"))
        })?;
    }
    let sha256 = match size {
        0 => String::new(),
        _ => hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect(),
    };
    Ok(Taken { size, sha256, content: spool.finish(size) })
}

enum Spool {
    Memory(Vec<u8>),
    Disk(NamedTempFile),
}

impl Spool {
    fn add(self, chunk: &[u8]) -> std::io::Result<Self> {
        match self {
            Self::Memory(mut bytes) if bytes.len() + chunk.len() <= IN_MEMORY => {
                bytes.extend_from_slice(chunk);
                Ok(Self::Memory(bytes))
            }
            Self::Memory(bytes) => {
                let mut file = NamedTempFile::with_prefix("viseme-mock-")?;
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
            Self::Disk(file) => {
                let path: TempPath = file.into_temp_path();
                Content::Disk(Arc::new(path), size)
            }
        }
    }
}
