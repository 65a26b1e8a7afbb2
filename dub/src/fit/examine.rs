//! Reads the facts of a file: those that the core reads, and the streams that ffmpeg lists.

use std::io;
use std::path::{Path, PathBuf};

use tokio::io::{AsyncBufReadExt as _, BufReader};
use viseme::Media;
use viseme::media::probe::{BytesSource, FileSource, ReadAt, ReadError, probe};
use viseme::media::{Container, MediaInfo};

use super::streams::{Streams, StreamsReader, demuxer};
use crate::ffmpeg::{Ffmpeg, FfmpegError, Limits};

/// Reads the facts of a file on disk.
pub(super) async fn probe_file(path: &Path) -> io::Result<MediaInfo> {
    let path = path.to_owned();
    blocking(move || {
        if path.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
        }
        facts(&FileSource::open(&path)?)
    })
    .await
}

/// Reads the facts of a file or of bytes; `None` for a URL.
pub(super) async fn probe_media(media: &Media) -> io::Result<Option<MediaInfo>> {
    match media {
        Media::Path(path) => probe_file(path).await.map(Some),
        Media::Bytes { content, .. } => {
            let source = BytesSource::new(content.clone());
            blocking(move || facts(&source)).await.map(Some)
        }
        _ => Ok(None),
    }
}

fn facts(source: &dyn ReadAt) -> io::Result<MediaInfo> {
    probe(source).map_err(|error| match error {
        ReadError::Io(error) => error,
        _ => io::Error::from(io::ErrorKind::UnexpectedEof),
    })
}

/// Runs work that waits for the disk.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

/// Lists the streams of a file without decoding it. `is_whole` reads all of it, which is needed for the
/// duration of files that do not state it where the core reads it.
pub(super) async fn list_streams(
    ffmpeg: &Ffmpeg,
    path: PathBuf,
    container: Container,
    is_whole: bool,
    limits: Limits,
) -> Result<Streams, FfmpegError> {
    let Some(demuxer) = demuxer(container) else { return Ok(Streams::default()) };
    let mut options = vec!["-map", "0:V:0?", "-map", "0:a:0?", "-c", "copy"];
    if !is_whole {
        options.extend(["-t", "0.01"]);
    }
    options.extend(["-f", "framecrc"]);
    let command = ffmpeg.command().limits(limits).input(&path, &["-f", demuxer])?;
    let mut running = command.output_to_stdout(&options).start()?;
    let mut reader = StreamsReader::default();
    let deadline = running.deadline();
    if let Some(stdout) = running.stdout.take() {
        let mut lines = BufReader::new(stdout).lines();
        let read = async {
            while let Ok(Some(line)) = lines.next_line().await {
                reader.line(&line);
            }
        };
        if tokio::time::timeout_at(deadline, read).await.is_err() {
            return Err(FfmpegError::TimedOut(limits.time));
        }
    }
    running.finish().await?;
    Ok(reader.finish(is_whole))
}
