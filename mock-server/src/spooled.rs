//! Files that were sent, on disk but without a name: nothing is left of them when the process is
//! gone, however it ended.

use std::fs::File;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{Stream, try_unfold};

/// How much is read at a time.
const CHUNK: u64 = 64 * 1024;

/// So many bytes of the file from there on; it may be read in several places at once.
pub(crate) fn stream(
    file: Arc<File>,
    start: u64,
    length: u64,
) -> impl Stream<Item = io::Result<Bytes>> {
    let end = start.saturating_add(length);
    try_unfold((file, start), move |(file, at)| async move {
        if at >= end {
            return Ok(None);
        }
        let size = usize::try_from(CHUNK.min(end - at)).unwrap_or(usize::MAX);
        let reader = Arc::clone(&file);
        let read = tokio::task::spawn_blocking(move || {
            let mut chunk = vec![0; size];
            let read = read_at(&reader, &mut chunk, at)?;
            chunk.truncate(read);
            io::Result::Ok(chunk)
        });
        let chunk = Bytes::from(read.await.map_err(io::Error::other)??);
        if chunk.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let next = at + chunk.len() as u64;
        Ok(Some((chunk, (file, next))))
    })
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
    use std::io::Write as _;

    use futures_util::TryStreamExt as _;

    use super::*;

    #[tokio::test]
    async fn parts_are_read_side_by_side() {
        let bytes: Vec<u8> = (0..200_000_u32).map(|number| (number % 251) as u8).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        let file = Arc::new(file);
        let part = |start: usize, end: usize| {
            let stream = stream(Arc::clone(&file), start as u64, (end - start) as u64);
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
