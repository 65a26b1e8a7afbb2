//! Writes files atomically: under a temporary name, renamed once they are complete.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};
use tokio::fs::File;
use tokio::io::{AsyncSeekExt as _, AsyncWriteExt as _};

use crate::error::{Error, ErrorKind, Result};

/// A file that was downloaded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DownloadedFile {
    /// The path of the file.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
}

/// A file under a temporary name, which is removed if it is dropped before it is finished.
pub(super) struct AtomicFile {
    file: File,
    path: TempPath,
    folder: PathBuf,
}

impl AtomicFile {
    pub(super) async fn create(folder: &Path) -> Result<Self> {
        let owned = folder.to_owned();
        let created = blocking(move || new_file(&owned)).await;
        let (file, path) = created.map_err(|error| cannot_save(folder, &error))?.into_parts();
        Ok(Self { file: File::from_std(file), path, folder: folder.to_owned() })
    }

    pub(super) fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Returns the error for a failed write.
    pub(super) fn error(&self, error: &io::Error) -> Error {
        cannot_save(&self.folder, error)
    }

    /// Discards the content written so far.
    pub(super) async fn restart(&mut self) -> io::Result<()> {
        self.file.set_len(0).await?;
        self.file.rewind().await.map(drop)
    }

    /// Renames the file to `path` and replaces an existing file.
    pub(super) async fn finish_as(self, path: &Path) -> Result<PathBuf> {
        self.file.sync_all().await.map_err(|error| cannot_save(path, &error))?;
        let (from, to) = (self.path, path.to_owned());
        blocking(move || from.persist(&to).map(|()| to).map_err(|error| error.error))
            .await
            .map_err(|error| cannot_save(path, &error))
    }

    /// Renames the file to `name` in `folder`, or to the first free name of `name-1.ext`, `name-2.ext`, …
    pub(super) async fn finish_in(self, folder: &Path, name: &str) -> Result<PathBuf> {
        self.file.sync_all().await.map_err(|error| cannot_save(folder, &error))?;
        let (mut from, to, name) = (self.path, folder.to_owned(), name.to_owned());
        let renamed = blocking(move || {
            for number in 0..1000 {
                let target = to.join(numbered(&name, number));
                match from.persist_noclobber(&target) {
                    Ok(()) => return Ok(target),
                    Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                        from = error.path;
                    }
                    Err(error) => return Err(error.error),
                }
            }
            Err(io::Error::from(io::ErrorKind::AlreadyExists))
        });
        renamed.await.map_err(|error| cannot_save(folder, &error))
    }
}

/// Returns the folder of the target path `to`, and whether `to` itself is that folder.
///
/// # Errors
/// [`ErrorKind::Download`] if the target is a device or similar: renaming would replace it with a file.
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

/// Saves bytes to a file, which is replaced, or to an existing folder under `name` or the first
/// free variation of it.
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

fn new_file(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".viseme-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // The mode of any new file, less the umask. Temporary files default to 0600.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

fn numbered(name: &str, number: u32) -> String {
    match (number, name.rsplit_once('.')) {
        (0, _) => name.to_owned(),
        (n, Some((stem, extension))) if !stem.is_empty() => format!("{stem}-{n}.{extension}"),
        (n, _) => format!("{name}-{n}"),
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

fn cannot_save(path: &Path, error: &io::Error) -> Error {
    Error::new(
        ErrorKind::Download,
        format!("The output cannot be saved to {}: {error}.", path.display()),
    )
}
