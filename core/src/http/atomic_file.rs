//! A file under a temporary name, which becomes the real one when it is whole.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};
use tokio::fs::File;
use tokio::io::AsyncSeekExt as _;

use crate::error::{Error, ErrorKind, Result};

/// Removed when dropped before it is finished.
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

    /// The error for a failed write.
    pub(super) fn error(&self, error: &io::Error) -> Error {
        cannot_save(&self.folder, error)
    }

    /// Drops what was written.
    pub(super) async fn restart(&mut self) -> io::Result<()> {
        self.file.set_len(0).await?;
        self.file.rewind().await.map(drop)
    }

    /// Renames it; a file of that name is replaced.
    pub(super) async fn finish_as(self, path: &Path) -> Result<PathBuf> {
        self.file.sync_all().await.map_err(|error| cannot_save(path, &error))?;
        let (from, to) = (self.path, path.to_owned());
        blocking(move || from.persist(&to).map(|()| to).map_err(|error| error.error))
            .await
            .map_err(|error| cannot_save(path, &error))
    }

    /// Renames it to the name, or to the first free one of `name-1.ext`, `name-2.ext`, …
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

fn new_file(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".viseme-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // As any new file: less the umask. The default of temporary files, 0600, would stay.
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
