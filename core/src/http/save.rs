//! Saving bytes that are at hand.

use std::path::{Path, PathBuf};

use tokio::io::AsyncWriteExt as _;

use super::atomic_file::AtomicFile;
use super::download::DownloadedFile;
use crate::error::{Error, ErrorKind, Result};

/// Where a file goes that is to be saved `to` a path: the folder, and whether the path is it.
///
/// # Errors
/// [`ErrorKind::Download`] for a device and the like: renaming would put a file in its place.
pub(super) async fn folder_of(to: &Path) -> Result<(PathBuf, bool)> {
    let there = tokio::fs::metadata(to).await.ok();
    let is_folder = there.as_ref().is_some_and(std::fs::Metadata::is_dir);
    if !is_folder && there.is_some_and(|meta| !meta.is_file()) {
        let message = format!(
            "The output cannot be saved to {}: it is neither a file nor a folder.",
            to.display()
        );
        return Err(Error::new(ErrorKind::Download, message));
    }
    Ok(match to.parent() {
        _ if is_folder => (to.to_owned(), true),
        Some(parent) if !parent.as_os_str().is_empty() => (parent.to_owned(), false),
        _ => (PathBuf::from("."), false),
    })
}

/// Saves to a file, which is replaced, or into an existing folder under that name or a free one
/// like it.
pub(crate) async fn save(content: &[u8], to: &Path, name: &str) -> Result<DownloadedFile> {
    let (folder, is_folder) = folder_of(to).await?;
    let mut part = AtomicFile::create(&folder).await?;
    let file = part.file();
    let written = match file.write_all(content).await {
        Ok(()) => file.flush().await,
        Err(error) => Err(error),
    };
    written.map_err(|error| part.error(&error))?;
    let path =
        if is_folder { part.finish_in(&folder, name).await? } else { part.finish_as(to).await? };
    Ok(DownloadedFile { path, bytes: content.len() as u64 })
}
