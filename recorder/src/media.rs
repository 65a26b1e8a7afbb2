//! Streams of media: their hashes and facts, without the bytes in memory.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use sha2::{Digest as _, Sha256};
use tempfile::{NamedTempFile, TempPath};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::mpsc;

use crate::recording::RecordedMedia;

/// How many chunks may be on the way from one side to the other.
pub(crate) const IN_FLIGHT: usize = 8;

/// The receiver of a stream, and how it ended for the other side.
pub(crate) type Chunks = mpsc::Sender<io::Result<Bytes>>;

/// What passed through.
pub(crate) struct Passed {
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    pub(crate) ending: Ending,
    /// The bytes, if they could be stored.
    file: Option<TempPath>,
    /// The last chunk, which the receiver gets when everything is recorded.
    last: Option<Bytes>,
}

/// How a stream ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Complete,
    /// The sender failed, for this reason.
    Failed(String),
    /// The receiver is gone.
    Left,
}

impl Passed {
    /// Sends what is held back. Returns whether the receiver is still there.
    pub(crate) async fn release(&mut self, chunks: &Chunks) -> bool {
        match (self.last.take(), &self.ending) {
            (_, Ending::Left) => false,
            (None, Ending::Complete) => true,
            (last, ending) => {
                let mut is_there = true;
                if let Some(last) = last {
                    is_there = chunks.send(Ok(last)).await.is_ok();
                }
                if let Ending::Failed(reason) = ending {
                    // The other side must not take it for complete.
                    is_there &= chunks.send(Err(io::Error::other(reason.clone()))).await.is_ok();
                }
                is_there
            }
        }
    }

    /// Returns where the bytes are, if they could be stored.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Returns the facts of the file, and moves it to `keep` if it is to be kept.
    pub(crate) async fn examine(
        &mut self,
        content_type: Option<String>,
        keep: Option<&Path>,
    ) -> RecordedMedia {
        let mut media = RecordedMedia {
            bytes: self.bytes,
            content_type,
            container: None,
            duration_ms: None,
            width: None,
            height: None,
            file: None,
            urls: Vec::new(),
        };
        let Some(file) = self.file.take() else { return media };
        let (keep, sha256) = (keep.map(Path::to_owned), self.sha256.clone());
        let task = move || {
            probe(&file, &mut media);
            if let Some(folder) = keep {
                let kind = media.content_type.as_deref().unwrap_or_default();
                let name = format!("{sha256}.{}", extension(media.container.as_deref(), kind));
                let place = folder.join(&name);
                if place.exists() || file.persist(place).is_ok() {
                    media.file = Some(format!("{MEDIA}/{name}"));
                }
            }
            media
        };
        // It fails only if the program ends.
        tokio::task::spawn_blocking(task).await.unwrap_or_else(|_| RecordedMedia {
            bytes: self.bytes,
            content_type: None,
            container: None,
            duration_ms: None,
            width: None,
            height: None,
            file: None,
            urls: Vec::new(),
        })
    }
}

/// The folder of kept media in a recording.
pub(crate) const MEDIA: &str = "media";

fn probe(file: &Path, media: &mut RecordedMedia) {
    let Ok(source) = viseme::media::probe::FileSource::open(file) else { return };
    let Ok(info) = viseme::media::probe::probe(&source) else { return };
    let name = serde_json::to_value(info.container).ok();
    media.container = name
        .and_then(|name| name.as_str().map(str::to_owned))
        .filter(|name| name != "unknown" && name != "other");
    media.duration_ms = info.duration.and_then(|duration| u64::try_from(duration.as_millis()).ok());
    (media.width, media.height) = (info.width, info.height);
}

/// Returns the extension of a kept file: the kind by its content, or else by its type.
fn extension<'a>(container: Option<&'a str>, content_type: &'a str) -> &'a str {
    let subtype = content_type.split(';').next().and_then(|kind| kind.split_once('/'));
    let is_plain =
        |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    container
        .or(subtype.map(|(_, subtype)| subtype.trim()))
        .filter(is_plain)
        .filter(|text| text.len() <= 8)
        .unwrap_or("bin")
}

/// Passes a stream on, hashes it and stores it in a temporary file. Holds the last chunk back.
pub(crate) async fn pass<E: std::fmt::Display>(
    stream: impl Stream<Item = Result<Bytes, E>>,
    chunks: &Chunks,
    folder: &Path,
) -> Passed {
    let mut stream = std::pin::pin!(stream);
    let mut store = Store::new(folder);
    let mut hash = Sha256::new();
    let (mut bytes, mut last, mut ending) = (0u64, None, Ending::Complete);
    loop {
        let chunk = tokio::select! {
            chunk = stream.next() => chunk,
            () = chunks.closed() => {
                ending = Ending::Left;
                break;
            }
        };
        match chunk {
            None => break,
            Some(Err(error)) => {
                ending = Ending::Failed(error.to_string());
                break;
            }
            Some(Ok(chunk)) if chunk.is_empty() => {}
            Some(Ok(chunk)) => {
                hash.update(&chunk);
                bytes = bytes.saturating_add(chunk.len() as u64);
                store.write(&chunk).await;
                if let Some(previous) = last.replace(chunk)
                    && chunks.send(Ok(previous)).await.is_err()
                {
                    ending = Ending::Left;
                    break;
                }
            }
        }
    }
    Passed { bytes, sha256: hex(&hash.finalize()), ending, file: store.finish().await, last }
}

/// Returns bytes in lower-case hex.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A temporary file. What cannot be stored is not probed; it passes all the same.
struct Store(Option<(tokio::fs::File, TempPath)>);

impl Store {
    fn new(folder: &Path) -> Self {
        let file = NamedTempFile::new_in(folder).ok().map(NamedTempFile::into_parts);
        Self(file.map(|(file, path)| (tokio::fs::File::from_std(file), path)))
    }

    async fn write(&mut self, chunk: &Bytes) {
        if let Some((file, _)) = &mut self.0
            && file.write_all(chunk).await.is_err()
        {
            self.0 = None;
        }
    }

    async fn finish(mut self) -> Option<TempPath> {
        let (mut file, path) = self.0.take()?;
        file.flush().await.ok()?;
        Some(path)
    }
}
