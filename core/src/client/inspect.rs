//! Opens a medium to see what it is.

use std::io;
use std::path::Path;

use bytes::Bytes;
use tokio::sync::Semaphore;

use crate::media::probe::{BytesSource, FileSource, ReadAt, ReadError, probe};
use crate::media::{Media, MediaInfo, data_uri};

/// How many files are read at once: each takes a thread for a moment.
static READERS: Semaphore = Semaphore::const_new(8);

/// What a medium says of itself; `None` for a URL but a `data:` URI.
///
/// # Errors
/// Where the file cannot be opened or read.
pub(super) async fn inspect(media: &Media) -> io::Result<Option<MediaInfo>> {
    match media {
        Media::Url(url) if url.scheme() == "data" => {
            let broken = || io::Error::new(io::ErrorKind::InvalidData, "it is not whole");
            let content = data_uri::content(url.as_str()).ok_or_else(broken)?;
            read(move || probe_whole(&BytesSource::new(content))).await.map(Some)
        }
        Media::Url(_) => Ok(None),
        Media::Bytes { content, .. } => {
            let content: Bytes = content.clone();
            read(move || probe_whole(&BytesSource::new(content))).await.map(Some)
        }
        Media::Path(path) => {
            let path = path.clone();
            read(move || probe_whole(&open(&path)?)).await.map(Some)
        }
    }
}

async fn read<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let _permit = READERS.acquire().await.map_err(io::Error::other)?;
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

fn open(path: &Path) -> io::Result<FileSource> {
    if path.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
    }
    FileSource::open(path)
}

fn probe_whole(source: &dyn ReadAt) -> io::Result<MediaInfo> {
    probe(source).map_err(|error| match error {
        ReadError::Io(error) => error,
        ReadError::Missing { .. } => io::Error::from(io::ErrorKind::UnexpectedEof),
    })
}
