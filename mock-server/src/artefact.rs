//! Files the server holds: what was uploaded, and what jobs give.

use std::fs::File;
use std::sync::Arc;

use bytes::Bytes;

use crate::api::Taken;

/// A small playable video, for jobs whose input names none that was uploaded here.
/// assets/README.md tells how it was made.
const CLIP: &[u8] = include_bytes!("../assets/clip.mp4");

/// A file held by the server.
#[derive(Clone, Debug)]
pub(crate) struct Artefact {
    pub(crate) name: String,
    pub(crate) content_type: String,
    pub(crate) content: Content,
    pub(crate) etag: String,
}

/// Where its bytes are.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Memory(Bytes),
    /// Gone from disk with the last one who knows it.
    Disk(Arc<File>, u64),
}

impl Artefact {
    /// The clip the server brings with it, as a job's output.
    pub(crate) fn clip() -> Self {
        Self {
            name: "output.mp4".to_owned(),
            content_type: "video/mp4".to_owned(),
            content: Content::Memory(Bytes::from_static(CLIP)),
            etag: "\"clip\"".to_owned(),
        }
    }

    /// The bytes of that clip.
    pub(crate) fn clip_bytes() -> &'static [u8] {
        CLIP
    }

    /// A file that was sent.
    pub(crate) fn received(name: &str, content_type: &str, taken: &Taken) -> Self {
        Self {
            name: name.to_owned(),
            content_type: content_type.to_owned(),
            content: taken.content.clone(),
            etag: format!("\"{}\"", taken.sha256),
        }
    }

    /// The same file as a job's output.
    pub(crate) fn as_output(&self) -> Self {
        let extension = self.name.rsplit_once('.').map_or("mp4", |(_, extension)| extension);
        Self { name: format!("output.{extension}"), ..self.clone() }
    }

    pub(crate) fn size(&self) -> u64 {
        match &self.content {
            Content::Memory(bytes) => bytes.len() as u64,
            Content::Disk(_, size) => *size,
        }
    }
}
