//! Files that the server holds: uploads, and the outputs of jobs.
//!
//! Small bodies stay in memory. Larger ones go to a file on disk without a name, so that nothing is
//! left of them when the process ends, however it ends.

use std::fmt;
use std::fs::File;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{Stream, StreamExt as _, try_unfold};
use sha2::{Digest as _, Sha256};

use crate::digest::hex;

/// A small playable video: the output of jobs whose input names no video that was uploaded here.
/// assets/README.md says how it was made.
const CLIP: &[u8] = include_bytes!("../assets/clip.mp4");
/// Larger bodies go to disk.
pub(crate) const MAX_IN_MEMORY: usize = 1024 * 1024;
/// How much of a file is read at a time.
const CHUNK: u64 = 64 * 1024;

/// A file held by the server.
#[derive(Clone, Debug)]
pub(crate) struct StoredFile {
    pub(crate) name: String,
    pub(crate) content_type: String,
    pub(crate) content: FileContent,
    pub(crate) etag: String,
}

/// Where the bytes of a file are.
#[derive(Clone, Debug)]
pub(crate) enum FileContent {
    Memory(Bytes),
    /// A file and its size. The file is deleted with the last reference to it.
    Disk(Arc<File>, u64),
    /// Ranges of other files.
    Ranges(Arc<dyn RangeSource>),
}

/// A file that is made of ranges of other files.
pub(crate) trait RangeSource: fmt::Debug + Send + Sync {
    fn size(&self) -> u64;

    /// Fills the buffer with the bytes from `offset` on.
    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
}

/// A request's body, read to its end.
#[derive(Clone)]
pub(crate) struct ReceivedBody {
    pub(crate) size: u64,
    /// SHA-256 in hexadecimal; empty for an empty body.
    pub(crate) sha256: String,
    pub(crate) content: FileContent,
}

/// Why a body could not be read.
pub(crate) enum BodyError {
    TooLarge,
    /// The connection broke before the end.
    Incomplete,
    /// The client paused for too long.
    Timeout,
    /// The disk refused it.
    Storage(io::Error),
}

impl StoredFile {
    /// Returns the bundled clip as a job's output.
    pub(crate) fn clip() -> Self {
        Self {
            name: "output.mp4".to_owned(),
            content_type: "video/mp4".to_owned(),
            content: FileContent::Memory(Bytes::from_static(CLIP)),
            etag: "\"clip\"".to_owned(),
        }
    }

    /// Returns the bytes of the bundled clip.
    pub(crate) fn clip_bytes() -> &'static [u8] {
        CLIP
    }

    /// Returns an uploaded file.
    pub(crate) fn uploaded(name: &str, content_type: &str, body: &ReceivedBody) -> Self {
        Self {
            name: name.to_owned(),
            content_type: content_type.to_owned(),
            content: body.content.clone(),
            etag: format!("\"{}\"", body.sha256),
        }
    }

    /// Returns the same file as a job's output.
    pub(crate) fn as_output(&self) -> Self {
        let extension = self.name.rsplit_once('.').map_or("mp4", |(_, extension)| extension);
        Self { name: format!("output.{extension}"), ..self.clone() }
    }

    pub(crate) fn size(&self) -> u64 {
        self.content.length()
    }
}

impl FileContent {
    /// Returns the number of bytes.
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::Disk(_, size) => *size,
            Self::Ranges(source) => source.size(),
        }
    }

    /// Fills the buffer with the bytes from `offset` on. It may block.
    pub(crate) fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        match self {
            Self::Memory(bytes) => {
                let part = usize::try_from(offset).ok().and_then(|start| bytes.get(start..));
                let part = part.and_then(|part| part.get(..buffer.len()));
                buffer.copy_from_slice(part.ok_or(io::ErrorKind::UnexpectedEof)?);
                Ok(())
            }
            Self::Disk(file, _) => read_file(file, offset, buffer),
            Self::Ranges(source) => source.read_exact_at(offset, buffer),
        }
    }
}

impl ReceivedBody {
    /// Returns an empty body.
    pub(crate) fn empty() -> Self {
        Self { size: 0, sha256: String::new(), content: FileContent::Memory(Bytes::new()) }
    }

    /// Reads a stream to its end, up to `limit` bytes. `timeout` is the longest pause between two
    /// chunks.
    pub(crate) async fn read<E>(
        mut stream: impl Stream<Item = Result<Bytes, E>> + Unpin,
        limit: u64,
        timeout: Duration,
    ) -> Result<Self, BodyError> {
        let mut buffer = Buffer::Memory(Vec::new());
        let mut hash = Sha256::new();
        let mut size = 0;
        while let Some(chunk) =
            tokio::time::timeout(timeout, stream.next()).await.map_err(|_| BodyError::Timeout)?
        {
            let chunk = chunk.map_err(|_| BodyError::Incomplete)?;
            size += chunk.len() as u64;
            if size > limit {
                return Err(BodyError::TooLarge);
            }
            hash.update(&chunk);
            buffer = buffer.add(&chunk).map_err(BodyError::Storage)?;
        }
        let sha256 = if size == 0 { String::new() } else { hex(&hash.finalize()) };
        Ok(Self { size, sha256, content: buffer.into_content(size) })
    }
}

enum Buffer {
    Memory(Vec<u8>),
    Disk(File),
}

impl Buffer {
    fn add(self, chunk: &[u8]) -> io::Result<Self> {
        match self {
            Self::Memory(mut bytes) if bytes.len() + chunk.len() <= MAX_IN_MEMORY => {
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

    fn into_content(self, size: u64) -> FileContent {
        match self {
            Self::Memory(bytes) => FileContent::Memory(Bytes::from(bytes)),
            Self::Disk(file) => FileContent::Disk(Arc::new(file), size),
        }
    }
}

/// Streams `length` bytes of a file from `start`. Several streams can read one file at once.
pub(crate) fn stream(
    content: FileContent,
    start: u64,
    length: u64,
) -> impl Stream<Item = io::Result<Bytes>> {
    let end = start.saturating_add(length);
    try_unfold((content, start), move |(content, at)| async move {
        if at >= end {
            return Ok(None);
        }
        let size = usize::try_from(CHUNK.min(end - at)).unwrap_or(usize::MAX);
        let reader = content.clone();
        let read = tokio::task::spawn_blocking(move || {
            let mut chunk = vec![0; size];
            reader.read(at, &mut chunk)?;
            io::Result::Ok(chunk)
        });
        let chunk = Bytes::from(read.await.map_err(io::Error::other)??);
        let next = at + chunk.len() as u64;
        Ok(Some((chunk, (content, next))))
    })
}

fn read_file(file: &File, mut offset: u64, mut buffer: &mut [u8]) -> io::Result<()> {
    while !buffer.is_empty() {
        let read = read_at(file, buffer, offset)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        offset += read as u64;
        buffer = buffer.split_at_mut(read).1;
    }
    Ok(())
}

#[cfg(unix)]
fn read_at(file: &File, chunk: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, chunk, at)
}

#[cfg(windows)]
fn read_at(file: &File, chunk: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, chunk, at)
}

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt as _;

    use super::*;

    #[tokio::test]
    async fn several_streams_read_one_file_at_once() {
        let bytes: Vec<u8> = (0..200_000_u32).map(|number| (number % 251) as u8).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        let content = FileContent::Disk(Arc::new(file), 200_000);
        let part = |start: usize, end: usize| {
            let stream = stream(content.clone(), start as u64, (end - start) as u64);
            stream.try_fold(Vec::new(), |mut all, chunk| async move {
                all.extend_from_slice(&chunk);
                Ok(all)
            })
        };
        let (whole, middle, none) =
            tokio::join!(part(0, 200_000), part(70_000, 150_001), part(5, 5));
        assert_eq!(whole.unwrap(), bytes);
        assert_eq!(middle.unwrap(), &bytes[70_000..150_001]);
        assert!(none.unwrap().is_empty());
        let beyond = part(199_000, 201_000).await.unwrap_err();
        assert_eq!(beyond.kind(), io::ErrorKind::UnexpectedEof);
    }
}
